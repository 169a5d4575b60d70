"""From the ledger into either engine: found as soon as announced, gone when withdrawn, the same after a rebuild."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
import pytest_asyncio

from contracts.catalog.events import (
    ProductClassified,
    ProductEvent,
    ProductListed,
    ProductPublished,
    ProductWithdrawn,
)
from contracts.catalog.product import Ingredient, LegalClass, WithdrawalReason
from contracts.catalog.search import PRODUCT_SEARCH
from contracts.search.request import SearchRequest
from projections.app import connected
from projections.catalog.product_search import VIEW
from projections.kernel.view import View
from query_side.kernel.search.elasticsearch import ElasticsearchEngine
from query_side.kernel.search.port import SearchEngine
from query_side.kernel.search.tantivy import TantivyEngine
from tests.projections.site import DEADLINE_SECONDS, Ledger, Site, contents, projecting


@pytest.fixture
def view() -> View:
    """The view under a name of its own, for an Elasticsearch may be shared."""
    return replace(VIEW, name=f"product_search_{uuid4().hex[:12]}")


@pytest_asyncio.fixture(params=("tantivy", "elasticsearch"))
async def searched(
    request: pytest.FixtureRequest, site: Site, view: View, tmp_path: Path
) -> AsyncIterator[tuple[Site, SearchEngine]]:
    """The test's site with a search store of its own, and what searches it."""
    engine: SearchEngine
    if request.param == "tantivy":
        site, engine = replace(site, search_dir=tmp_path), TantivyEngine(tmp_path, view.name, PRODUCT_SEARCH)
    else:
        url: str = request.getfixturevalue("elasticsearch_url")
        engine = ElasticsearchEngine(url, view.name, PRODUCT_SEARCH)
        site = replace(site, elasticsearch_url=url)
    yield site, engine
    await engine.close()
    async with connected(site, views=(view,)) as operator:
        for number in await operator.sinks(view).generations(view.name):
            await operator.sinks(view).open(view, number).drop()


def on_sale(number: int, name: str) -> list[ProductEvent]:
    """A product's way to the shelf."""
    sku = f"SKU-{number}"
    listed = ProductListed(
        sku=sku,
        proprietary_name=name,
        generic_name="Paracetamol",
        ingredients=(Ingredient(name="PARACETAMOL", amount="500", unit="mg"),),
        dosage_form="TABLET",
        manufacturer="Dawa Ltd",
    )
    return [
        listed,
        ProductClassified(sku=sku, legal_class=LegalClass.PHARMACY_ONLY),
        ProductPublished(sku=sku),
    ]


async def test_from_the_ledger_to_the_hit_and_back(
    searched: tuple[Site, SearchEngine], view: View, ledger: Ledger
) -> None:
    site, engine = searched

    async def found(text: str, generation: int) -> list[str]:
        result = await engine.search(SearchRequest(text, limit=100, generation=generation))
        return sorted(hit.key for hit in result.hits)

    async with projecting(site, view, batch=50) as running:
        first = [event for number in range(40) for event in on_sale(number, f"Panadol {number}")]
        generation = await running.reaches(view, await ledger.append(*first))
        assert len(await found("panadol", generation)) == 40
        for number in range(40, 45):
            heads = await ledger.append(*on_sale(number, f"Calpol {number}"))
            assert f"SKU-{number}" in await found("calpol", await running.reaches(view, heads))
        withdrawn = ProductWithdrawn(sku="SKU-7", reason=WithdrawalReason.RECALLED, note="Return it.")
        generation = await running.reaches(view, await ledger.append(withdrawn))
        assert "SKU-7" not in await found("", generation)
        assert len(await found("acetaminophen", generation)) == 44
        async with connected(site, views=(view,)) as operator, asyncio.timeout(DEADLINE_SECONDS):
            outcome = await operator.rebuild(view, lambda *_: None).run()
        assert outcome.comparison is not None
        assert (outcome.comparison.agrees, outcome.comparison.same) == (True, 45)
        heads = await ledger.append(*on_sale(45, "Calpol 45"))
        assert await running.reaches(view, heads) == outcome.after
        assert await found("calpol 45", outcome.after) == ["SKU-45"]
        assert len(await contents(running.projections, view, outcome.after)) == 46
