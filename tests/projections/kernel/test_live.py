"""A running projector goes on through lost locks, swapped generations and mistakes, and ends when asked to."""

import asyncio
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from contracts.message import Envelope
from contracts.readmodel.positions import Announcement, PositionsFeed
from projections.app import connected, view_status
from projections.kernel.births import live_or_first
from projections.kernel.partition import Partition
from projections.kernel.view import Store
from tests.projections.diary import diary, placed
from tests.projections.site import DEADLINE_SECONDS, Ledger, Site, bodies, projecting


async def test_a_first_start_makes_the_first_generation_live(
    site: Site, store: Store, ledger: Ledger
) -> None:
    view = diary(store)
    heads = await ledger.append(placed("A", "before"))
    async with projecting(site, view) as running:
        assert await running.reaches(view, heads) == 1
        assert await running.projections.sinks(view).live(view.name) == 1
        heads = await ledger.append(placed("A", "while-it-runs"))
        await running.reaches(view, heads)
        assert (await bodies(running.projections, view, 1))["A"] == {
            "lines": ["before", "while-it-runs"], "position": 2,
        }  # fmt: skip
    heads = await ledger.append(placed("A", "after-it-stopped"))
    async with projecting(site, view) as running:
        assert await running.reaches(view, heads) == 1


async def test_after_a_restart_nobody_trusts_what_he_remembers(
    site: Site, store: Store, ledger: Ledger
) -> None:
    """The process before may have written documents and died before it told anybody."""
    view = diary(store)
    feed = PositionsFeed(site.postgres_dsn)
    await feed.open()
    heard: list[Announcement] = []
    async with projecting(site, view):
        await feed.wait(view.name, await ledger.append(placed("A", "1")), DEADLINE_SECONDS)
        feed.subscribe(lambda told: heard.append(told) if told else None)
        await feed.wait(view.name, await ledger.append(placed("A", "2")), DEADLINE_SECONDS)
        assert {key for told in heard for key in told.keys or ["any"]} == {"A"}
        heard.clear()
    async with projecting(site, view):
        await feed.wait(view.name, await ledger.append(placed("A", "3")), DEADLINE_SECONDS)
    assert any(told.keys is None for told in heard)
    await feed.close()


async def test_processes_starting_at_once_agree_on_one_first_generation(site: Site, store: Store) -> None:
    view = diary(store)
    async with connected(site, views=(view,)) as one, connected(site, views=(view,)) as other:
        made = await asyncio.gather(
            *(live_or_first(view, each.sinks(view), each.around) for each in (one, other, one, other))
        )
        assert made == [1, 1, 1, 1]
        assert await one.sinks(view).generations(view.name) == (1,)


async def test_a_standby_takes_over_when_the_owner_is_cut_off(
    site: Site, store: Store, ledger: Ledger
) -> None:
    view = diary(store)
    async with projecting(site, view) as one, projecting(site, view) as other:
        await one.reaches(view, await ledger.append(placed("A", "1")))
        async with await psycopg.AsyncConnection.connect(site.postgres_dsn, autocommit=True) as admin:
            await admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND application_name = 'chemist locks'"
            )
        for number in range(2, 6):
            await other.reaches(view, await ledger.append(placed("A", f"{number}")))
        one.stop.set()
        await other.reaches(view, await ledger.append(placed("A", "6")))
        found: Any = await bodies(other.projections, view, 1)
        assert found["A"]["lines"] == ["1", "2", "3", "4", "5", "6"]


async def test_processes_share_the_views_among_them(site: Site, store: Store, ledger: Ledger) -> None:
    view, other_view = diary(store, partitions=2), diary(store, partitions=2)
    async with projecting(site) as watching:
        views = (view, other_view)
        async with connected(site, views=views) as one, connected(site, views=views) as other:
            stop = asyncio.Event()
            first = asyncio.create_task(one.project(watching.feed, stop, Partition(0, 2)))
            heads = await ledger.append(*(placed(f"SKU-{n}", "x") for n in range(20)))
            second = asyncio.create_task(other.project(watching.feed, stop, Partition(1, 2)))
            for each in views:
                await watching.reaches(each, heads)
                assert len(await bodies(one, each, 1)) == 20
            stop.set()
            await asyncio.wait_for(asyncio.gather(first, second), DEADLINE_SECONDS)


async def test_a_mistake_in_one_view_does_not_touch_another(site: Site, store: Store, ledger: Ledger) -> None:
    good, bad = diary(store), diary(store)

    def poison(_: Envelope[Any]) -> str:
        message = "not even a key"
        raise KeyError(message)

    bad = replace(bad, key=poison)
    async with projecting(site, good, bad) as running:
        heads = await ledger.append(placed("A", "1"), placed("B", "1"))
        await running.reaches(good, heads)
        await running.reaches(bad, heads)
        assert len(await bodies(running.projections, good, 1)) == 2
        assert await bodies(running.projections, bad, 1) == {}
        assert len(await running.projections.around.parking.all(bad.name)) == 2
        text = running.projections.around.metrics.exposition().decode()
        assert f'chemist_projection_poisoned_total{{view="{bad.name}"}} 2.0' in text
        assert f'chemist_projection_events_total{{view="{good.name}"}} 2.0' in text


async def test_the_status_says_how_far_every_view_is(
    site: Site, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    dislikes = placed("A", "bad")
    views = tuple(
        diary(store, partitions=1 + (store is Store.REDIS), dislikes=lambda event: event == dislikes)
        for store in (Store.MONGODB, Store.REDIS, Store.POSTGRES)
    )
    monkeypatch.setattr("projections.app.VIEWS", views)
    monkeypatch.setattr("projections.app.connected", lambda addresses: connected(addresses, views=views))
    untouched = await view_status(site)
    assert {(one.generation, one.lag, one.outdated) for one in untouched} == {(0, 0, False)}
    async with projecting(site, *views) as running:
        heads = await ledger.append(placed("B", "1"), dislikes)
        for view in views:
            await running.reaches(view, heads)
    await ledger.append(placed("B", "2"))
    found = await view_status(site)
    assert [one.view for one in found] == [name for view in views for name in [view.name] * view.partitions]
    assert {one.store for one in found} == {"mongodb", "redis", "postgres"}
    for one in found:
        assert (one.generation, one.positions, one.heads, one.lag) == (1, {"catalog": 2}, {"catalog": 3}, 1)
        assert not one.outdated
    assert sum(one.parked for one in found) == 3
    newer = tuple(replace(view, version=2) for view in views)
    monkeypatch.setattr("projections.app.connected", lambda addresses: connected(addresses, views=newer))
    assert all(one.outdated for one in await view_status(site))
    away = site.moved(mongodb_url="mongodb://127.0.0.1:1/nothing?serverSelectionTimeoutMS=100")
    assert [(one.generation, one.lag) for one in await view_status(away)] == [(0, 3), (1, 1), (1, 1), (1, 1)]
