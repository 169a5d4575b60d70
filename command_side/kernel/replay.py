"""One context's ledger as an application of the `eventsourcing` library: replays an aggregate to any version."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self
from uuid import UUID

from eventsourcing.application import AggregateNotFoundError, Application, ProjectorFunction

from command_side.kernel.decider import Aggregate, State, aggregate_of
from contracts.eventlog.library import LedgerFactory, Recorded, StateSnapshot


@dataclass(frozen=True)
class Replayed:
    """An aggregate's state at a version."""

    id: UUID
    version: int
    aggregate: Aggregate
    state: State

    class Snapshot(StateSnapshot):
        """How the library keeps it."""

        @classmethod
        def take(cls, replayed: "Replayed") -> Self:
            """The state as JSON, under the digest of its shape."""
            state = replayed.state.model_dump_json().encode()
            return cls(replayed.id, replayed.version, replayed.aggregate.shape, state)


class LedgerApplication(Application[UUID]):
    """The library's application for one kind of aggregate on one ledger shard."""

    def __init__(self, context: str, aggregate: str, dsn: str) -> None:
        self.aggregate = aggregate_of(context, aggregate)
        self._project = _projector(self.aggregate)
        factory = f"{LedgerFactory.__module__}:{LedgerFactory.__qualname__}"
        super().__init__(
            {
                "PERSISTENCE_MODULE": factory,
                "LEDGER_DSN": dsn,
                "LEDGER_CONTEXT": context,
                "LEDGER_SHAPE": self.aggregate.shape,
            }
        )

    def replay(self, stream_id: UUID, version: int | None = None) -> Replayed | None:
        """The aggregate as it is, or as it was at a version; None where the stream is empty."""
        try:
            replayed: Replayed = self.repository.get(stream_id, version=version, projector_func=self._project)
        except AggregateNotFoundError:
            return None
        return replayed

    def snapshot(self, stream_id: UUID, version: int | None = None) -> None:
        """Keep the state at a version, so that the next load starts there."""
        self.take_snapshot(stream_id, version, self._project)


def _projector(aggregate: Aggregate) -> ProjectorFunction[Any, Any]:
    def project(before: Replayed | None, events: Iterable[Recorded | StateSnapshot]) -> Replayed | None:
        replayed = before
        for recorded in events:
            if isinstance(recorded, Recorded):
                state = aggregate.evolve(replayed.state if replayed else None, recorded.event)
            else:
                state = aggregate.state.model_validate_json(recorded.state)
            replayed = Replayed(recorded.originator_id, recorded.originator_version, aggregate, state)
        return replayed

    return project
