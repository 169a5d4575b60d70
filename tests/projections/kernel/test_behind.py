"""A new generation is written while folding goes on, and in the end the store holds the same as if it had waited."""

from collections.abc import AsyncIterator

import orjson
import pytest
import pytest_asyncio

from projections.app import connected
from projections.kernel.sink import Change, CheckpointMoved, SinkFactory, Stored
from projections.kernel.sinks.behind import WriteBehind
from projections.kernel.view import Store, View
from tests.projections.diary import diary
from tests.projections.site import Site

SHARE = "0/1"
MANY = 1_500
"""More than wait for others before the store is asked."""


def change(key: str, at: int, loaded: int = 0) -> Change:
    document = {"at": at}
    return Change(key, document, orjson.dumps(document), {"catalog": at}, loaded)


@pytest.fixture
def view(store: Store) -> View:
    return diary(store)


@pytest_asyncio.fixture
async def sinks(site: Site, view: View) -> AsyncIterator[SinkFactory]:
    async with connected(site, views=(view,)) as projections:
        yield projections.sinks(view)


async def test_everything_handed_in_is_there_when_it_is_asked_for(sinks: SinkFactory, view: View) -> None:
    behind = WriteBehind(sinks.open(view, 1))
    await behind.prepare()
    assert await behind.checkpoints(SHARE) == {}
    first = [change(f"k{number}", number + 1) for number in range(MANY)]
    assert await behind.write(first, SHARE, {"catalog": MANY}) == frozenset()
    again = [change("k0", MANY + 1, 1), change("new", MANY + 2)]
    assert await behind.write(again, SHARE, {"catalog": MANY + 2}) == frozenset()
    assert await behind.write([change("k0", MANY + 3, MANY + 1)], SHARE, {"catalog": MANY + 3}) == frozenset()
    assert await behind.checkpoints(SHARE) == {"catalog": MANY + 3}
    assert await behind.load(["k0", "k1", "never"]) == {
        "k0": Stored({"at": MANY + 3}, {"catalog": MANY + 3}),
        "k1": Stored({"at": 2}, {"catalog": 2}),
    }
    assert await behind.count() == MANY + 1
    await behind.close()
    plain = sinks.open(view, 1)
    assert await plain.checkpoints(SHARE) == {"catalog": MANY + 3}
    assert len([key async for key, _, _ in plain.scan()]) == MANY + 1
    await plain.close()


async def test_what_was_never_handed_in_is_not_looked_for(sinks: SinkFactory, view: View) -> None:
    plain, behind = sinks.open(view, 1), WriteBehind(sinks.open(view, 1))
    await plain.prepare()
    await plain.write([change("there", 1)], SHARE, {"catalog": 1})
    assert await behind.load(["there"]) == {}
    await behind.close()
    await plain.close()


async def test_a_checkpoint_alone_is_written_too(sinks: SinkFactory, view: View) -> None:
    behind = WriteBehind(sinks.open(view, 1))
    await behind.prepare()
    await behind.write((), SHARE, {"catalog": 7})
    assert await behind.count() == 0
    await behind.close()
    plain = sinks.open(view, 1)
    assert await plain.checkpoints(SHARE) == {"catalog": 7}
    await plain.close()


async def test_somebody_else_in_the_same_generation_ends_it(sinks: SinkFactory, view: View) -> None:
    other, behind = sinks.open(view, 1), WriteBehind(sinks.open(view, 1))
    await other.prepare()
    await behind.checkpoints(SHARE)
    await other.write([change("mine", 1)], SHARE, {"catalog": 1})
    await behind.write([change("mine", 2)], SHARE, {"catalog": 2})
    with pytest.raises(CheckpointMoved):
        await behind.count()
    await behind.close()
    await other.close()
