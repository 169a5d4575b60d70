"""One process at a time owns a share of a view; who loses its connection knows, and the next one takes over."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
import pytest

from contracts.errors import StoreUnavailable
from projections.kernel.ownership import LockLost, Locks
from tests.conftest import FreshDatabase

DEADLINE = 15.0


@asynccontextmanager
async def process(dsn: str) -> AsyncIterator[Locks]:
    """As good as another process: locks belong to its connection."""
    locks = Locks(dsn)
    yield locks
    await locks.close()


async def cut_off(database: FreshDatabase, *, spared: int = 0) -> None:
    """End the connections that hold locks."""
    async with await psycopg.AsyncConnection.connect(database.postgres_admin_dsn, autocommit=True) as admin:
        await admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND application_name = 'chemist locks' AND pid <> %s",
            (spared,),
        )


async def test_a_lock_is_held_by_one(fresh_database: FreshDatabase) -> None:
    async with process(fresh_database.postgres_dsn) as one, process(fresh_database.postgres_dsn) as other:
        lease = await one.try_hold("view")
        assert lease is not None
        assert await one.try_hold("view") is None, "not even within one process"
        assert await other.try_hold("view") is None
        assert await other.try_hold("another view") is not None
        await one.release("view", lease)
        assert await other.try_hold("view") is not None


async def test_the_next_gets_it_when_the_holder_lets_go(fresh_database: FreshDatabase) -> None:
    async with process(fresh_database.postgres_dsn) as one, process(fresh_database.postgres_dsn) as other:
        async with one.hold("view"):
            waiting = asyncio.create_task(other.hold("view").__aenter__())
            done, _ = await asyncio.wait([waiting], timeout=0.5)
            assert not done
        async with asyncio.timeout(DEADLINE):
            await waiting


async def test_who_loses_the_connection_stops_at_once_and_can_begin_again(
    fresh_database: FreshDatabase,
) -> None:
    async with process(fresh_database.postgres_dsn) as one:
        lease = await one.try_hold("view")
        assert lease is not None
        working = asyncio.create_task(lease.unless_lost(asyncio.sleep(DEADLINE)))
        await cut_off(fresh_database)
        with pytest.raises(LockLost):
            await working
        assert lease.lost.is_set()
        await one.release("view", lease)
        async with asyncio.timeout(DEADLINE), one.hold("view") as again:
            assert not again.lost.is_set()


async def test_work_that_ends_by_itself_ends_as_it_did(fresh_database: FreshDatabase) -> None:
    async def failing() -> None:
        raise ZeroDivisionError

    async with process(fresh_database.postgres_dsn) as one, one.hold("view") as lease:
        assert await lease.unless_lost(asyncio.sleep(0, "done")) == "done"
        with pytest.raises(ZeroDivisionError):
            await lease.unless_lost(failing())


async def test_giving_up_waiting_leaves_no_lock_behind(fresh_database: FreshDatabase) -> None:
    async with process(fresh_database.postgres_dsn) as one, process(fresh_database.postgres_dsn) as other:
        for _ in range(20):
            asking = asyncio.create_task(one.try_hold("view"))
            await asyncio.sleep(0)
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking
        lease = await other.try_hold("view")
        assert lease is not None


async def test_without_postgres_there_is_no_lock() -> None:
    async with process("postgresql://nobody@127.0.0.1:1/nothing") as one:
        with pytest.raises(StoreUnavailable):
            await one.try_hold("view")
