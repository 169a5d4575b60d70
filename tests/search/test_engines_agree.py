"""The same documents and the same question give the same answer whichever engine answers: on real medicines."""

import random
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import pytest
import pytest_asyncio

from contracts.catalog.commands import ClassifyProduct, ListProduct, PlaceInCategory, PublishProduct
from contracts.catalog.events import (
    ProductClassified,
    ProductListed,
    ProductPlacedInCategory,
    ProductPublished,
)
from contracts.catalog.search import PRODUCT_SEARCH
from contracts.message import Event
from contracts.search.request import SearchRequest, SearchResult, SuggestRequest
from ops.importing.ndc import rows
from ops.importing.row import Row
from projections.catalog.product_search import VIEW
from projections.kernel.sinks.elasticsearch import ElasticsearchSinks
from projections.kernel.sinks.tantivy import TantivySinks
from projections.kernel.view import Document
from query_side.kernel.search.elasticsearch import ElasticsearchEngine
from query_side.kernel.search.port import SearchEngine
from query_side.kernel.search.tantivy import TantivyEngine
from tests.ops.ndc_file import cut
from tests.projections.folding import given
from tests.search.shelf import Shelf, view_of

MEDICINES = 200
"""Few: the server that stands in for Elasticsearch looks through all of them for every question."""
CHANCE = random.Random(20260101)  # noqa: S311 - no secret
EVENTS: dict[type, type[Event]] = {
    ListProduct: ProductListed,
    ClassifyProduct: ProductClassified,
    PlaceInCategory: ProductPlacedInCategory,
    PublishProduct: ProductPublished,
}
FACETS = ("form", "class", "route", "category", "manufacturer")
PATHS = ("card.name", "card.generic_name", "card.manufacturer")
TYPED = (
    "paracetamol", "panadol", "paracetmol", "amox", "amoxicillin clavulanate", "augmentin", "a", "in", "tab", "sindano",
    "vidonge", "dawa ya homa", "kisukari", "adrenaline", "epinephrine injection", "salbutamol", "ibuprofen 200 mg",
    "hydrochlorothiazide lisinopril", "lidocane", "oral tablet", "sodium chloride 0.9 %", "vitamin c", "sunscren lotion", "",
)  # fmt: skip


@dataclass(frozen=True)
class Both:
    """The two engines over the same medicines."""

    documents: dict[str, Document]
    tantivy: SearchEngine
    elasticsearch: SearchEngine

    async def agree(self, **question: Any) -> SearchResult:
        """Ask both; returns the one answer."""
        request = SearchRequest(**question)
        one, other = await self.tantivy.search(request), await self.elasticsearch.search(request)
        assert [hit.key for hit in one.hits] == [hit.key for hit in other.hits], question
        assert one.hits == other.hits, question
        assert (one.total, one.facets, one.matching) == (other.total, other.facets, other.matching), question
        assert (one.next is None) == (other.next is None), question
        return one


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def both(elasticsearch_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Both]:
    """Both engines, filled by their sinks."""
    folder = tmp_path_factory.mktemp("search")
    documents = medicines(folder)
    name = f"agree_{uuid4().hex[:12]}"
    view = view_of(name, PRODUCT_SEARCH)
    tantivy, elasticsearch = TantivySinks(folder), ElasticsearchSinks(elasticsearch_url)
    engines = (
        TantivyEngine(folder, name, PRODUCT_SEARCH),
        ElasticsearchEngine(elasticsearch_url, name, PRODUCT_SEARCH),
    )
    for kind, sinks, engine in (("t", tantivy, engines[0]), ("e", elasticsearch, engines[1])):
        await (await Shelf(kind, view, sinks, engine).fill(documents)).close()
    yield Both(documents, *engines)
    await elasticsearch.open(view, 1).drop()
    for opened in (*engines, tantivy, elasticsearch):
        await opened.close()


def medicines(folder: Path) -> dict[str, Document]:
    """Search documents of medicines from all over the NDC directory, folded as the projector folds them."""
    lines = CHANCE.sample(range(2, 128_000), MEDICINES)
    events = [
        EVENTS[type(command)].model_validate(
            command.model_dump(include=set(EVENTS[type(command)].model_fields))
        )
        for row in rows(cut(folder / "product.txt", *lines), publish_excluded=True)
        if isinstance(row, Row)
        for command in row.commands
        if type(command) in EVENTS
    ]
    return {key: document for key, document in given(VIEW, *events).items() if document is not None}


def misspelt(word: str) -> str:
    """With a letter wrong, missing, twice or swapped, not the first."""
    at = CHANCE.randrange(1, len(word) - 1)
    kind = CHANCE.randrange(4)
    middle = (
        "x" + word[at + 1 :],
        word[at + 1 :],
        word[at] + word[at:],
        word[at + 1] + word[at] + word[at + 2 :],
    )[kind]
    return word[:at] + middle


def names(both: Both, number: int) -> list[str]:
    """Names of some of the medicines."""
    return [CHANCE.choice(list(both.documents.values()))["card"]["name"] for _ in range(number)]


async def test_on_what_people_type(both: Both) -> None:
    assert len(both.documents) > MEDICINES * 0.9
    for text in TYPED:
        await both.agree(text=text, highlight=PATHS, facets=FACETS, limit=30)


async def test_on_names_their_beginnings_and_misspellings(both: Both) -> None:
    found = 0
    for name in names(both, 7):
        found += (await both.agree(text=name, highlight=PATHS)).total > 0
        await both.agree(text=name[: CHANCE.randrange(1, len(name) + 1)], highlight=PATHS)
        long_words = [word for word in name.lower().split() if len(word) > 5 and word.isalpha()]
        for word in long_words[:2]:
            await both.agree(text=misspelt(word), highlight=PATHS)
            await both.agree(text=f"{misspelt(word)} {name.split()[-1]} nothing", highlight=PATHS)
    assert found == 7


async def test_on_codes(both: Both) -> None:
    for key in CHANCE.sample(sorted(both.documents), 6):
        for code in (key, key.lower(), key.removeprefix("NDC-"), key.replace("-", "")):
            assert (await both.agree(text=code)).hits[0].key == key


async def test_on_filters_facets_and_orders(both: Both) -> None:
    everything = await both.agree(facets=FACETS, facet_size=100)
    for text in ("", "tablet", "acid", "hydrochloride"):
        for field in FACETS:
            values = [count.value for count in everything.facets[field]]
            picked = CHANCE.sample(values, min(2, len(values)))
            await both.agree(text=text, filters={field: picked}, facets=FACETS, sort="name")
            other = CHANCE.choice(everything.facets["class"]).value
            await both.agree(
                text=text, filters={field: picked[:1], "class": [other]}, facets=(field, "class")
            )
    for sort in ("name", "-name", "newest", "-newest", "relevance"):
        await both.agree(text="", sort=sort, limit=200)


async def test_on_every_page(both: Both) -> None:
    for text, sort in (("tablet", "relevance"), ("tablet", "name"), ("acid", "-newest"), ("", "-name")):
        pages: list[list[list[str]]] = []
        for engine in (both.tantivy, both.elasticsearch):
            cursor, found = None, []
            for _ in range(6):
                page = await engine.search(SearchRequest(text, sort=sort, limit=4, cursor=cursor))
                found.append([hit.key for hit in page.hits])
                cursor = page.next
                if cursor is None:
                    break
            pages.append(found)
        assert pages[0] == pages[1]
        assert len(pages[0]) > 1


async def test_on_how_a_text_goes_on(both: Both) -> None:
    """Not of one letter: the stand-in for Elasticsearch counts terms with other beginnings, too, and cuts the list."""
    for text in [*TYPED[:6], *(name[:4] for name in names(both, 12)), *names(both, 5)]:
        request = SuggestRequest(text, 8)
        one, other = await both.tantivy.suggest(request), await both.elasticsearch.suggest(request)
        assert one == other, text


async def test_hits_are_what_was_folded(both: Both) -> None:
    for hit in (await both.agree(text="tablet", limit=50)).hits:
        document = both.documents[hit.key]
        assert orjson.loads(hit.body) == {name: document[name] for name in PRODUCT_SEARCH.hit}
