"""Reads views that lie in Postgres."""

import asyncio
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import psycopg
from psycopg_pool import AsyncConnectionPool, PoolTimeout
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Column,
    Integer,
    LargeBinary,
    MetaData,
    Select,
    Table,
    Text,
    any_,
    bindparam,
    select,
)
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

from contracts.errors import StoreUnavailable
from contracts.readmodel.generations import POSTGRES_LIVE, POSTGRES_SCHEMA, Generation
from query_side.kernel.documents import Stored

_CONNECT_SECONDS = 1
_READ_SECONDS = 2.0
_MOST_CONNECTIONS = 8
_DIALECT = PGDialect_psycopg()  # type: ignore[no-untyped-call] # SQLAlchemy leaves its dialects untyped
_METADATA = MetaData(schema=POSTGRES_SCHEMA)
_LIVE = Table(POSTGRES_LIVE, _METADATA, Column("view", Text), Column("generation", Integer))


class PostgresDocuments:
    """Implements `DocumentStore`. Connects at the first question, and again whenever it must."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._pool: AsyncConnectionPool[psycopg.AsyncConnection[Any]] | None = None
        self._opening = asyncio.Lock()

    async def live(self, view: str) -> int | None:
        """The generation that the alias names."""
        rows = await self._ask(_alias(), {"view": view})
        return int(rows[0][0]) if rows else None

    async def read(self, generation: Generation, keys: Sequence[str]) -> dict[str, Stored]:
        """The documents that exist, in one round trip."""
        rows = await self._ask(_some_of(generation), {"keys": list(keys)})
        return {key: Stored(bytes(body), etag) for key, body, etag in rows}

    async def read_all(self, generation: Generation) -> dict[str, Stored]:
        """Every document of a small view."""
        rows = await self._ask(_all_of(generation), {})
        return {key: Stored(bytes(body), etag) for key, body, etag in rows}

    async def ping(self) -> None:
        """Return when it answers."""
        await self._ask("SELECT 1", {})

    async def close(self) -> None:
        """Let go of the connections."""
        if self._pool is not None:
            await self._pool.close()
            self._pool = None

    async def _ask(self, statement: str, parameters: dict[str, object]) -> list[Any]:
        """Once more where a connection of the pool turns out to be dead: reading twice does no harm."""
        try:
            async with asyncio.timeout(_READ_SECONDS):
                try:
                    return await self._fetch(statement, parameters)
                except psycopg.OperationalError as error:
                    if isinstance(error, PoolTimeout):
                        raise
                    return await self._fetch(statement, parameters)
        except psycopg.errors.UndefinedTable:
            return []
        except (psycopg.OperationalError, psycopg.InterfaceError, TimeoutError) as error:
            raise StoreUnavailable(store="postgres", retry_after=1) from error

    async def _fetch(self, statement: str, parameters: dict[str, object]) -> list[Any]:
        pool = await self._open()
        async with pool.connection() as connection:
            cursor = await connection.execute(statement.encode(), parameters, binary=True)
            return await cursor.fetchall()

    async def _open(self) -> AsyncConnectionPool[psycopg.AsyncConnection[Any]]:
        if self._pool is None:
            async with self._opening:
                if self._pool is None:
                    pool = AsyncConnectionPool(
                        self._dsn,
                        min_size=0,
                        max_size=_MOST_CONNECTIONS,
                        timeout=_CONNECT_SECONDS,
                        reconnect_timeout=_CONNECT_SECONDS,
                        kwargs={"autocommit": True, "connect_timeout": _CONNECT_SECONDS},
                        open=False,
                    )
                    await pool.open()
                    self._pool = pool
        return self._pool


@lru_cache(maxsize=256)
def _alias() -> str:
    return _render(select(_LIVE.c.generation).where(_LIVE.c.view == bindparam("view")))


@lru_cache(maxsize=256)
def _some_of(generation: Generation) -> str:
    table = _table(generation)
    documents = select(table.c.key, table.c.body, table.c.etag)
    return _render(documents.where(table.c.key == any_(bindparam("keys", type_=ARRAY(Text)))))


@lru_cache(maxsize=256)
def _all_of(generation: Generation) -> str:
    table = _table(generation)
    return _render(select(table.c.key, table.c.body, table.c.etag).order_by(table.c.key))


def _table(generation: Generation) -> Table:
    return Table(
        generation.name,
        MetaData(schema=POSTGRES_SCHEMA),
        Column("key", Text, primary_key=True),
        Column("revision", BigInteger),
        Column("body", LargeBinary),
        Column("etag", Text),
    )


def _render(statement: Select[Any]) -> str:
    return str(statement.compile(dialect=_DIALECT))
