"""Appends to and loads from one shard of a ledger, many commands in one transaction (group commit).

Why it is fast is measured in docs/adr/0002-group-commit-behind-one-function.md.
"""

import asyncio
import itertools
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple
from uuid import UUID

import psycopg
import structlog
from psycopg import sql

from contracts.coalesce import Coalescer
from contracts.consistency import shard_label
from contracts.errors import Problem, StoreUnavailable, Unexpected
from contracts.eventlog import names
from contracts.eventlog.connection import connect
from contracts.eventlog.schema import channel_name, schema_name
from contracts.message import Event

MOST_COMMANDS_A_BATCH = 512
MOST_LOADS_A_BATCH = 512
_RECONNECTS = 6
_FIRST_PAUSE_SECONDS = 0.05

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Attempt:
    """The outcome of one decision on its way into the ledger."""

    command_id: UUID
    request_hash: bytes
    stream_id: UUID
    expected_version: int
    events: Sequence[tuple[str, bytes]]
    """(stored type name, JSON bytes) in order; empty when the decision changes nothing."""
    meta: bytes


class Outcome(NamedTuple):
    """What became of an attempt."""

    kind: Literal["accepted", "repeated", "key_reused", "conflict"]
    version: int
    position: int


class Want(NamedTuple):
    """A stream to be loaded: its snapshot of the given shape, if there is one, and the events after it."""

    stream_id: UUID
    after_version: int
    shape: str


@dataclass(slots=True)
class Loaded:
    """A stream as found."""

    snapshot: bytes | None
    snapshot_version: int
    events: list[Event]


class LedgerShard:
    """One shard of one context's ledger, for writing."""

    def __init__(self, context: str, shard: int, dsn: str) -> None:
        self.context = context
        self.label = shard_label(context, shard)
        self._dsn = dsn
        self._connections: dict[str, psycopg.AsyncConnection[Any]] = {}
        self._one_at_a_time: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._wake: asyncio.Task[None] | None = None
        self._grown_to = 0
        schema = sql.Identifier(schema_name(context))
        self._append_sql = sql.SQL(
            "SELECT outcome, stream_version, at_position FROM {}.append("
            "%b::uuid[], %b::bytea[], %b::uuid[], %b::bigint[], %b::integer[],"
            "%b::integer[], %b::integer[], %b::text[], %b::text[], %b::text[]) ORDER BY command"
        ).format(schema)
        self._load_sql = sql.SQL(_LOAD).format(schema=schema)
        self._recall_sql = sql.SQL(
            "SELECT command_id, request_hash, version, position FROM {}.commands WHERE command_id = ANY(%b)"
        ).format(schema)
        self._snapshot_sql = sql.SQL(
            "INSERT INTO {}.snapshots (stream_id, version, shape, state) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING"
        ).format(schema)
        self._appends: Coalescer[Attempt, Outcome] = Coalescer(
            self._append_all,
            most=MOST_COMMANDS_A_BATCH,
            collide=lambda attempt: (attempt.stream_id, attempt.command_id),
        )
        self._loads: Coalescer[Want, Loaded] = Coalescer(self._load_all, most=MOST_LOADS_A_BATCH)
        self._recalls: Coalescer[UUID, tuple[bytes, Outcome] | None] = Coalescer(
            self._recall_all, most=MOST_LOADS_A_BATCH
        )

    async def append(self, attempt: Attempt) -> Outcome:
        """Write one command's events durably, or say why not. Concurrent callers share a transaction.

        Raises:
            StoreUnavailable: the server stayed away; whether the events were written is unknown, and the
                same command id will tell.
        """
        return await self._appends.ask(attempt)

    async def load(self, want: Want) -> Loaded:
        """One stream, from its latest snapshot on. Concurrent callers share a query."""
        return await self._loads.ask(want)

    async def recall(self, command_id: UUID) -> tuple[bytes, Outcome] | None:
        """The request hash and first answer of a command that was accepted before, if it was."""
        return await self._recalls.ask(command_id)

    async def remember_snapshot(self, stream_id: UUID, version: int, shape: str, state: bytes) -> None:
        """Keep a state, so that the next load starts from it."""
        await self._run(
            "snapshots", self._snapshot_sql, (stream_id, version, shape, state.decode()), fetch=False
        )

    async def ping(self) -> None:
        """Raise `StoreUnavailable` when the server cannot be reached."""
        await self._run("loads", sql.SQL("SELECT 1"), ())

    async def close(self) -> None:
        """Finish what is on its way and let go of the connections."""
        await self._appends.drained()
        if self._wake is not None:
            await self._wake
        for connection in self._connections.values():
            await connection.close()
        self._connections.clear()

    async def _append_all(self, attempts: Sequence[Attempt]) -> Sequence[Outcome]:
        try:
            outcomes = await self._append_surely(attempts)
        except psycopg.DatabaseError as error:
            if len(attempts) == 1:
                log.exception(
                    "ledger.append_refused", ledger=self.label, command_id=str(attempts[0].command_id)
                )
                raise Unexpected from error
            return await self._append_one_by_one(attempts)
        last = max(outcome.position for outcome in outcomes)
        if last > self._grown_to:
            self._grown_to = last
            if self._wake is None:
                self._wake = asyncio.create_task(self._wake_readers())
        return outcomes

    async def _append_one_by_one(self, attempts: Sequence[Attempt]) -> Sequence[Outcome]:
        """The server refused a batch: only the command that it refuses alone is to blame."""
        outcomes: list[Any] = []
        for attempt in attempts:
            try:
                outcomes.extend(await self._append_all([attempt]))
            except Problem as problem:
                outcomes.append(problem)
        return outcomes

    async def _append_surely(self, attempts: Sequence[Attempt]) -> Sequence[Outcome]:
        """Send a batch again after a lost connection: what was committed answers as repeated, not twice."""
        parameters = _as_arrays(attempts)
        pause = _FIRST_PAUSE_SECONDS
        for again in range(_RECONNECTS):
            try:
                rows = await self._run("appends", self._append_sql, parameters)
            except StoreUnavailable:
                if again == _RECONNECTS - 1:
                    raise
                await asyncio.sleep(pause)
                pause *= 2
            else:
                return [Outcome(*row) for row in rows]
        raise AssertionError

    async def _load_all(self, wants: Sequence[Want]) -> Sequence[Loaded]:
        distinct = list(dict.fromkeys(wants))
        arrays = [list(column) for column in zip(*distinct, strict=True)]
        rows = await self._run("loads", self._load_sql, arrays)
        found = [Loaded(None, 0, []) for _ in distinct]
        for ordinal, version, type_name, data in rows:
            loaded = found[ordinal - 1]
            if type_name is None:
                loaded.snapshot, loaded.snapshot_version = data, version
            else:
                loaded.events.append(names.decode(type_name, data))
        by_want = dict(zip(distinct, found, strict=True))
        return [by_want[want] for want in wants]

    async def _recall_all(self, ids: Sequence[UUID]) -> Sequence[tuple[bytes, Outcome] | None]:
        rows = await self._run("loads", self._recall_sql, (list(ids),))
        known = {row[0]: (row[1], Outcome("repeated", row[2], row[3])) for row in rows}
        return [known.get(command_id) for command_id in ids]

    async def _wake_readers(self) -> None:
        """Tell tails that there is more: off the hot path, and one word for all that came meanwhile."""
        told = 0
        try:
            while told < self._grown_to:
                told = self._grown_to
                word = (channel_name(self.context), str(told))
                await self._run("wake", sql.SQL("SELECT pg_notify(%s, %s)"), word)
        except StoreUnavailable:
            log.warning("ledger.wake_lost", ledger=self.label)  # tails look by themselves once a second
        finally:
            self._wake = None

    async def _run(
        self, purpose: str, query: sql.SQL | sql.Composed, parameters: Sequence[object], *, fetch: bool = True
    ) -> list[Any]:
        async with self._one_at_a_time[purpose]:
            try:
                connection = self._connections.get(purpose)
                if connection is None or connection.closed:
                    connection = self._connections[purpose] = await connect(self._dsn)
                cursor = await connection.execute(query, parameters, prepare=True, binary=True)
                return await cursor.fetchall() if fetch else []
            except (psycopg.OperationalError, psycopg.InterfaceError) as error:
                broken = self._connections.pop(purpose, None)
                if broken is not None:
                    await broken.close()
                raise StoreUnavailable(store="ledger", retry_after=1) from error


_LOAD = """
    WITH wanted AS MATERIALIZED (
        SELECT w.n, w.stream_id, w.after_version, s.version, s.state
        FROM unnest(%b::uuid[], %b::bigint[], %b::text[]) WITH ORDINALITY AS w (stream_id, after_version, shape, n)
        LEFT JOIN LATERAL (
            SELECT s.version, s.state FROM {schema}.snapshots s
            WHERE s.stream_id = w.stream_id AND s.shape = w.shape AND s.version > w.after_version
            ORDER BY s.version DESC LIMIT 1
        ) s ON true
    )
    SELECT n, version, NULL AS type, state AS data FROM wanted WHERE version IS NOT NULL
    UNION ALL
    SELECT w.n, e.version, e.type, e.data
    FROM wanted w
    JOIN LATERAL (
        SELECT e.version, e.type, e.data FROM {schema}.events e
        WHERE e.stream_id = w.stream_id AND e.version > greatest(w.after_version, coalesce(w.version, 0))
        ORDER BY e.version OFFSET 0
    ) e ON true
    ORDER BY 1, 2
"""


def _as_arrays(attempts: Sequence[Attempt]) -> list[list[Any]]:
    """The parameters of `append`: five arrays a command, five arrays an event."""
    of_events = [
        (number, ordinal, type_name, data.decode(), attempt.meta.decode())
        for number, attempt in enumerate(attempts, start=1)
        for ordinal, (type_name, data) in enumerate(attempt.events, start=1)
    ]
    of_commands = [
        (a.command_id, a.request_hash, a.stream_id, a.expected_version, len(a.events)) for a in attempts
    ]
    columns = itertools.chain(
        zip(*of_commands, strict=True), zip(*of_events, strict=True) if of_events else [()] * 5
    )
    return [list(column) for column in columns]
