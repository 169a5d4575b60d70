"""A poison event stops its own document and no other, on record, until a retry has folded all it missed."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from contracts.catalog.events import ProductListed
from contracts.eventlog import names
from contracts.message import Event
from projections.app import Projections, connected
from projections.kernel.fold import Fold, Held
from projections.kernel.parking import Parked, stream_key
from projections.kernel.retries import Retries
from projections.kernel.retry_parked import NotParked, retry_parked
from projections.kernel.view import Store, View
from tests.projections.diary import diary, listed, placed
from tests.projections.running import Crash, Crashing, opened, run
from tests.projections.site import Ledger, Site, bodies, projecting, stream_of

BAD = placed("A", "bad")


def is_bad(event: Event) -> bool:
    return event == BAD


def broken(view: View, **mistakes: object) -> View:
    """The view as its author released it by mistake."""
    return diary(view.store, name=view.name, **mistakes)  # type: ignore[arg-type]


@pytest.fixture
def view(store: Store) -> View:
    return diary(store)


@pytest_asyncio.fixture
async def projections(site: Site, view: View) -> AsyncIterator[Projections]:
    async with connected(site, views=(view,), batch=3) as made:
        yield made


async def parked(projections: Projections) -> dict[str, Parked]:
    return {one.poison.key: one for one in await projections.around.parking.all()}


async def pages(projections: Projections, view: View) -> dict[str, list[str]]:
    return {key: page["lines"] for key, page in (await bodies(projections, view, 1)).items()}  # type: ignore[index]


async def test_the_poisoned_document_stops_and_the_others_go_on(
    projections: Projections, view: View, ledger: Ledger
) -> None:
    await ledger.append(placed("A", "1"), placed("B", "1"), BAD, placed("A", "3"), placed("B", "2"))
    heads = await ledger.append(placed("A", "4"), placed("B", "3"))
    async with opened(projections, view) as sink:
        await run(projections, broken(view, dislikes=is_bad), sink, heads)
        assert await pages(projections, view) == {"A": ["1"], "B": ["1", "2", "3"]}
        assert await sink.checkpoints("0/1") == heads
    record = (await parked(projections))["A"]
    assert (record.poison.ledger, record.poison.position) == ("catalog", 3)
    assert record.poison.error == "Indigestible: the diary dislikes this"
    assert "diary.py" in record.poison.traceback
    assert (record.place.view, record.place.generation, record.place.partition.label) == (view.name, 1, "0/1")


async def test_once_the_code_is_right_a_retry_folds_all_that_was_missed(
    projections: Projections, view: View, ledger: Ledger
) -> None:
    heads = await ledger.append(placed("A", "1"), BAD, placed("B", "1"), placed("A", "3"))
    async with opened(projections, view) as sink:
        await run(projections, broken(view, dislikes=is_bad), sink, heads)
    still = await retry_parked(
        broken(view, dislikes=is_bad), "A", projections.sinks(view), projections.around
    )
    assert [one.poison.key for one in still] == ["A"]
    assert await pages(projections, view) == {"A": ["1"], "B": ["1"]}
    heads = await ledger.append(placed("A", "4"))
    assert await retry_parked(view, "A", projections.sinks(view), projections.around) == []
    assert await pages(projections, view) == {"A": ["1", "bad", "3"], "B": ["1"]}, "as far as the view is"
    async with opened(projections, view) as sink:
        await run(projections, view, sink, heads)
    assert await pages(projections, view) == {"A": ["1", "bad", "3", "4"], "B": ["1"]}
    assert await parked(projections) == {}
    with pytest.raises(NotParked):
        await retry_parked(view, "A", projections.sinks(view), projections.around)


async def test_a_retry_that_meets_another_poison_stops_there(
    projections: Projections, view: View, ledger: Ledger
) -> None:
    heads = await ledger.append(
        placed("A", "1"), BAD, placed("A", "3"), placed("A", "worse"), placed("A", "5")
    )
    async with opened(projections, view) as sink:
        await run(projections, broken(view, dislikes=is_bad), sink, heads)
    half_right = broken(view, dislikes=lambda event: event == placed("A", "worse"))
    still = await retry_parked(half_right, "A", projections.sinks(view), projections.around)
    assert [(one.poison.key, one.poison.position) for one in still] == [("A", 4)]
    assert await pages(projections, view) == {"A": ["1", "bad", "3"]}
    assert await retry_parked(view, "A", projections.sinks(view), projections.around) == []
    assert await pages(projections, view) == {"A": ["1", "bad", "3", "worse", "5"]}


async def test_an_event_that_cannot_be_read_stops_its_stream(
    projections: Projections, view: View, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = stream_of(placed("A", "x"))
    await ledger.append(placed("A", "1"), placed("B", "1"))
    await ledger.append_raw(stream, ProductListed.type, b'{"sku": "A", "name_in_a_shape_to_come": "Panadol"}')
    heads = await ledger.append(placed("A", "3"), placed("B", "2"))
    async with opened(projections, view) as sink:
        await run(projections, view, sink, heads)
        assert await pages(projections, view) == {"A": ["1"], "B": ["1", "2"]}
        records = await parked(projections)
        assert set(records) == {stream_key(stream)}
        assert "proprietary_name" in records[stream_key(stream)].poison.error

        still = await retry_parked(view, stream_key(stream), projections.sinks(view), projections.around)
        assert [one.poison.key for one in still] == [stream_key(stream)]
        assert not still[0].retry_requested

        decode = names.decode
        monkeypatch.setattr(
            names, "decode",
            lambda kind, data: listed("A", "Panadol") if b"shape_to_come" in data else decode(kind, data),
        )  # fmt: skip
        assert await retry_parked(view, stream_key(stream), projections.sinks(view), projections.around) == []
        assert await pages(projections, view) == {"A": ["1", "Panadol", "3"], "B": ["1", "2"]}
        heads = await ledger.append(placed("A", "4"))
        await run(projections, view, sink, heads)
    assert await pages(projections, view) == {"A": ["1", "Panadol", "3", "4"], "B": ["1", "2"]}


async def test_one_document_fed_by_many_streams_is_folded_anew_after_its_stream_was_stuck(
    site: Site, store: Store, ledger: Ledger
) -> None:
    def one_page(**mistakes: object) -> View:
        view = diary(store, name="one_page", **mistakes)  # type: ignore[arg-type]
        odd = view.key

        def key(envelope: object) -> str:
            odd(envelope)  # type: ignore[arg-type]
            return "all"

        return diary(store, name="one_page", key=key)

    good, bad = one_page(), one_page(unnameable=is_bad)
    heads = await ledger.append(
        placed("A", "a1"), placed("B", "b1"), BAD, placed("B", "b2"), placed("A", "a3")
    )
    async with connected(site, views=(good,), batch=2) as mine, opened(mine, good) as sink:
        await run(mine, bad, sink, heads)
        assert await pages(mine, good) == {"all": ["a1", "b1", "b2"]}, "the stream of A is stuck"
        assert await retry_parked(good, stream_key(stream_of(BAD)), mine.sinks(good), mine.around) == []
        assert await pages(mine, good) == {"all": ["a1", "b1", "bad", "b2", "a3"]}, (
            "in the order of the ledger"
        )
        await run(mine, good, sink, await ledger.append(placed("A", "a4")))
        assert await pages(mine, good) == {"all": ["a1", "b1", "bad", "b2", "a3", "a4"]}


async def test_it_is_on_record_before_the_checkpoint_passes_it(
    projections: Projections, view: View, ledger: Ledger
) -> None:
    heads = await ledger.append(placed("B", "1"), BAD, placed("A", "2"))
    async with opened(projections, view) as sink:
        with pytest.raises(Crash):
            await run(
                projections, broken(view, dislikes=is_bad), Crashing(sink, 1, documents_written=False), heads
            )
        assert await sink.checkpoints("0/1") == {}
        assert set(await parked(projections)) == {"A"}
        await run(projections, broken(view, dislikes=is_bad), sink, heads)
        assert set(await parked(projections)) == {"A"}
        assert await pages(projections, view) == {"B": ["1"]}
    await retry_parked(view, "A", projections.sinks(view), projections.around)
    assert await pages(projections, view) == {"A": ["bad", "2"], "B": ["1"]}


async def test_what_comes_while_a_retry_collects_is_folded_too(
    projections: Projections, view: View, ledger: Ledger
) -> None:
    early = await ledger.append(placed("A", "1"), BAD, placed("A", "3"))
    async with opened(projections, view) as sink:
        place = (await run(projections, broken(view, dislikes=is_bad), sink, early)).place
        held = Held(["A"])
        retries = Retries(place, Fold(view, place.partition), held, sink, projections.around)
        retry = await retries.collect("A", early)
        assert retry is not None
        late = await ledger.append(placed("B", "1"), placed("A", "4"))
        await run(projections, view, sink, late)
        assert await pages(projections, view) == {"A": ["1"], "B": ["1"]}
        assert await retries.finish(retry, late, await sink.checkpoints("0/1")) == {"A"}
        assert await pages(projections, view) == {"A": ["1", "bad", "3", "4"], "B": ["1"]}
    assert len(held) == 0
    assert await parked(projections) == {}


async def test_the_running_owner_retries_while_it_goes_on(site: Site, store: Store, ledger: Ledger) -> None:
    right = False
    view = diary(store, dislikes=lambda event: event == BAD and not right)
    async with projecting(site, view, batch=5) as running, connected(site, views=(view,)) as operator:
        heads = await ledger.append(placed("A", "1"), BAD, placed("A", "3"))
        await running.reaches(view, heads)
        right = True  # a new release
        heads = await ledger.append(*(placed("B", f"{n}") for n in range(20)), placed("A", "4"))
        assert await retry_parked(view, "A", operator.sinks(view), operator.around) == []
        heads = await ledger.append(placed("A", "5"), *(placed("B", f"{n}") for n in range(20, 40)))
        await running.reaches(view, heads)
        assert await pages(running.projections, view) == {
            "A": ["1", "bad", "3", "4", "5"],
            "B": [f"{n}" for n in range(40)],
        }
        assert await parked(running.projections) == {}
