"""Tells the history of one stream for an auditor: who did what, when, in which role and why, and what it made of it."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import TypeAdapter, ValidationError

from command_side.kernel.decider import Aggregate, State
from contracts.message import Command, Envelope, Event, Meta
from ops.errors import PlainError
from ops.settings import Settings


class NoHistory(PlainError):
    """There is no such stream, or no such version of it."""


@dataclass(frozen=True, slots=True)
class Happening:
    """One event of the stream, with what it changed."""

    version: int
    position: int
    ledger: str
    recorded_at: datetime
    """UTC, by the database's clock."""
    type: str
    data: dict[str, Any]
    meta: Meta
    changes: dict[str, tuple[Any, Any]]
    """Field of the state → its value before (None where there was no state yet) and after, where they differ."""


@dataclass(frozen=True, slots=True)
class History:
    """A stream from its first event on, and its state at one version."""

    aggregate: str
    key: str
    stream_id: UUID
    happenings: tuple[Happening, ...]
    at_version: int
    state: dict[str, Any]


async def history_of(settings: Settings, aggregate: str, key: str, at: int | None = None) -> History:
    """The whole history of one stream, and its state now or at a version.

    Raises:
        NoHistory: the kind of thing is unknown, its key cannot be one, or there is no such stream or version.
    """
    from command_side.kernel.decider import aggregate_of

    command = _a_command_on(aggregate)
    context, name = command.context(), command.aggregate
    key = _spelt(command, key)
    kind = aggregate_of(context, name)
    stream_id = kind.stream_id(key)
    dsn, envelopes = await _find(settings, context, stream_id)
    if not envelopes:
        message = f"there is no {name} {key} in the {context} ledger"
        raise NoHistory(message)
    if at is not None and not 1 <= at <= len(envelopes):
        message = f"{name} {key} has the versions 1 to {len(envelopes)}, not {at}"
        raise NoHistory(message)
    at_version, state = _replayed(context, name, dsn, stream_id, at)
    return History(name, key, stream_id, tuple(_happenings(kind, envelopes)), at_version, state)


def _a_command_on(aggregate: str) -> type[Command]:
    """Any command on that kind of aggregate: it knows the key's form and the stream's name."""
    from contracts import registry

    known: dict[str, type[Command]] = {}
    for command in registry.commands().values():
        known.setdefault(command.aggregate, command)
    if aggregate not in known:
        message = f"there are no streams of {aggregate!r}; there are: {', '.join(sorted(known))}"
        raise NoHistory(message)
    return known[aggregate]


def _spelt(command: type[Command], key: str) -> str:
    """The key as the ledger spells it: `0002-0800 ` and lower case find the same SKU as a command would."""
    field = command.model_fields[command.key]
    form: Any = Annotated[field.annotation, field]
    try:
        return str(TypeAdapter(form).validate_python(key.strip()))
    except ValidationError as error:
        said = re.sub(r"\s+", " ", error.errors(include_url=False)[0]["msg"])
        message = f"{key!r} cannot be the {command.key} of a {command.aggregate}: {said}"
        raise NoHistory(message) from None


async def _find(settings: Settings, context: str, stream_id: UUID) -> tuple[str, list[Envelope[Event]]]:
    """The shard that holds the stream, and its events."""
    from contracts.eventlog.reader import LedgerReader

    dsns = settings.ledger(context)
    for shard, dsn in enumerate(dsns):
        reader = LedgerReader(context, shard, dsn)
        try:
            if found := await reader.stream(stream_id):
                return dsn, found
        finally:
            await reader.close()
    return dsns[0], []


def _replayed(
    context: str, name: str, dsn: str, stream_id: UUID, at: int | None
) -> tuple[int, dict[str, Any]]:
    """The state as the command side replays it."""
    from command_side.kernel.replay import LedgerApplication

    with LedgerApplication(context, name, dsn) as application:
        replayed = application.replay(stream_id, at)
    if replayed is None:
        message = f"the stream {stream_id} does not replay"
        raise NoHistory(message)
    state: dict[str, Any] = replayed.state.model_dump(mode="json")
    return replayed.version, state


def _happenings(kind: Aggregate, envelopes: list[Envelope[Event]]) -> list[Happening]:
    state: State | None = None
    before: dict[str, Any] = {}
    told = []
    for envelope in envelopes:
        state = kind.evolve(state, envelope.event)
        after: dict[str, Any] = state.model_dump(mode="json")
        told.append(
            Happening(
                version=envelope.version,
                position=envelope.position,
                ledger=envelope.ledger,
                recorded_at=envelope.recorded_at,
                type=envelope.event.type,
                data=envelope.event.model_dump(mode="json"),
                meta=envelope.meta,
                changes={
                    field: (before.get(field), value)
                    for field, value in after.items()
                    if before.get(field) != value and (before or value not in _NOTHING)
                },
            )
        )
        before = after
    return told


_NOTHING: tuple[Any, ...] = (None, "", [], {})
