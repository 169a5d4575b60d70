"""Every test gets a shelf of its own, in a real Tantivy folder and on a server that speaks Elasticsearch's protocol."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest
import pytest_asyncio

from projections.kernel.sink import SinkFactory
from projections.kernel.sinks.elasticsearch import ElasticsearchSinks
from projections.kernel.sinks.tantivy import TantivySinks
from query_side.kernel.search.elasticsearch import ElasticsearchEngine
from query_side.kernel.search.port import SearchEngine
from query_side.kernel.search.tantivy import TantivyEngine
from tests.search.shelf import MAPPING, Shelf, view_of


@pytest_asyncio.fixture
async def tantivy_shelf(tmp_path: Path) -> AsyncIterator[Shelf]:
    """An empty shelf in Tantivy."""
    view = view_of("shelf")
    async for shelf in _open(
        "tantivy", view.name, TantivySinks(tmp_path), TantivyEngine(tmp_path, view.name, MAPPING)
    ):
        yield shelf


@pytest_asyncio.fixture
async def elasticsearch_shelf(elasticsearch_url: str) -> AsyncIterator[Shelf]:
    """An empty shelf in Elasticsearch."""
    name = f"shelf_{uuid4().hex[:12]}"
    engine = ElasticsearchEngine(elasticsearch_url, name, MAPPING)
    async for shelf in _open("elasticsearch", name, ElasticsearchSinks(elasticsearch_url), engine):
        yield shelf
        for number in await shelf.sinks.generations(name):
            await shelf.sinks.open(shelf.view, number).drop()


@pytest.fixture(params=("tantivy", "elasticsearch"))
def shelf(request: pytest.FixtureRequest) -> Shelf:
    """An empty shelf, in each engine."""
    opened: Shelf = request.getfixturevalue(f"{request.param}_shelf")
    return opened


async def _open(kind: str, name: str, sinks: SinkFactory, engine: SearchEngine) -> AsyncIterator[Shelf]:
    yield Shelf(kind, view_of(name), sinks, engine)
    await engine.close()
    await sinks.close()
