"""What piled up is taken at once, in order, and reading waits while there is no room."""

import asyncio

import pytest

from projections.kernel.cache import Cache
from projections.kernel.inbox import Arrived, Inbox
from projections.kernel.sink import Stored


def arrived(*positions: int) -> Arrived:
    return Arrived("catalog", positions[-1], [None] * len(positions))


async def test_all_that_waits_is_taken_at_once() -> None:
    inbox = Inbox(10)
    assert inbox.empty
    await inbox.put(arrived(1))
    await inbox.put(arrived(2, 3))
    assert await inbox.take() == [arrived(1), arrived(2, 3)]
    assert inbox.empty


async def test_reading_waits_for_room() -> None:
    inbox = Inbox(2)
    await inbox.put(arrived(1, 2))
    late = asyncio.create_task(inbox.put(arrived(3)))
    done, _ = await asyncio.wait([late], timeout=0.05)
    assert not done
    assert await inbox.take() == [arrived(1, 2)]
    await late
    assert await inbox.take() == [arrived(3)]


async def test_a_failure_comes_after_what_was_read_before_it() -> None:
    inbox = Inbox(10)
    await inbox.put(arrived(1))
    inbox.fail(ZeroDivisionError())
    assert len(await inbox.take()) == 1
    with pytest.raises(ZeroDivisionError):
        await inbox.take()


async def test_a_nudge_lets_the_taker_come_by() -> None:
    inbox = Inbox(10)
    taking = asyncio.create_task(inbox.take())
    await asyncio.sleep(0)
    inbox.nudge()
    assert await taking == []


def test_the_cache_keeps_the_latest_within_its_size() -> None:
    cache = Cache(most_bytes=100)
    for number in range(10):
        cache.put(f"k{number}", Stored({"n": number}, {"catalog": number}), 30)
    assert [number for number in range(10) if cache.get(f"k{number}")] == [7, 8, 9]
    cache.put("k7", Stored({"n": 70}, {"catalog": 70}), 10)
    cache.put("k10", Stored({"n": 10}, {"catalog": 10}), 30)
    assert [number for number in range(11) if cache.get(f"k{number}")] == [7, 8, 9, 10]
    cache.put("k11", Stored({"n": 11}, {"catalog": 11}), 30)
    assert [number for number in range(12) if cache.get(f"k{number}")] == [7, 9, 10, 11]
    cache.drop(["k9", "never"])
    cache.put("k12", Stored({}, {}), 30)
    assert [number for number in range(13) if cache.get(f"k{number}")] == [7, 10, 11, 12]
    cache.put("large", Stored({}, {}), 101)
    assert cache.get("large") is None
