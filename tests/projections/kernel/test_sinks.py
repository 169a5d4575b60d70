"""Every store keeps the same promises: guarded writes, a checkpoint that never runs ahead, whole documents."""

from collections.abc import AsyncIterator

import orjson
import pytest
import pytest_asyncio

from projections.app import connected
from projections.kernel.sink import Change, CheckpointMoved, SinkFactory, Stored
from projections.kernel.view import Document, Store, View
from tests.projections.diary import diary
from tests.projections.site import Site

SHARE = "0/1"


def change(key: str, document: Document | None, at: int, loaded: int = 0, *, state: bytes = b"") -> Change:
    return Change(key, document, orjson.dumps(document), {"catalog": at}, loaded, state)


@pytest.fixture
def view(store: Store) -> View:
    return diary(store, indexes=("lines",))


@pytest_asyncio.fixture
async def sinks(site: Site, view: View) -> AsyncIterator[SinkFactory]:
    async with connected(site, views=(view,)) as projections:
        yield projections.sinks(view)


async def test_what_is_written_is_loaded_again(sinks: SinkFactory, view: View) -> None:
    sink = sinks.open(view, 1)
    await sink.prepare()
    await sink.prepare()
    assert await sink.checkpoints(SHARE) == {}
    assert await sink.load(["a", "b"]) == {}
    document = {"lines": ["æ", 'quote " and \\ and \u2028'], "n": None, "f": 0.1, "deep": {"x": [True, -5]}}
    assert (
        await sink.write([change("a", document, 3), change("b", None, 4)], SHARE, {"catalog": 4})
        == frozenset()
    )
    assert await sink.load(["a", "b", "c"]) == {
        "a": Stored(document, {"catalog": 3}),
        "b": Stored(None, {"catalog": 4}),
    }
    assert await sink.checkpoints(SHARE) == {"catalog": 4}
    assert await sink.checkpoints("1/2") == {}
    await sink.close()


async def test_a_document_that_remembers_more_than_it_shows_is_loaded_whole(
    sinks: SinkFactory, view: View
) -> None:
    sink = sinks.open(view, 1)
    await sink.prepare()
    hidden = Change("draft", {"x": 1}, b"null", {"catalog": 1}, 0, b'{"x":1}')
    shown = Change("page", {"x": 1, "y": 2}, b'{"x":1}', {"catalog": 2}, 0, b'{"x":1,"y":2}')
    await sink.write([hidden, shown], SHARE, {"catalog": 2})
    loaded = await sink.load(["draft", "page"])
    assert [loaded[key].document for key in ("draft", "page")] == [{"x": 1}, {"x": 1, "y": 2}]
    assert await sink.count() == 2
    assert {key: content async for key, _, content in sink.scan()} == {
        "draft": b'{"x":1}null',
        "page": b'{"x":1,"y":2}{"x":1}',
    }
    await sink.write([change("draft", {"x": 5}, 3, 1)], SHARE, {"catalog": 3})
    assert (await sink.load(["draft"]))["draft"].document == {"x": 5}
    await sink.close()


async def test_a_write_from_another_revision_is_refused_and_keeps_the_checkpoint(
    sinks: SinkFactory, view: View
) -> None:
    sink = sinks.open(view, 1)
    await sink.prepare()
    await sink.write([change("a", {"n": 1}, 1), change("b", {"n": 1}, 2)], SHARE, {"catalog": 2})
    stale = [
        change("a", {"n": 9}, 9),  # as if it had not been there
        change("b", {"n": 9}, 9, loaded=1),  # from a revision that it no longer has
        change("gone", {"n": 9}, 9, loaded=5),  # from a revision that was lost
        change("c", {"n": 3}, 3),
    ]
    assert await sink.write(stale, SHARE, {"catalog": 9}) == {"a", "b", "gone"}
    assert await sink.checkpoints(SHARE) == {"catalog": 2}
    loaded = await sink.load(["a", "b", "c", "gone"])
    assert {key: stored.document for key, stored in loaded.items()} == {
        "a": {"n": 1},
        "b": {"n": 1},
        "c": {"n": 3},
    }
    assert await sink.write([change("b", {"n": 4}, 4, loaded=2)], SHARE, {"catalog": 4}) == frozenset()
    assert (await sink.load(["b"]))["b"] == Stored({"n": 4}, {"catalog": 4})
    await sink.close()


async def test_a_checkpoint_that_somebody_else_moved_is_noticed(sinks: SinkFactory, view: View) -> None:
    one, other = sinks.open(view, 1), sinks.open(view, 1)
    await one.prepare()
    assert await one.checkpoints(SHARE) == await other.checkpoints(SHARE) == {}
    await one.write([change("a", {"n": 1}, 1)], SHARE, {"catalog": 1})
    with pytest.raises(CheckpointMoved):
        await other.write([change("b", {"n": 2}, 2)], SHARE, {"catalog": 2})
    assert await other.checkpoints(SHARE) == {"catalog": 1}
    await other.write([], SHARE, {"catalog": 3})
    with pytest.raises(CheckpointMoved):
        await one.write([], SHARE, {"catalog": 2})
    assert await one.checkpoints(SHARE) == {"catalog": 3}
    await one.close()
    await other.close()


async def test_many_documents_at_once(sinks: SinkFactory, view: View) -> None:
    sink = sinks.open(view, 1)
    await sink.prepare()
    keys = [f"k{number}" for number in range(1, 1_203)]
    changes = [change(key, {"lines": [key]}, number) for number, key in enumerate(keys, start=1)]
    assert await sink.write(changes, SHARE, {"catalog": 1_202}) == frozenset()
    assert len(await sink.load(keys)) == await sink.count() == 1_202
    again = [change(key, {"lines": [key, "2"]}, 2_000 + n, n) for n, key in enumerate(keys, start=1)]
    again[700] = change("k701", {"lines": []}, 2_701, loaded=9_999)
    assert await sink.write(again, SHARE, {"catalog": 4_000}) == {"k701"}
    assert await sink.checkpoints(SHARE) == {"catalog": 1_202}
    await sink.close()


async def test_generations_live_side_by_side_and_only_one_is_live(sinks: SinkFactory, view: View) -> None:
    assert await sinks.live(view.name) is None
    for number in (1, 2, 10):
        sink = sinks.open(view, number)
        await sink.prepare()
        await sink.write([change("a", {"n": number}, number)], SHARE, {"catalog": number})
        await sink.close()
    await sinks.swap(view.name, 2)
    assert await sinks.live(view.name) == 2
    await sinks.swap(view.name, 10)
    assert await sinks.live(view.name) == 10
    assert await sinks.generations(view.name) == (1, 2, 10)
    assert await sinks.generations("diary") == ()
    gone = sinks.open(view, 1)
    await gone.drop()
    await gone.drop()
    await gone.close()
    assert await sinks.generations(view.name) == (2, 10)
    other = sinks.open(view, 10)
    assert (await other.load(["a"]))["a"].document == {"n": 10}
    assert await other.checkpoints(SHARE) == {"catalog": 10}
    await other.close()
