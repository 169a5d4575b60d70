"""The projecting process: every view of the product, killed again and again under load, ends with the right bytes."""

import asyncio
import os
import random
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from contracts.catalog.events import (
    CategoryDefined,
    ProductClassified,
    ProductListed,
    ProductPlacedInCategory,
    ProductPublished,
    ProductRevised,
    ProductWithdrawn,
)
from contracts.catalog.product import CategoryNames, Ingredient, LegalClass, WithdrawalReason
from contracts.message import Event
from contracts.readmodel.positions import PositionsFeed
from ops.settings import Settings
from projections.app import VIEWS, connected, view_status
from tests.conftest import Stack
from tests.projections.site import DEADLINE_SECONDS, Ledger, Site, contents

ROOT = Path(__file__).parents[2]


@pytest.fixture
def settings(stack: Stack, site: Site, tmp_path: Path) -> Settings:
    """The settings of a whole projector on the site's databases, with a search folder of its own."""
    return stack.settings.model_copy(
        update={
            "postgres_dsn": site.postgres_dsn,
            "redis_url": site.redis_url,
            "mongodb_url": site.mongodb_url,
            "data_dir": tmp_path,
        }
    )


@asynccontextmanager
async def projector(settings: Settings, log: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """A projector in a process of its own."""
    with log.open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "ops.projector", cwd=ROOT, env=os.environ | settings.to_environment(),
            stdout=output, stderr=output,
        )  # fmt: skip
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()


@pytest.fixture
async def feed(site: Site) -> AsyncIterator[PositionsFeed]:
    opened = PositionsFeed(site.postgres_dsn)
    await opened.open()
    yield opened
    await opened.close()


def catalogue(products: int) -> Iterator[Event]:
    """A small catalogue as it is filled, changed and cleaned up."""
    for number in range(6):
        yield CategoryDefined(
            slug=f"shelf-{number}", names=CategoryNames(en=f"Shelf {number}"),
            parent=f"shelf-{number // 2}" if number > 1 else None,
        )  # fmt: skip
    for number in range(products):
        sku = f"SKU-{number}"
        ingredient = Ingredient(name="PARACETAMOL", amount="500", unit="mg")
        details = {
            "sku": sku,
            "generic_name": "Paracetamol",
            "ingredients": (ingredient,),
            "manufacturer": "Dawa Ltd",
        }
        yield ProductListed(proprietary_name=f"Panadol {number}", dosage_form="TABLET", **details)
        yield ProductClassified(sku=sku, legal_class=LegalClass.PHARMACY_ONLY)
        yield ProductPlacedInCategory(sku=sku, category=f"shelf-{number % 6}")
        yield ProductPublished(sku=sku)
        if number % 3 == 0:
            yield ProductRevised(
                proprietary_name=f"Panadol Extra {number}", changed=("proprietary_name",), **details
            )
        if number % 5 == 0:
            yield ProductWithdrawn(sku=sku, reason=WithdrawalReason.DISCONTINUED, note="No longer made.")


async def test_a_killed_projector_leaves_every_view_as_a_rebuild_would(
    settings: Settings, ledger: Ledger, feed: PositionsFeed, tmp_path: Path
) -> None:
    events = list(catalogue(150))
    chance = random.Random(20260301)  # noqa: S311 - a repeatable choice of moments
    writing = asyncio.create_task(ledger.append(*events))
    log = tmp_path / "projector.log"
    for _ in range(4):
        async with projector(settings, log) as process:
            moment = ledger.heads["catalog"] + chance.randrange(5, 60)
            view = chance.choice(VIEWS)
            done, _ = await asyncio.wait(
                [asyncio.create_task(feed.wait(view.name, {"catalog": moment}, DEADLINE_SECONDS)), writing],
                return_when=asyncio.FIRST_COMPLETED,
            )
            assert done
            process.send_signal(signal.SIGKILL)
            assert await process.wait() == -signal.SIGKILL
    heads = await writing
    async with projector(settings, log) as process:
        for view in VIEWS:
            assert await feed.wait(view.name, heads, DEADLINE_SECONDS) == 1
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), DEADLINE_SECONDS) == 0
    for status in await view_status(settings):
        assert (status.generation, status.positions, status.lag, status.parked, status.outdated) == (
            1,
            heads,
            0,
            0,
            False,
        )
    async with connected(settings) as projections:
        for view in VIEWS:
            outcome = await projections.rebuild(view, lambda *_: None).run()
            assert outcome.comparison is not None
            assert outcome.comparison.agrees, f"{view.name}: {outcome.comparison}"
            assert outcome.comparison.same == outcome.documents
            assert await contents(projections, view, 1) == await contents(projections, view, 2)
        counts = {view.name: len(await contents(projections, view, 2)) for view in VIEWS}
    assert counts["product_page"] == counts["product_card"] == 150
    assert counts["category_tree"] == 1


async def test_two_projectors_share_the_views_and_either_can_go(
    settings: Settings, ledger: Ledger, feed: PositionsFeed, tmp_path: Path
) -> None:
    events = list(catalogue(20))
    first, second = (settings.model_copy(update={"projector_share": f"{n}/2"}) for n in (0, 1))
    async with (
        projector(first, tmp_path / "first.log"),
        projector(second, tmp_path / "second.log") as process,
    ):
        heads = await ledger.append(*events[:60])
        for view in VIEWS:
            await feed.wait(view.name, heads, DEADLINE_SECONDS)
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0
        async with projector(second, tmp_path / "third.log"):
            heads = await ledger.append(*events[60:])
            for view in VIEWS:
                await feed.wait(view.name, heads, DEADLINE_SECONDS)


async def test_every_view_is_found_once() -> None:
    names = [view.name for view in VIEWS]
    assert names == sorted(set(names))
    assert {"product_page", "product_card", "category_tree"} <= set(names)
