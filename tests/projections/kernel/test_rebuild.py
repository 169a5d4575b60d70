"""A view is rebuilt beside the live one, compared and swapped, while it is read and written; and one can go back."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import orjson
import pytest
import pytest_asyncio

from contracts.message import Envelope, Event
from projections.app import Projections, connected
from projections.kernel.births import begin
from projections.kernel.rebuild import CannotRebuild, Outcome
from projections.kernel.sink import Change
from projections.kernel.view import Document, Store, View
from tests.projections.diary import diary, listed, placed
from tests.projections.site import DEADLINE_SECONDS, Ledger, Running, Site, bodies, contents, projecting


@pytest.fixture
def view(store: Store) -> View:
    return diary(store)


@pytest_asyncio.fixture
async def running(site: Site, view: View) -> AsyncIterator[Running]:
    async with projecting(site, view, batch=10) as made:
        yield made


@pytest_asyncio.fixture
async def operator(site: Site, view: View) -> AsyncIterator[Projections]:
    """Another process: the command line."""
    async with connected(site, views=(view,), batch=50) as made:
        yield made


async def rebuild(operator: Projections, view: View, **options: Any) -> Outcome:
    async with asyncio.timeout(DEADLINE_SECONDS):
        return await operator.rebuild(view, lambda *_: None).run(**options)


def newer(view: View) -> View:
    """The next version of the view: it counts, too."""

    def evolve(page: Document | None, envelope: Envelope[Event]) -> Document | None:
        after = view.evolve(page, envelope)
        return after and {**after, "count": len(after["lines"])}

    return replace(view, version=2, evolve=evolve)


async def test_a_rebuild_gives_the_same_bytes_and_goes_live(
    running: Running, operator: Projections, view: View, ledger: Ledger
) -> None:
    heads = await ledger.append(*(placed(f"SKU-{n % 9}", f"c{n}") for n in range(60)))
    assert await running.reaches(view, heads) == 1
    outcome = await rebuild(operator, view)
    assert (outcome.before, outcome.after, outcome.documents, outcome.events) == (1, 2, 9, 60)
    assert outcome.comparison is not None
    assert outcome.comparison.agrees
    assert outcome.comparison.same == 9
    assert not outcome.other_version
    assert await contents(operator, view, 1) == await contents(operator, view, 2)
    heads = await ledger.append(placed("SKU-1", "after"))
    assert await running.reaches(view, heads) == 2, "the running projector goes on with the new one"
    assert await operator.sinks(view).live(view.name) == 2
    assert (await bodies(operator, view, 2))["SKU-1"] != (await bodies(operator, view, 1))["SKU-1"]


async def test_reads_and_writes_go_on_while_it_is_rebuilt_again_and_again(
    running: Running, operator: Projections, view: View, ledger: Ledger
) -> None:
    """Whoever asks for what was just written gets it, from whichever generation is live at that moment."""
    first = await ledger.append(placed("A", "0"))
    await running.reaches(view, first)
    written = ["0"]
    done = asyncio.Event()

    async def customer() -> None:
        while not done.is_set():
            heads = await ledger.append(placed("A", f"{len(written)}"))
            written.append(f"{len(written)}")
            generation = await running.reaches(view, heads)
            page: Any = (await bodies(running.projections, view, generation))["A"]
            assert page["lines"] == written

    reading = asyncio.create_task(customer())
    for expected in (2, 3, 4):
        assert (await rebuild(operator, view)).after == expected
    done.set()
    await asyncio.wait_for(reading, DEADLINE_SECONDS)
    assert await operator.sinks(view).generations(view.name) == (3, 4)


async def test_a_new_version_differs_and_says_so_and_one_can_go_back(
    running: Running, operator: Projections, view: View, ledger: Ledger
) -> None:
    heads = await ledger.append(placed("A", "1"), placed("B", "1"))
    await running.reaches(view, heads)
    outcome = await rebuild(operator, newer(view))
    assert outcome.other_version
    assert outcome.comparison is not None
    assert (outcome.comparison.different, sorted(outcome.comparison.keys)) == (2, ["A", "B"])
    heads = await ledger.append(placed("A", "2"))
    assert await running.reaches(view, heads) == 2
    assert (await operator.around.lineage.of(view.name))[2].version == 2

    async with asyncio.timeout(DEADLINE_SECONDS):
        back = await operator.rebuild(view, lambda *_: None).roll_back()
    assert (back.before, back.after, back.documents, back.comparison) == (2, 1, 2, None)
    found: Any = await bodies(operator, view, 1)
    assert found["A"] == {"lines": ["1", "2"], "position": 3}, "it caught up before it went live"
    heads = await ledger.append(placed("A", "3"))
    assert await running.reaches(view, heads) == 1

    assert (await operator.rebuild(view, lambda *_: None).roll_back()).after == 2, "and forth again"
    outcome = await rebuild(operator, view)
    assert (outcome.before, outcome.after, outcome.dropped) == (2, 3, (1,))


async def test_documents_that_differ_without_reason_are_reported(
    running: Running, operator: Projections, view: View, ledger: Ledger
) -> None:
    heads = await ledger.append(placed("A", "1"), placed("B", "1"), listed("C", "1"))
    await running.reaches(view, heads)
    sink = operator.sinks(view).open(view, 1)
    forged = {"lines": ["forged"], "position": 1}
    await sink.checkpoints("0/1")
    await sink.write([Change("A", forged, orjson.dumps(forged), {"catalog": 1}, 1)], "0/1", heads)
    await sink.write([Change("X", forged, orjson.dumps(forged), {"catalog": 1}, 0)], "0/1", heads)
    await sink.close()
    found = (await rebuild(operator, view)).comparison
    assert found is not None
    assert not found.agrees
    assert (found.same, found.different, found.only_old, found.only_new) == (2, 1, 1, 0)
    assert sorted(found.keys) == ["A", "X"]
    assert (await bodies(operator, view, 2))["A"] == {"lines": ["1"], "position": 1}


async def test_a_rebuild_that_died_leaves_the_live_one_and_is_cleaned_up_by_the_next(
    running: Running, operator: Projections, view: View, ledger: Ledger
) -> None:
    heads = await ledger.append(*(placed("A", f"{n}") for n in range(30)))
    await running.reaches(view, heads)
    before = await contents(operator, view, 1)

    def die(_done: int, _events: int) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await operator.rebuild(view, die).run()
    sinks = operator.sinks(view)
    assert await sinks.live(view.name) == 1
    assert await sinks.generations(view.name) == (1, 2)
    assert await contents(operator, view, 1) == before
    with pytest.raises(CannotRebuild, match="no previous generation"):
        await operator.rebuild(view, lambda *_: None).roll_back()
    assert (await rebuild(operator, view)).after == 2
    assert await contents(operator, view, 2) == before
    assert await sinks.generations(view.name) == (1, 2)


async def test_the_previous_generation_need_not_be_kept(
    running: Running, operator: Projections, view: View, ledger: Ledger
) -> None:
    heads = await ledger.append(placed("A", "1"))
    await running.reaches(view, heads)
    outcome = await rebuild(operator, view, keep_previous=False)
    assert outcome.dropped == (1,)
    heads = await ledger.append(placed("A", "2"))
    assert await running.reaches(view, heads) == 2
    assert await operator.sinks(view).generations(view.name) == (2,)
    with pytest.raises(CannotRebuild):
        await operator.rebuild(view, lambda *_: None).roll_back()


async def test_one_rebuild_of_a_view_at_a_time(
    site: Site, operator: Projections, view: View, ledger: Ledger
) -> None:
    await ledger.append(placed("A", "1"))
    async with connected(site, views=(view,)) as other:
        lease = await other.around.locks.try_hold(f"projection:{view.name}")
        assert lease is not None
        with pytest.raises(CannotRebuild, match="another rebuild"):
            await rebuild(operator, view)
    assert (await rebuild(operator, view)).after == 1, "before any projector ever ran"


async def test_what_was_parked_stays_with_its_generation(
    running: Running, operator: Projections, view: View, ledger: Ledger
) -> None:
    heads = await ledger.append(placed("A", "1"), placed("B", "bad"), placed("B", "2"))
    await running.reaches(view, heads)
    worse = diary(view.store, name=view.name, version=2, dislikes=lambda event: event == placed("B", "bad"))
    outcome = await rebuild(operator, worse)
    assert outcome.parked == 1
    assert outcome.comparison is not None
    assert (outcome.comparison.only_old, outcome.comparison.keys) == (1, ["B"])
    assert [one.place.generation for one in await operator.around.parking.all()] == [2]
    outcome = await rebuild(operator, diary(view.store, name=view.name, version=3))
    assert (outcome.parked, outcome.dropped) == (0, (1,))
    outcome = await rebuild(operator, diary(view.store, name=view.name, version=4))
    assert outcome.dropped == (2,)
    assert await operator.around.parking.all() == []


async def test_shares_are_rebuilt_together(site: Site, store: Store, ledger: Ledger) -> None:
    view = diary(store, partitions=3)
    async with projecting(site, view) as running:
        heads = await ledger.append(*(placed(f"SKU-{n % 20}", f"c{n}") for n in range(100)))
        await running.reaches(view, heads)
        outcome = await rebuild(running.projections, view)
        assert outcome.comparison is not None
        assert (outcome.documents, outcome.comparison.same) == (20, 20)
        heads = await ledger.append(placed("SKU-1", "more"))
        assert await running.reaches(view, heads) == 2


async def test_a_half_made_first_generation_is_made_again(site: Site, store: Store, ledger: Ledger) -> None:
    view = diary(store)
    heads = await ledger.append(placed("A", "1"))
    async with connected(site, views=(view,)) as before:
        await begin(view, 1, before.sinks(view), before.around)
    async with projecting(site, view) as running:
        assert await running.reaches(view, heads) == 1
