"""A store that is killed and comes back gets all it missed, exactly once, and no other view is held up meanwhile."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from contracts.errors import NotFreshEnough
from contracts.eventlog import schema as ledger_schema
from ops.embedded.mongodb import EmbeddedMongodb
from ops.embedded.postgres import EmbeddedPostgres
from ops.embedded.server import EmbeddedServer
from ops.embedded.valkey import EmbeddedValkey
from projections.kernel import schema as readmodel_schema
from projections.kernel.view import Store, View
from tests.projections.diary import diary, placed
from tests.projections.site import Ledger, Running, Site, bodies, projecting

SKUS = 7


@asynccontextmanager
async def own(server: EmbeddedServer) -> AsyncIterator[EmbeddedServer]:
    """A server of this test's own, that it may kill."""
    await asyncio.to_thread(server.start)
    try:
        yield server
    finally:
        await asyncio.to_thread(server.stop)


async def kill(server: EmbeddedServer) -> None:
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    await asyncio.to_thread(server.stop)  # sees that it is gone


async def lines(running: Running, view: View) -> dict[str, list[str]]:
    found: Any = await bodies(running.projections, view, 1)
    return {key: page["lines"] for key, page in found.items()}


def expected(numbers: range) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for number in numbers:
        found.setdefault(f"SKU-{number % SKUS}", []).append(f"c{number}")
    return found


async def write(ledger: Ledger, numbers: range) -> dict[str, int]:
    return await ledger.append(*(placed(f"SKU-{number % SKUS}", f"c{number}") for number in numbers))


@pytest.mark.parametrize("store", [Store.MONGODB, Store.REDIS], ids=str)
async def test_a_killed_store_catches_up_and_the_others_go_on(
    site: Site, ledger: Ledger, store: Store, run_dir: Path
) -> None:
    kind = EmbeddedMongodb if store is Store.MONGODB else EmbeddedValkey
    async with own(kind(run_dir / f"outage-{uuid4().hex[:8]}", any_port=True)) as server:
        site = site.moved(**{"mongodb_url" if store is Store.MONGODB else "redis_url": server.url})
        view, other = diary(store), diary(Store.POSTGRES)
        async with projecting(site, view, other, batch=20) as running:
            await running.reaches(view, await write(ledger, range(40)))
            writing = asyncio.create_task(write(ledger, range(40, 300)))
            await running.reaches(view, {"catalog": 60})
            await kill(server)
            heads = await writing
            await running.reaches(other, heads)
            with pytest.raises(NotFreshEnough):
                await running.feed.wait(view.name, {"catalog": 301}, 0.01)
            await write(ledger, range(300, 310))
            await asyncio.to_thread(server.start)
            heads = await write(ledger, range(310, 320))
            await running.reaches(view, heads)
            await running.reaches(other, heads)
            assert await lines(running, view) == await lines(running, other) == expected(range(320))


async def test_when_postgres_is_killed_everything_waits_and_goes_on(site: Site, run_dir: Path) -> None:
    """It holds the ledger, the locks, the positions and a view of its own."""
    server = EmbeddedPostgres(run_dir / f"outage-{uuid4().hex[:8]}", any_port=True)
    async with own(server):
        ledger_schema.migrate(server.admin_url, "catalog")
        readmodel_schema.migrate(server.admin_url)
        mine = Site(server.url, site.redis_url, site.mongodb_url, (server.url,))
        ledger = Ledger(mine.ledger_dsns)
        views = [diary(store) for store in (Store.MONGODB, Store.REDIS, Store.POSTGRES)]
        async with projecting(mine, *views, batch=20) as running:
            for view in views:
                await running.reaches(
                    view, await write(ledger, range(ledger.heads["catalog"], ledger.heads["catalog"] + 20))
                )
            writing = asyncio.create_task(write(ledger, range(60, 200)))
            await running.reaches(views[0], {"catalog": 80})
            await kill(server)
            await asyncio.to_thread(server.start)
            heads = await writing
            for view in views:
                await running.reaches(view, heads)
                assert await lines(running, view) == expected(range(200))
        await ledger.close()


async def test_a_store_that_lost_everything_is_filled_anew(site: Site, ledger: Ledger, run_dir: Path) -> None:
    async with own(EmbeddedValkey(run_dir / f"outage-{uuid4().hex[:8]}", any_port=True)) as server:
        view = diary(Store.REDIS)
        async with projecting(site.moved(redis_url=server.url), view, batch=20) as running:
            await running.reaches(view, await write(ledger, range(50)))
            await kill(server)
            for file in server.folder.rglob("*.aof*"):
                file.unlink()
            await asyncio.to_thread(server.start)
            await running.reaches(view, await write(ledger, range(50, 60)))
            for attempt in range(3):
                await running.reaches(view, await write(ledger, range(60 + attempt, 61 + attempt)))
            assert await lines(running, view) == expected(range(63))
            assert await running.projections.around.parking.all() == []
