"""What crosses a gRPC channel arrives as it was sent."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import FieldError, ProblemData
from contracts.rpc import wire
from contracts.rpc.channel import CommandReply, CommandRequest, QueryReply, QueryRequest

WORD = st.text(max_size=30)
UNSIGNED = st.integers(0, 2**63)
POSITIONS = st.dictionaries(WORD, UNSIGNED, max_size=4)
UUIDS = st.uuids()
PROBLEM = st.builds(
    ProblemData,
    code=WORD,
    params=st.dictionaries(WORD, WORD | st.integers(-(2**40), 2**40) | st.booleans(), max_size=3),
    errors=st.lists(st.builds(FieldError, field=WORD, rule=WORD, message=WORD), max_size=3).map(tuple),
    retry_after=st.none() | st.integers(0, 2**31),
)
COMMAND = st.builds(
    CommandRequest,
    name=WORD,
    body=st.binary(max_size=60),
    command_id=UUIDS,
    actor=WORD,
    role=WORD,
    correlation_id=UUIDS,
    trace_id=st.none() | WORD,
    purpose=st.none() | WORD,
)
OUTCOME = st.builds(
    CommandReply,
    id=st.none() | UUIDS,
    version=UNSIGNED,
    position=UNSIGNED,
    ledger=WORD,
    repeated=st.booleans(),
    problem=st.none() | PROBLEM,
)
QUESTION = st.builds(
    QueryRequest,
    name=WORD,
    parameters=st.dictionaries(WORD, WORD | st.lists(WORD, max_size=3), max_size=4),
    token=POSITIONS,
    deadline_seconds=st.floats(0, 100),
    locale=st.sampled_from(["en", "sw"]),
)
ANSWER = st.builds(
    QueryReply,
    body=st.binary(max_size=60),
    etag=WORD,
    positions=POSITIONS,
    generation=st.integers(0, 2**31),
    keys=st.none() | st.lists(WORD, max_size=3).map(tuple),
    problem=st.none() | PROBLEM,
)


@given(COMMAND)
def test_a_command(request: CommandRequest) -> None:
    assert wire.command_in(wire.command_out(request)) == request


@given(OUTCOME)
def test_what_became_of_it(reply: CommandReply) -> None:
    assert wire.outcome_in(wire.outcome_out(reply)) == reply


@given(QUESTION)
def test_a_question(request: QueryRequest) -> None:
    assert wire.question_in(wire.question_out(request)) == request


@given(ANSWER)
def test_its_answer(reply: QueryReply) -> None:
    assert wire.answer_in(wire.answer_out(reply)) == reply


def test_an_id_of_zeros_is_an_id() -> None:
    reply = CommandReply(id=UUID(int=0), version=1)
    assert wire.outcome_in(wire.outcome_out(reply)).id == UUID(int=0)
