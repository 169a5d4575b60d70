"""Who asked for fresh data waits in memory, is told when it cannot be had, and never gets less than asked for."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import psycopg
import pytest
import pytest_asyncio

from contracts.errors import NotFreshEnough
from contracts.readmodel import positions
from contracts.readmodel.positions import CHANNEL, Announcement, PositionsFeed, PositionsPublisher
from ops.embedded.postgres import EmbeddedPostgres
from tests.conftest import FreshDatabase

DEADLINE = 10.0


def told(
    position: int, *keys: str, view: str = "page", generation: int = 1, share: str = "0/1"
) -> Announcement:
    return Announcement(view, generation, share, {"catalog": position}, frozenset(keys))


class Heard:
    """Everything a listener was told."""

    def __init__(self, feed: PositionsFeed) -> None:
        self.all: list[Announcement | None] = []
        self._news = asyncio.Event()
        feed.subscribe(self._take)

    def _take(self, announcement: Announcement | None) -> None:
        self.all.append(announcement)
        self._news.set()

    async def until(self, wanted: Callable[[list[Announcement | None]], bool]) -> None:
        """Wait until what was heard is as wanted."""
        async with asyncio.timeout(DEADLINE):
            while not wanted(self.all):
                self._news.clear()
                await self._news.wait()


@pytest_asyncio.fixture
async def feed(fresh_database: FreshDatabase) -> AsyncIterator[PositionsFeed]:
    opened = PositionsFeed(fresh_database.postgres_dsn)
    await opened.open()
    yield opened
    await opened.close()


@pytest_asyncio.fixture
async def publisher(fresh_database: FreshDatabase) -> AsyncIterator[PositionsPublisher]:
    opened = PositionsPublisher(fresh_database.postgres_dsn)
    await opened.open()
    yield opened
    await opened.close()


async def test_a_waiter_goes_on_as_soon_as_the_position_is_told(
    feed: PositionsFeed, publisher: PositionsPublisher
) -> None:
    publisher.announce(told(1))
    assert await feed.wait("page", {"catalog": 1}, DEADLINE) == 1
    waiting = asyncio.create_task(feed.wait("page", {"catalog": 3}, DEADLINE))
    publisher.announce(told(2))
    assert await feed.wait("page", {"catalog": 2}, DEADLINE) == 1
    assert not waiting.done()
    publisher.announce(told(3, generation=2))
    assert await waiting == 2
    assert feed.position("page") == {"catalog": 3}
    assert feed.generation("page") == 2
    assert feed.connected
    assert feed.hears("page")


async def test_a_wait_ends_at_its_deadline_and_names_the_lag(
    feed: PositionsFeed, publisher: PositionsPublisher
) -> None:
    publisher.announce(told(7))
    await feed.wait("page", {"catalog": 7}, DEADLINE)
    began = time.monotonic()
    with pytest.raises(NotFreshEnough) as refusal:
        await feed.wait("page", {"catalog": 9}, 0.05)
    assert time.monotonic() - began < DEADLINE
    assert refusal.value.params == {"view": "page", "ledger": "catalog", "position": 7, "wanted": 9}
    assert refusal.value.retry_after == 1
    with pytest.raises(NotFreshEnough):
        await feed.wait("never-heard-of", {"catalog": 1}, 0.05)


async def test_a_ledger_that_the_view_does_not_read_holds_nobody_up(
    feed: PositionsFeed, publisher: PositionsPublisher
) -> None:
    publisher.announce(told(7))
    assert await feed.wait("page", {"catalog": 7, "pricing": 99}, DEADLINE) == 1
    assert await feed.wait("page", {}, 0) == 1
    assert await feed.wait("unheard", {}, 0) is None


async def test_a_view_in_shares_is_as_far_as_its_slowest(
    feed: PositionsFeed, publisher: PositionsPublisher
) -> None:
    heard = Heard(feed)
    publisher.announce(told(9, share="0/2"))
    await heard.until(lambda all_: told(9, share="0/2").positions in [one.positions for one in all_ if one])
    assert feed.position("page") == {}
    publisher.announce(told(4, share="1/2"))
    await feed.wait("page", {"catalog": 4}, DEADLINE)
    assert feed.position("page") == {"catalog": 4}
    with pytest.raises(NotFreshEnough):
        await feed.wait("page", {"catalog": 9}, 0.05)


async def test_changed_keys_are_told_and_many_are_told_as_any(
    feed: PositionsFeed, publisher: PositionsPublisher
) -> None:
    heard = Heard(feed)
    publisher.announce(told(0))
    await feed.wait("page", {"catalog": 0}, DEADLINE)
    publisher.announce(told(1, "A", "B"))
    await feed.wait("page", {"catalog": 1}, DEADLINE)
    publisher.announce(told(2, *(f"SKU-{number}" for number in range(2_000))))
    await feed.wait("page", {"catalog": 2}, DEADLINE)
    assert heard.all[0] is None, "whatever was remembered before the feed was connected is dropped"
    by_position = {one.positions["catalog"]: one.keys for one in heard.all if one}
    assert by_position[0] is None, "and of a view that was not heard of before, any document may have changed"
    assert by_position[1] == frozenset({"A", "B"})
    assert by_position[2] is None


async def test_what_piles_up_is_merged_and_nothing_is_lost(
    feed: PositionsFeed, publisher: PositionsPublisher
) -> None:
    publisher.announce(told(0))
    await feed.wait("page", {"catalog": 0}, DEADLINE)
    heard = Heard(feed)
    for position in range(1, 301):
        publisher.announce(told(position, f"K{position % 50}"))
    await publisher.settled("page", "0/1")
    await feed.wait("page", {"catalog": 300}, DEADLINE)
    changes = [one for one in heard.all if one and one.keys]
    assert frozenset().union(*(one.keys or () for one in changes)) == {f"K{n}" for n in range(50)}
    assert len(changes) < 20


async def test_heartbeats_go_on_until_the_view_falls_silent(
    feed: PositionsFeed, publisher: PositionsPublisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(positions, "SILENCE_SECONDS", 1.5)
    heard = Heard(feed)
    publisher.announce(told(1, "A"))
    publisher.announce(told(1, "A", view="card"))
    await heard.until(lambda all_: sum(one is not None and one.keys == frozenset() for one in all_) >= 2)
    publisher.fall_silent("page", "0/1")
    await heard.until(lambda all_: any(one and one.view == "page" and one.keys is None for one in all_))
    assert not feed.hears("page")
    assert feed.hears("card")
    assert feed.connected
    assert await feed.wait("page", {"catalog": 1}, 0) == 1, "what it had reached stays true"
    publisher.fall_silent("card", "0/1")
    before = len(heard.all)
    await heard.until(lambda all_: None in all_[before:])
    assert not feed.connected


async def test_a_listener_that_fails_deafens_nobody(
    feed: PositionsFeed, publisher: PositionsPublisher
) -> None:
    complaints: list[dict[str, object]] = []
    loop = asyncio.get_running_loop()
    before = loop.get_exception_handler()
    loop.set_exception_handler(lambda _, context: complaints.append(context))

    def broken(_: Announcement | None) -> None:
        raise ZeroDivisionError

    try:
        unsubscribe = feed.subscribe(broken)
        heard = Heard(feed)
        publisher.announce(told(1))
        await feed.wait("page", {"catalog": 1}, DEADLINE)
        assert heard.all
        assert complaints
        unsubscribe()
    finally:
        loop.set_exception_handler(before)


async def test_a_message_that_cannot_be_read_makes_everybody_forget(
    feed: PositionsFeed, publisher: PositionsPublisher, fresh_database: FreshDatabase
) -> None:
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda *_: None)
    try:
        heard = Heard(feed)
        publisher.announce(told(1))
        await feed.wait("page", {"catalog": 1}, DEADLINE)
        known = heard.all.count(None)
        async with await psycopg.AsyncConnection.connect(
            fresh_database.postgres_dsn, autocommit=True
        ) as connection:
            await connection.execute("SELECT pg_notify(%s, 'nonsense')", (CHANNEL,))
        await heard.until(lambda all_: all_.count(None) > known)
        publisher.announce(told(2))
        await feed.wait("page", {"catalog": 2}, DEADLINE)
    finally:
        loop.set_exception_handler(None)


async def test_both_sides_come_back_when_postgres_does(run_dir: Path) -> None:
    server = EmbeddedPostgres(run_dir / "positions", any_port=True)
    server.start()
    feed, publisher = PositionsFeed(server.admin_url), PositionsPublisher(server.admin_url)
    await feed.open()
    await publisher.open()
    try:
        heard = Heard(feed)
        publisher.announce(told(1, "A"))
        await feed.wait("page", {"catalog": 1}, DEADLINE)
        known = heard.all.count(None)
        await asyncio.to_thread(server.stop)
        await heard.until(lambda all_: all_.count(None) > known)
        assert not feed.connected
        publisher.announce(told(2, "B"))
        publisher.announce(told(3, "C"))
        await asyncio.to_thread(server.start)
        assert await feed.wait("page", {"catalog": 3}, DEADLINE) == 1
        assert feed.connected
        await heard.until(lambda all_: any(one and one.keys and {"B", "C"} <= one.keys for one in all_))
    finally:
        await feed.close()
        await publisher.close()
        await asyncio.to_thread(server.stop)
