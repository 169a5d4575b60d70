"""Reads one shard of a ledger: pages of it by position, one stream of it by version, and waits for more."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any, LiteralString, NamedTuple
from uuid import UUID

import psycopg
from psycopg import sql

from contracts.consistency import shard_label
from contracts.errors import StoreUnavailable
from contracts.eventlog import names
from contracts.eventlog.connection import connect
from contracts.eventlog.schema import channel_name, schema_name
from contracts.message import Envelope, Event

Row = tuple[int, UUID, int, str, bytes, bytes, datetime]
_SELECT = sql.SQL("SELECT position, stream_id, version, type, data, meta, recorded_at FROM {}")


class StoredRow(NamedTuple):
    """One event as it stands in the ledger, not yet decoded: what remains readable of a damaged one."""

    context: str
    shard: int
    position: int
    stream_id: UUID
    version: int
    type: str
    data: bytes
    meta_json: bytes
    recorded_at: datetime

    def decode(self) -> Envelope[Event]:
        """The event with its envelope.

        Raises:
            UnknownEventType, pydantic.ValidationError: see `names.decode`.
        """
        return Envelope(
            context=self.context, shard=self.shard, position=self.position, stream_id=self.stream_id,
            version=self.version, recorded_at=self.recorded_at,
            event=names.decode(self.type, self.data), meta_json=self.meta_json,
        )  # fmt: skip


class LedgerReader:
    """Reads one shard. Reconnects by itself; every method raises `StoreUnavailable` while it cannot."""

    def __init__(self, context: str, shard: int, dsn: str) -> None:
        self.context = context
        self.shard = shard
        self.label = shard_label(context, shard)
        self._dsn = dsn
        self._reading: psycopg.AsyncConnection[Any] | None = None
        self._listening: psycopg.AsyncConnection[Any] | None = None
        self._one_at_a_time = asyncio.Lock()
        self._page = self._select("WHERE position > %s ORDER BY position LIMIT %s")
        self._stream = self._select("WHERE stream_id = %s AND version > %s ORDER BY version")
        self._head = sql.SQL("SELECT position FROM {}.head").format(sql.Identifier(schema_name(context)))

    async def open(self) -> None:
        """Connect now, to learn early that the server cannot be reached."""
        await self.head()

    async def close(self) -> None:
        """Let go of the connections."""
        for connection in (self._reading, self._listening):
            if connection is not None:
                await connection.close()
        self._reading = self._listening = None

    async def rows(self, after: int, limit: int) -> list[StoredRow]:
        """Up to `limit` events after a position, in order, not decoded."""
        return [
            StoredRow(self.context, self.shard, *row) for row in await self._fetch(self._page, (after, limit))
        ]

    async def read(self, after: int, limit: int) -> list[Envelope[Event]]:
        """Up to `limit` events after a position, in order."""
        return [row.decode() for row in await self.rows(after, limit)]

    async def stream(self, stream_id: UUID, after_version: int = 0) -> list[Envelope[Event]]:
        """The events of one stream after a version, in order."""
        found = await self._fetch(self._stream, (stream_id, after_version))
        return [StoredRow(self.context, self.shard, *row).decode() for row in found]

    async def head(self) -> int:
        """The last position that was given out and committed; 0 in an empty ledger."""
        return int((await self._fetch(self._head, ()))[0][0])

    async def wait(self, after: int, timeout: float) -> None:  # noqa: ASYNC109 - the bound is the point
        """Return as soon as the head may be beyond `after`, at the latest after `timeout` seconds."""
        try:
            if self._listening is None or self._listening.closed:
                self._listening = await connect(self._dsn)
                await self._listening.execute(
                    sql.SQL("LISTEN {}").format(sql.Identifier(channel_name(self.context)))
                )
                if await self.head() > after:
                    return
            async for notice in self._listening.notifies(timeout=timeout):
                if int(notice.payload) > after:
                    return
        except (psycopg.OperationalError, psycopg.InterfaceError) as error:
            self._listening = None
            raise StoreUnavailable(store="ledger", retry_after=1) from error

    def _select(self, condition: LiteralString) -> sql.Composed:
        table = sql.Identifier(schema_name(self.context), "events")
        return sql.SQL(" ").join([_SELECT.format(table), sql.SQL(condition)])

    async def _fetch(self, query: sql.Composed, parameters: Sequence[object]) -> list[Any]:
        async with self._one_at_a_time:
            try:
                if self._reading is None or self._reading.closed:
                    self._reading = await connect(self._dsn)
                cursor = await self._reading.execute(query, parameters, binary=True)
                return await cursor.fetchall()
            except (psycopg.OperationalError, psycopg.InterfaceError) as error:
                self._reading = None
                raise StoreUnavailable(store="ledger", retry_after=1) from error
