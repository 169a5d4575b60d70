"""Translates what crosses a channel to and from its gRPC messages; bodies pass untouched."""

from uuid import UUID

import orjson

from contracts.errors import FieldError, Locale, ProblemData
from contracts.rpc import sides_pb2
from contracts.rpc.channel import CommandReply, CommandRequest, QueryReply, QueryRequest


def command_out(request: CommandRequest) -> sides_pb2.Command:
    """A command as its message."""
    return sides_pb2.Command(
        name=request.name,
        body=request.body,
        command_id=request.command_id.bytes,
        actor=request.actor,
        role=request.role,
        correlation_id=request.correlation_id.bytes,
        trace_id=request.trace_id,
        purpose=request.purpose,
    )


def command_in(message: sides_pb2.Command) -> CommandRequest:
    """A command from its message; `ValueError` when an id is not 16 bytes."""
    return CommandRequest(
        name=message.name,
        body=message.body,
        command_id=UUID(bytes=message.command_id),
        actor=message.actor,
        role=message.role,
        correlation_id=UUID(bytes=message.correlation_id),
        trace_id=message.trace_id if message.HasField("trace_id") else None,
        purpose=message.purpose if message.HasField("purpose") else None,
    )


def outcome_out(reply: CommandReply) -> sides_pb2.CommandOutcome:
    """A command's reply as its message."""
    return sides_pb2.CommandOutcome(
        id=reply.id.bytes if reply.id else b"",
        version=reply.version,
        position=reply.position,
        ledger=reply.ledger,
        repeated_before=reply.repeated,
        refusal=_refusal_out(reply.problem),
    )


def outcome_in(message: sides_pb2.CommandOutcome) -> CommandReply:
    """A command's reply from its message."""
    return CommandReply(
        id=UUID(bytes=message.id) if message.id else None,
        version=message.version,
        position=message.position,
        ledger=message.ledger,
        repeated=message.repeated_before,
        problem=_refusal_in(message.refusal) if message.HasField("refusal") else None,
    )


def question_out(request: QueryRequest) -> sides_pb2.Question:
    """A question as its message."""
    return sides_pb2.Question(
        name=request.name,
        parameters_json=orjson.dumps(dict(request.parameters)),
        token=dict(request.token),
        deadline_seconds=request.deadline_seconds,
        locale=request.locale,
    )


def question_in(message: sides_pb2.Question) -> QueryRequest:
    """A question from its message."""
    locale: Locale = "sw" if message.locale == "sw" else "en"
    return QueryRequest(
        name=message.name,
        parameters=orjson.loads(message.parameters_json),
        token=dict(message.token),
        deadline_seconds=message.deadline_seconds,
        locale=locale,
    )


def answer_out(reply: QueryReply) -> sides_pb2.Answer:
    """A question's reply as its message."""
    return sides_pb2.Answer(
        body=reply.body,
        etag=reply.etag,
        positions=dict(reply.positions),
        generation=reply.generation,
        whole_view=reply.keys is None,
        keys=reply.keys or (),
        refusal=_refusal_out(reply.problem),
    )


def answer_in(message: sides_pb2.Answer) -> QueryReply:
    """A question's reply from its message."""
    return QueryReply(
        body=message.body,
        etag=message.etag,
        positions=dict(message.positions),
        generation=message.generation,
        keys=None if message.whole_view else tuple(message.keys),
        problem=_refusal_in(message.refusal) if message.HasField("refusal") else None,
    )


def _refusal_out(problem: ProblemData | None) -> sides_pb2.Refusal | None:
    if problem is None:
        return None
    return sides_pb2.Refusal(
        code=problem.code,
        params_json=orjson.dumps(problem.params),
        errors=[
            sides_pb2.BrokenField(field=error.field, rule=error.rule, message=error.message)
            for error in problem.errors
        ],
        retry_after=problem.retry_after,
    )


def _refusal_in(message: sides_pb2.Refusal) -> ProblemData:
    return ProblemData(
        code=message.code,
        params=orjson.loads(message.params_json),
        errors=tuple(
            FieldError(field=error.field, rule=error.rule, message=error.message) for error in message.errors
        ),
        retry_after=message.retry_after if message.HasField("retry_after") else None,
    )
