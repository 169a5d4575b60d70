"""However a history was cut into batches, crashed on and replayed, every view holds the bytes of a fresh rebuild."""

from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from uuid import uuid4

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.message import Event
from projections.app import Projections, connected
from projections.catalog import category_tree, product_card, product_page
from projections.kernel.view import Store, View
from tests.projections.diary import diary
from tests.projections.histories import histories
from tests.projections.running import Crash, Crashing, opened, run
from tests.projections.site import Ledger, Site, contents

SHARE = "0/1"
VIEWS = (product_page.VIEW, product_card.VIEW, category_tree.VIEW, diary(Store.REDIS, name="diary"))


@dataclass(frozen=True)
class Leg:
    """One stretch of a history: so many events more, in batches of at most so many, and how it ends."""

    events: int
    batch: int
    crash_at_write: int | None
    documents_written: bool


STRAIGHT = Leg(0, 10_000, None, documents_written=False)
legs = st.lists(
    st.builds(Leg, st.integers(0, 25), st.integers(1, 12), st.none() | st.integers(1, 4), st.booleans()),
    max_size=4,
)


@pytest_asyncio.fixture
async def sharded(site: Site, second_shard: str) -> AsyncIterator[tuple[Site, Ledger]]:
    both = replace(site, ledger_dsns=(site.postgres_dsn, second_shard))
    ledger = Ledger(both.ledger_dsns)
    yield both, ledger
    await ledger.close()


@pytest.mark.timeout(300)
@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(events=histories(), journey=legs)
async def test_incremental_equals_rebuild(
    sharded: tuple[Site, Ledger], store: Store, events: list[Event], journey: list[Leg]
) -> None:
    site, ledger = sharded
    marker = uuid4().hex[:8].upper()
    mine = [event.model_copy(update=_renamed(event, marker)) for event in events]
    base, stops = dict(ledger.heads), []
    for leg in journey:
        stops.append(await ledger.append(*mine[: leg.events]))
        del mine[: leg.events]
    end = await ledger.append(*mine)
    views = [replace(view, name=f"{view.name}_{marker.lower()}", store=store) for view in VIEWS]
    async with connected(site, views=views) as projections:
        for view in views:
            await _travel(projections, view, 1, base, [*zip(journey, stops, strict=True), (STRAIGHT, end)])
            await _travel(projections, view, 2, base, [(STRAIGHT, end)])
            assert await contents(projections, view, 1) == await contents(projections, view, 2)
        assert await projections.around.parking.all() == []


async def _travel(
    projections: Projections,
    view: View,
    generation: int,
    base: dict[str, int],
    journey: Sequence[tuple[Leg, dict[str, int]]],
) -> None:
    async with opened(projections, view, generation) as sink:
        await sink.checkpoints(SHARE)
        await sink.write((), SHARE, base)
    for leg, heads in journey:
        cut = replace(projections, around=replace(projections.around, batch=leg.batch))
        async with opened(projections, view, generation) as sink:
            crash = leg.crash_at_write or 1_000_000
            crashing = Crashing(sink, crash, documents_written=leg.documents_written)
            with suppress(Crash):
                await run(cut, view, crashing, heads, generation=generation)


def _renamed(event: Event, marker: str) -> dict[str, str]:
    """Streams of this example's own: an earlier example has left its events in the ledger."""
    sku = getattr(event, "sku", None)
    return {"sku": f"{sku}-{marker}"} if sku else _renamed_slugs(event, marker.lower())


def _renamed_slugs(event: Event, marker: str) -> dict[str, str]:
    parent = getattr(event, "parent", None)
    slugs = {"slug": f"{getattr(event, 'slug', '')}-{marker}"}
    return slugs | ({"parent": f"{parent}-{marker}"} if parent else {})
