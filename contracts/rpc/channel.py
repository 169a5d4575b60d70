"""The two ports between the edge and the sides, and what crosses them.

A side implements its port itself (`command_side.app.CommandSide`, `query_side.app.QuerySide`): in the same process
it is the channel, and a call costs nothing. `contracts.rpc.client` implements the same ports over gRPC against a
side that `contracts.rpc.server` serves. The gateway knows the ports only; which of the two stands behind them is
configuration.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, Self
from uuid import UUID

from contracts.errors import Locale, Problem, ProblemData


class SideUnavailable(Problem):
    """The process that should answer cannot be reached: what it had begun may or may not have happened."""

    code, status = "side.unavailable", 503
    en = "The {side} side cannot be reached; try again shortly with the same idempotency key."
    sw = "Upande wa {side} haupatikani; jaribu tena baadaye kidogo kwa ufunguo ule ule."


class ViewNotBuilt(Problem):
    """Its projector has not brought a first generation of the view to life yet."""

    code, status = "view.not_built", 503
    en = "The view {view} is being built for the first time; try again shortly."
    sw = "Mwonekano {view} unajengwa kwa mara ya kwanza; jaribu tena baadaye kidogo."


@dataclass(frozen=True, slots=True)
class CommandRequest:
    """One command on its way to be decided, with everything its events will be stamped with."""

    name: str
    """`catalog.list-product`."""
    body: bytes
    """The command as JSON, as the client sent it: the side that decides it also checks its fields."""
    command_id: UUID
    actor: str
    role: str
    correlation_id: UUID
    trace_id: str | None = None
    purpose: str | None = None


@dataclass(frozen=True, slots=True)
class CommandReply:
    """What became of one command: where it stands in the ledger, or the problem that refused it."""

    id: UUID | None = None
    """The stream it was decided on; set when accepted."""
    version: int = 0
    """The stream's version afterwards."""
    position: int = 0
    """The position, in its ledger shard, that a view must have seen to show the effect."""
    ledger: str = ""
    """The label of that shard, as in a consistency token: `catalog`, `catalog.1`."""
    repeated: bool = False
    """The same command id was accepted before; this is that first answer again."""
    problem: ProblemData | None = None

    @property
    def ok(self) -> bool:
        """Whether it was accepted."""
        return self.problem is None

    @classmethod
    def refused(cls, problem: Problem | ProblemData) -> Self:
        """The reply that says why not."""
        return cls(problem=problem if isinstance(problem, ProblemData) else problem.data())


@dataclass(frozen=True, slots=True)
class QueryRequest:
    """One question on its way to the side that serves it."""

    name: str
    """`catalog.product_page`."""
    parameters: Mapping[str, Any]
    """Field → value as found in the address: text, or a list of text where the field takes several."""
    token: Mapping[str, int] = field(default_factory=dict)
    """Ledger shard label → the position that the answer must have seen; empty where any will do."""
    deadline_seconds: float = 2.0
    """How long to wait for the view to reach the token."""
    locale: Locale = "en"


@dataclass(frozen=True, slots=True)
class QueryReply:
    """The answer as the bytes to be served, or the problem that stands in its way."""

    body: bytes = b""
    etag: str = ""
    """A strong entity tag without its quotes: equal tags mean equal bytes."""
    positions: Mapping[str, int] = field(default_factory=dict)
    """Ledger shard label → the position up to which the view had been folded when the answer was read."""
    generation: int = 0
    """The generation of the view that was read."""
    keys: tuple[str, ...] | None = None
    """The documents of the view that the answer was made of; None where any change may change the answer."""
    problem: ProblemData | None = None

    @property
    def ok(self) -> bool:
        """Whether there is an answer."""
        return self.problem is None

    @classmethod
    def refused(cls, problem: Problem | ProblemData) -> Self:
        """The reply that says why not."""
        return cls(problem=problem if isinstance(problem, ProblemData) else problem.data())


class CommandChannel(Protocol):
    """The way to the side that decides. Refusals come back as replies, never as exceptions."""

    async def execute(self, request: CommandRequest) -> CommandReply:
        """Decide one command and answer once its events are durable."""

    async def execute_many(self, requests: Sequence[CommandRequest]) -> list[CommandReply]:
        """Decide many commands of the same name, each accepted or refused on its own; replies in their order."""


class QueryChannel(Protocol):
    """The way to the side that serves. Refusals come back as replies, never as exceptions."""

    async def ask(self, request: QueryRequest) -> QueryReply:
        """Answer one question, at least as fresh as its token."""
