"""One Postgres connection that reconnects by itself and says `StoreUnavailable` while it cannot."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo
from sqlalchemy.sql.elements import CompilerElement

from contracts.errors import StoreUnavailable
from projections.kernel.schema import DIALECT

CONNECT_SECONDS = 3
LOST = (psycopg.OperationalError, psycopg.InterfaceError)
"""What psycopg raises when the server is gone."""


def unavailable() -> StoreUnavailable:
    """What is raised in their place."""
    return StoreUnavailable(store="postgres", retry_after=1)


class Database:
    """One connection, used by one task at a time."""

    def __init__(self, dsn: str) -> None:
        self._dsn = make_conninfo(dsn, connect_timeout=CONNECT_SECONDS)
        self._connection: psycopg.AsyncConnection[Any] | None = None
        self._one_at_a_time = asyncio.Lock()

    async def run(self, statement: CompilerElement) -> list[tuple[Any, ...]]:
        """Execute one statement on its own and return its rows.

        Raises:
            StoreUnavailable: the server cannot be reached, or was lost meanwhile: it may have happened or not.
        """
        compiled = statement.compile(dialect=DIALECT)
        return await self.fetch(str(compiled), compiled.params)

    async def fetch(self, text: str, parameters: Mapping[str, object]) -> list[tuple[Any, ...]]:
        """The same with a statement that was rendered beforehand."""
        async with self._exclusive() as connection:
            return await fetch(connection, text, parameters)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
        """A transaction: committed at the end, rolled back when something is raised.

        Raises:
            StoreUnavailable: as above.
        """
        async with self._exclusive() as connection, connection.transaction():
            yield connection

    async def close(self) -> None:
        """Let go of the connection."""
        if self._connection is not None:
            await self._connection.close()
            self._connection = None

    @asynccontextmanager
    async def _exclusive(self) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
        async with self._one_at_a_time:
            try:
                if self._connection is None or self._connection.closed:
                    self._connection = await psycopg.AsyncConnection.connect(
                        self._dsn, autocommit=True, prepare_threshold=1
                    )
                yield self._connection
            except LOST as error:
                if self._connection is not None:
                    await self._connection.close()
                self._connection = None
                raise unavailable() from error


async def fetch(
    connection: psycopg.AsyncConnection[Any], statement: str, parameters: Mapping[str, object] | None = None
) -> list[tuple[Any, ...]]:
    """Execute one statement and return its rows; none where it gives none."""
    cursor = await connection.execute(statement.encode(), parameters, binary=True)
    return await cursor.fetchall() if cursor.description else []
