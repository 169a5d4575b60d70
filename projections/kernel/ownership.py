"""Sees to it that one process at a time writes a share of a view: advisory locks of Postgres, held while connected.

The locks say who should write; the guards of the stores see to it that a process which has lost its lock and not
yet noticed (paused, cut off) can do no harm. Postgres gives a lock to the next when the holder's connection ends.
Session locks need a connection of one's own: not through a pooler in transaction mode.
"""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, TypeVar

import psycopg
from psycopg.conninfo import make_conninfo

from projections.kernel.database import CONNECT_SECONDS, LOST, unavailable

_WATCH_SECONDS = 0.5
_SILENT_SECONDS = 2.0
_TRY_AGAIN_SECONDS = 0.2


T = TypeVar("T")


class LockLost(Exception):
    """The connection that held the lock is gone: another process may be writing by now."""


class Lease:
    """A lock that is held until `lost` is set."""

    def __init__(self) -> None:
        self.lost = asyncio.Event()

    async def unless_lost(self, work: Coroutine[None, None, T]) -> T:
        """Do the work, and drop it at once when the lock is lost.

        Raises:
            LockLost: it was.
        """
        working = asyncio.create_task(work)
        watching = asyncio.create_task(self.lost.wait())
        try:
            await asyncio.wait((working, watching), return_when=asyncio.FIRST_COMPLETED)
            if not working.done():
                raise LockLost
            return working.result()
        finally:
            await end(working, watching)


async def end(*tasks: asyncio.Task[Any]) -> None:
    """Cancel tasks and wait until they are gone; one that has ended already stays as it is."""
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


@dataclass(slots=True)
class _Session:
    """A connection and the locks that live and die with it."""

    connection: psycopg.AsyncConnection[Any]
    leases: dict[str, Lease] = field(default_factory=dict)


class Locks:
    """The locks of this process, all on one dedicated connection that is watched."""

    def __init__(self, dsn: str) -> None:
        self._dsn = make_conninfo(
            dsn, connect_timeout=CONNECT_SECONDS, application_name="chemist locks",
            keepalives_idle=2, keepalives_interval=1, keepalives_count=3,
        )  # fmt: skip
        self._session: _Session | None = None
        self._connecting = asyncio.Lock()
        self._asked: set[str] = set()
        self._watching: asyncio.Task[None] | None = None

    async def try_hold(self, name: str) -> Lease | None:
        """Take the lock if it is free, here and everywhere.

        Raises:
            StoreUnavailable: Postgres cannot be reached.
        """
        if name in self._asked:
            return None
        self._asked.add(name)
        asking = asyncio.ensure_future(self._ask(name))
        try:
            return await asyncio.shield(asking)
        except asyncio.CancelledError:
            if (lease := await asking) is not None:  # given while we stopped wanting it
                await self._unlock(name, lease)
            raise
        except LOST as error:
            raise unavailable() from error
        finally:
            self._asked.discard(name)

    @asynccontextmanager
    async def hold(self, name: str) -> AsyncIterator[Lease]:
        """Wait for the lock, and hold it meanwhile.

        Raises:
            StoreUnavailable: Postgres cannot be reached.
        """
        while (lease := await self.try_hold(name)) is None:  # noqa: ASYNC110 - nobody tells us that a lock is free
            await asyncio.sleep(_TRY_AGAIN_SECONDS * random.uniform(0.8, 1.2))  # noqa: S311 - no secret
        try:
            yield lease
        finally:
            await self.release(name, lease)

    async def release(self, name: str, lease: Lease) -> None:
        """Let go of a lock, at once."""
        await asyncio.shield(asyncio.ensure_future(self._unlock(name, lease)))

    async def close(self) -> None:
        """Let go of all locks."""
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.wait([self._watching])
        if self._session is not None:
            with contextlib.suppress(
                *LOST
            ):  # else the next waits until the server has noticed that we are gone
                await self._session.connection.execute("SELECT pg_advisory_unlock_all()")
            await self._lose(self._session)

    async def _ask(self, name: str) -> Lease | None:
        async with self._connecting:
            session = self._session
            if session is None:
                connection = await psycopg.AsyncConnection.connect(self._dsn, autocommit=True)
                session = self._session = _Session(connection)
                self._watching = asyncio.create_task(self._watch(session))
        if name in session.leases:
            return None
        cursor = await session.connection.execute("SELECT pg_try_advisory_lock(%s)", (_number(name),))
        if await cursor.fetchone() != (True,) or session is not self._session:
            return None
        lease = session.leases[name] = Lease()
        return lease

    async def _unlock(self, name: str, lease: Lease) -> None:
        session = self._session
        if session is None or session.leases.get(name) is not lease:
            return  # lost with its connection
        with contextlib.suppress(*LOST):
            await session.connection.execute("SELECT pg_advisory_unlock(%s)", (_number(name),))
        del session.leases[name]

    async def _watch(self, session: _Session) -> None:
        with contextlib.suppress(*LOST, TimeoutError):
            while True:
                await asyncio.wait_for(session.connection.execute("SELECT 1"), _SILENT_SECONDS)
                await asyncio.sleep(_WATCH_SECONDS)
        await self._lose(session)

    async def _lose(self, session: _Session) -> None:
        if self._session is session:
            self._session = None
        for lease in session.leases.values():
            lease.lost.set()
        session.leases.clear()
        await session.connection.close()


def _number(name: str) -> int:
    return int.from_bytes(sha256(name.encode()).digest()[:8], "big", signed=True)
