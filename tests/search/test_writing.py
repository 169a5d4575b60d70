"""What a projector relies on: guards, tombstones, checkpoints, generations; the same in either store."""

import orjson
import pytest

from contracts.errors import StoreUnavailable
from projections.kernel.sink import Change, Stored
from tests.search.shelf import MAPPING, SHARE, SHELF, SHOWN, Shelf, change, medicine, view_of

ASPIRIN, DISPRIN = medicine("Aspirin"), medicine("Disprin")


async def test_what_is_written_is_loaded_again_and_found_at_once(shelf: Shelf) -> None:
    sink = shelf.sinks.open(shelf.view, 1)
    await sink.prepare()
    await sink.prepare()
    assert await sink.checkpoints(SHARE) == {}
    assert await sink.load(["a", "b"]) == {}
    await shelf.sinks.swap(shelf.view.name, 1)
    odd = {
        **ASPIRIN,
        "note": ["æ", 'quote " and \\ and \u2028'],
        "n": None,
        "f": 0.1,
        "deep": {"x": [True, -5]},
    }
    written = [change("a", odd, 3), change("b", None, 4)]
    assert await sink.write(written, SHARE, {"catalog": 4, "catalog.1": 7}) == frozenset()
    assert await sink.load(["a", "b", "c"]) == {
        "a": Stored(odd, {"catalog": 3}),
        "b": Stored(None, {"catalog": 4}),
    }
    assert await sink.checkpoints(SHARE) == {"catalog": 4, "catalog.1": 7}
    assert await sink.checkpoints("1/2") == {}
    assert await shelf.keys("aspirin") == ["a"]
    assert [row async for row in sink.scan()] == [("a", {"catalog": 3}, orjson.dumps(odd))]
    assert await sink.count() == 1
    await sink.close()


async def test_a_document_that_remembers_more_than_it_shows_is_loaded_whole(shelf: Shelf) -> None:
    sink = shelf.sinks.open(shelf.view, 1)
    await sink.prepare()
    await sink.write(
        [Change("a", ASPIRIN, b'{"x":1}', {"catalog": 1}, 0, orjson.dumps(ASPIRIN))], SHARE, {"catalog": 1}
    )
    assert (await sink.load(["a"]))["a"].document == ASPIRIN
    assert [content async for _, _, content in sink.scan()] == [orjson.dumps(ASPIRIN) + b'{"x":1}']
    await sink.close()


async def test_a_changed_document_is_found_by_what_it_says_now(shelf: Shelf) -> None:
    sink = await shelf.fill({"a": ASPIRIN})
    assert not await sink.write([change("a", DISPRIN, 2, loaded=1)], SHARE, {"catalog": 2})
    assert await shelf.keys("aspirin") == []
    assert await shelf.keys("disprin") == ["a"]
    assert not await sink.write([change("a", None, 3, loaded=2)], SHARE, {"catalog": 3})
    assert await shelf.keys("disprin") == []
    assert (await shelf.search()).total == await sink.count() == 0
    assert (await sink.load(["a"])) == {"a": Stored(None, {"catalog": 3})}
    assert not await sink.write([change("a", ASPIRIN, 4, loaded=3)], SHARE, {"catalog": 4})
    assert await shelf.keys("aspirin") == ["a"]


async def test_a_write_from_another_revision_is_refused_and_keeps_the_checkpoint(shelf: Shelf) -> None:
    sink = await shelf.fill({"a": ASPIRIN, "b": ASPIRIN})
    stale = [
        change("a", DISPRIN, 9),  # as if it had not been there
        change("b", DISPRIN, 9, loaded=1),  # from a revision that it no longer has
        change("gone", DISPRIN, 9, loaded=5),  # from a revision that was lost
        change("c", DISPRIN, 3),
    ]
    assert await sink.write(stale, SHARE, {"catalog": 9}) == {"a", "b", "gone"}
    assert await sink.checkpoints(SHARE) == {"catalog": 2}
    loaded = await sink.load(["a", "b", "c", "gone"])
    assert {key: found.document for key, found in loaded.items()} == {
        "a": ASPIRIN,
        "b": ASPIRIN,
        "c": DISPRIN,
    }
    assert await sink.write([change("b", DISPRIN, 4, loaded=2)], SHARE, {"catalog": 4}) == frozenset()
    assert (await sink.load(["b"]))["b"] == Stored(DISPRIN, {"catalog": 4})
    assert set(await shelf.keys("disprin")) == {"b", "c"}


async def test_a_higher_revision_folded_from_an_unseen_one_is_refused(shelf: Shelf) -> None:
    """Of a view that reads two ledgers, 6 = 1 + 5 is higher than 5 = 3 + 2 and yet has not seen what the latter has."""
    sink = await shelf.fill({"a": ASPIRIN})
    seen = Change("a", DISPRIN, orjson.dumps(DISPRIN), {"catalog": 3, "pricing": 2}, 1)
    unseen = Change("a", ASPIRIN, orjson.dumps(ASPIRIN), {"catalog": 1, "pricing": 5}, 1)
    assert await sink.write([seen], SHARE, {"catalog": 3}) == frozenset()
    assert await sink.write([unseen], SHARE, {"catalog": 3}) == {"a"}
    assert await shelf.keys("disprin") == ["a"]


async def test_generations_live_side_by_side_and_only_one_is_read(shelf: Shelf) -> None:
    name = shelf.view.name
    assert await shelf.sinks.live(name) is None
    assert await shelf.sinks.generations(name) == ()
    with pytest.raises(StoreUnavailable):
        await shelf.search("aspirin")
    await (await shelf.fill({"a": ASPIRIN})).close()
    await (await shelf.fill({"a": DISPRIN}, generation=2)).close()
    await (await shelf.fill({}, generation=10)).close()
    assert await shelf.sinks.generations(name) == (1, 2, 10)
    assert await shelf.sinks.live(name) == 10
    assert await shelf.keys("aspirin", generation=1) == ["a"]
    assert await shelf.keys("disprin", generation=2) == ["a"]
    assert (await shelf.search(generation=10)).total == 0
    await shelf.sinks.swap(name, 2)
    assert await shelf.sinks.live(name) == 2
    gone = shelf.sinks.open(shelf.view, 1)
    await gone.drop()
    await gone.drop()
    await gone.close()
    assert await shelf.sinks.generations(name) == (2, 10)
    with pytest.raises(StoreUnavailable):
        await shelf.search("aspirin", generation=1)
    sink = shelf.sinks.open(shelf.view, 2)
    assert await sink.checkpoints(SHARE) == {"catalog": 1}
    again = shelf.sinks.open(shelf.view, 1)
    await again.prepare()
    assert await again.checkpoints(SHARE) == {}
    assert await again.load(["a"]) == {}
    await sink.close()
    await again.close()


async def test_what_is_built_beside_the_live_one_is_whole_when_it_is_swapped_in(shelf: Shelf) -> None:
    """Batches of a generation that nobody reads may be made durable later; the swap sees to it that nothing is missing."""
    live = await shelf.fill({"a": ASPIRIN})
    built = shelf.sinks.open(shelf.view, 2)
    await built.prepare()
    for at, (key, document) in enumerate(SHELF.items(), start=1):
        assert not await built.write([change(key, document, at)], SHARE, {"catalog": at})
        assert await built.checkpoints(SHARE) == {"catalog": at}
    assert (await built.load(["para"]))["para"].document == SHELF["para"]
    assert not await built.write([change("para", None, 99, loaded=1)], SHARE, {"catalog": 99})
    assert await shelf.keys("aspirin") == ["a"]
    await shelf.sinks.swap(shelf.view.name, 2)
    assert {hit.key for hit in (await shelf.search(limit=50, generation=2)).hits} == SHOWN - {"para"}
    await live.close()
    await built.close()


async def test_many_documents_at_once(shelf: Shelf) -> None:
    sink = shelf.sinks.open(shelf.view, 1)
    await sink.prepare()
    keys = [f"K{number:04}" for number in range(1, 1_203)]
    changes = [change(key, {"status": "published", "name": key}, at) for at, key in enumerate(keys, start=1)]
    assert await sink.write(changes, SHARE, {"catalog": 1_202}) == frozenset()
    assert len(await sink.load(keys)) == await sink.count() == 1_202
    assert {key async for key, _, _ in sink.scan()} == set(keys)
    again = [change(key, {"name": key}, 2_000 + at, at) for at, key in enumerate(keys[:900], start=1)]
    again[700] = change("K0701", {"name": "lost"}, 2_701, loaded=9_999)
    assert await sink.write(again, SHARE, {"catalog": 4_000}) == {"K0701"}
    assert await sink.checkpoints(SHARE) == {"catalog": 1_202}
    await sink.close()


async def test_a_view_without_a_mapping_is_a_mistake(shelf: Shelf) -> None:
    view = view_of("bare", MAPPING)
    object.__setattr__(view, "mapping", None)
    with pytest.raises(TypeError, match="bare"):
        shelf.sinks.open(view, 1)
