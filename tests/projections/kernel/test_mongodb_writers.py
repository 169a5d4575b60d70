"""A writer that was killed in the middle of a transaction holds nobody up, and does no harm if it was only asleep."""

import asyncio
from collections.abc import AsyncIterator

import pytest_asyncio

from projections.kernel.sink import Change
from projections.kernel.sinks.mongodb import MongodbSink, MongodbSinks
from projections.kernel.view import Store, View
from tests.projections.diary import diary
from tests.projections.site import Site

SHARE = "0/1"
DEADLINE = 10.0


def change(key: str, n: int, at: int) -> Change:
    return Change(key, {"n": n}, b'{"n":%d}' % n, {"catalog": at}, 0)


async def writer(site: Site, view: View) -> AsyncIterator[tuple[MongodbSinks, MongodbSink]]:
    sinks = MongodbSinks(site.mongodb_url)
    sink = sinks.open(view, 1)
    await sink.prepare()
    await sink.checkpoints(SHARE)
    yield sinks, sink
    await sink.close()
    await sinks.close()


one = pytest_asyncio.fixture(writer)
other = pytest_asyncio.fixture(writer)
Writer = tuple[MongodbSinks, MongodbSink]


@pytest_asyncio.fixture
async def view() -> View:
    return diary(Store.MONGODB)


async def test_the_next_writer_ends_what_the_one_before_left_open(one: Writer, other: Writer) -> None:
    _, killed = one
    _, sink = other
    session = await killed._session(f"{killed._generation.name}:{SHARE}")  # noqa: SLF001 - as its own write does
    await session.start_transaction()
    await killed._collection.insert_one({"_id": "a", "n": 1}, session=session)  # noqa: SLF001 - as above
    async with asyncio.timeout(DEADLINE):
        assert await sink.write([change("a", 2, 2), change("b", 2, 3)], SHARE, {"catalog": 3}) == frozenset()
    loaded = await sink.load(["a", "b"])
    assert [loaded[key].document for key in ("a", "b")] == [{"n": 2}, {"n": 2}]


async def test_a_writer_that_only_slept_writes_nothing_over(one: Writer, other: Writer) -> None:
    _, sleeper = one
    _, sink = other
    await sleeper.write([change("a", 1, 1)], SHARE, {"catalog": 1})
    await sink.checkpoints(SHARE)
    await sink.write([change("b", 2, 2)], SHARE, {"catalog": 2})
    assert await sleeper.write([change("b", 9, 2)], SHARE, {"catalog": 2}) == {"b"}
    loaded = await sink.load(["a", "b"])
    assert [loaded[key].document for key in ("a", "b")] == [{"n": 1}, {"n": 2}]


async def test_a_generation_is_dropped_although_its_writer_was_killed(one: Writer, other: Writer) -> None:
    _, killed = one
    sinks, sink = other
    session = await killed._session(f"{killed._generation.name}:{SHARE}")  # noqa: SLF001 - as its own write does
    await session.start_transaction()
    await killed._collection.insert_one({"_id": "a", "n": 1}, session=session)  # noqa: SLF001 - as above
    async with asyncio.timeout(DEADLINE):
        await sink.drop()
    name = killed._view.name  # noqa: SLF001 - its own name
    assert await sinks.generations(name) == ()
