"""A ledger is read once for all views that keep together, and nobody misses an event for it."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
import pytest_asyncio

from contracts.catalog.events import CategoryDefined
from contracts.catalog.product import CategoryNames
from contracts.eventlog.reader import LedgerReader, StoredRow
from projections.kernel import tail as module
from projections.kernel.tail import Tail, Unreadable
from projections.kernel.view import Store
from tests.projections.diary import diary, placed
from tests.projections.site import DEADLINE_SECONDS, Ledger, Site, stream_of


class CountingReader(LedgerReader):
    """Counts how often each position is read."""

    read_positions: Counter[int]

    async def rows(self, after: int, limit: int) -> list[StoredRow]:
        rows = await super().rows(after, limit)
        self.read_positions.update(row.position for row in rows)
        return rows


@pytest.fixture
def reads() -> Counter[int]:
    return Counter()


@pytest_asyncio.fixture
async def tail(site: Site, reads: Counter[int]) -> AsyncIterator[Tail]:
    def reader() -> CountingReader:
        made = CountingReader("catalog", 0, site.postgres_dsn)
        made.read_positions = reads
        return made

    opened = Tail(reader, diary(Store.REDIS).events)
    yield opened
    await opened.close()


async def follow(tail: Tail, after: int, upto: int, limit: int) -> list[int]:
    seen: list[int] = []
    async with asyncio.timeout(DEADLINE_SECONDS):
        while after < upto:
            page = await tail.read(after, limit)
            assert len(page) <= limit
            seen += [envelope.position for envelope in page if envelope]
            after = seen[-1]
    return seen


async def test_views_that_keep_together_share_every_read(
    tail: Tail, ledger: Ledger, reads: Counter[int]
) -> None:
    await ledger.append(*(placed("A", f"c{n}") for n in range(30)))
    followers = [asyncio.create_task(follow(tail, 0, 60, limit)) for limit in (7, 10, 1_000)]
    await ledger.append(*(placed("A", f"d{n}") for n in range(30)))
    for seen in await asyncio.gather(*followers):
        assert seen == list(range(1, 61))
    assert reads == Counter(range(1, 61))


async def test_one_far_behind_and_one_far_ahead_miss_nothing(
    tail: Tail, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WINDOW", 10)
    await ledger.append(*(placed("A", f"c{n}") for n in range(60)))
    assert await follow(tail, 0, 60, 8) == list(range(1, 61))
    behind = asyncio.create_task(follow(tail, 0, 70, 3))
    ahead = asyncio.create_task(follow(tail, 60, 70, 3))
    await ledger.append(*(placed("A", f"d{n}") for n in range(10)))
    assert await behind == list(range(1, 71))
    assert await ahead == list(range(61, 71))
    assert await follow(tail, 65, 70, 100) == list(range(66, 71))


async def test_the_end_is_waited_at_and_the_past_is_not(tail: Tail, ledger: Ledger) -> None:
    waiting = asyncio.create_task(tail.read(0, 10))
    await ledger.append(placed("A", "first"))
    async with asyncio.timeout(DEADLINE_SECONDS):
        page = await waiting
    assert [envelope and envelope.event for envelope in page] == [placed("A", "first")]
    assert await tail.stored(1, 10) == []
    assert await tail.head() == 1


async def test_what_no_view_here_reads_is_not_decoded(tail: Tail, ledger: Ledger) -> None:
    shelf = CategoryDefined(slug="s", names=CategoryNames(en="S"))
    await ledger.append(placed("A", "x"), shelf, placed("A", "y"))
    await ledger.append_raw(uuid4(), "catalog.NeverHeardOf.v1", b"{}")
    page = await tail.read(0, 10)
    assert [envelope and envelope.position for envelope in page] == [1, None, 3, None]


async def test_an_event_that_cannot_be_decoded_does_not_stop_the_others(tail: Tail, ledger: Ledger) -> None:
    await ledger.append(placed("A", "before"))
    await ledger.append_raw(uuid4(), "catalog.ProductListed.v1", b'{"no": "sku"}')
    await ledger.append_raw(stream_of(placed("A", "x")), "catalog.ProductListed.v9", b"{}")
    await ledger.append(placed("A", "after"))
    page = await tail.read(0, 10)
    events = [envelope.event for envelope in page if envelope]
    assert events[0] == placed("A", "before")
    assert events[3] == placed("A", "after")
    damaged, unknown = events[1:3]
    assert isinstance(damaged, Unreadable)
    assert isinstance(unknown, Unreadable)
    assert "ValidationError" in damaged.error
    assert (unknown.stored_type, unknown.error) == (
        "catalog.ProductListed.v9",
        "UnknownEventType: catalog.ProductListed.v9",
    )
