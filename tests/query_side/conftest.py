"""Real stores with documents that the projecting side's own sinks wrote, and a query side that reads them."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import orjson
import pytest
from redis import Redis

from contracts.catalog.search import PRODUCT_SEARCH
from contracts.readmodel.positions import Announcement, PositionsFeed, PositionsPublisher
from contracts.rpc.channel import QueryReply, QueryRequest
from projections.catalog import category_tree, product_card, product_page, product_search
from projections.kernel import schema
from projections.kernel.sink import Change, SinkFactory
from projections.kernel.sinks.mongodb import MongodbSinks
from projections.kernel.sinks.postgres import PostgresSinks
from projections.kernel.sinks.redis import RedisSinks
from projections.kernel.sinks.tantivy import TantivySinks
from projections.kernel.view import Document
from query_side.app import QuerySide
from query_side.kernel.search.tantivy import TantivyEngine
from query_side.kernel.stores import Stores
from tests.conftest import FreshDatabase, Stack

PARTITION = "0/1"
VIEWS = {
    view.name: view
    for view in (product_page.VIEW, product_card.VIEW, category_tree.VIEW, product_search.VIEW)
}


@dataclass(frozen=True)
class Addresses:
    """Stores that belong to one test."""

    postgres_dsn: str
    redis_url: str
    mongodb_url: str
    search_dir: Path


@pytest.fixture
def addresses(stack: Stack, fresh_database: FreshDatabase, tmp_path: Path) -> Addresses:
    """A fresh Postgres database, an emptied Redis database, and a MongoDB database of a new name."""
    schema.migrate(fresh_database.postgres_admin_dsn)
    with Redis.from_url(_database(stack.redis_url, "9")) as redis:
        redis.flushdb()
    return Addresses(
        postgres_dsn=fresh_database.postgres_dsn,
        redis_url=_database(stack.redis_url, "9"),
        mongodb_url=_database(stack.mongodb_url, f"test_{uuid4().hex[:12]}"),
        search_dir=tmp_path / "search",
    )


class Shelves:
    """Writes documents as a projector does, and asks questions as the gateway does."""

    def __init__(
        self, side: QuerySide, feed: PositionsFeed, publisher: PositionsPublisher, addresses: Addresses
    ) -> None:
        self.side = side
        self.feed = feed
        self.publisher = publisher
        self._sinks: dict[str, SinkFactory] = {
            "product_page": MongodbSinks(addresses.mongodb_url),
            "product_card": RedisSinks(addresses.redis_url),
            "category_tree": PostgresSinks(addresses.postgres_dsn),
            "product_search": TantivySinks(addresses.search_dir),
        }

    async def build(self, view: str, documents: Mapping[str, Document | None], generation: int = 1) -> None:
        """Write a whole generation, and make it live."""
        await self.write(view, documents, generation, position=1)
        await self._sinks[view].swap(view, generation)

    async def write(
        self, view: str, documents: Mapping[str, Document | None], generation: int = 1, *, position: int
    ) -> None:
        """Write documents as folded up to a position of which the first was 1."""
        sink = self._sinks[view].open(VIEWS[view], generation)
        await sink.prepare()
        await sink.checkpoints(PARTITION)
        at = {"catalog": position}
        changes = [
            Change(key, document, orjson.dumps(document), at, position - 1)
            for key, document in documents.items()
        ]
        assert not await sink.write(changes, PARTITION, at)
        await sink.close()

    async def drop(self, view: str, generation: int) -> None:
        """Remove a generation."""
        await self._sinks[view].open(VIEWS[view], generation).drop()

    def announce(self, view: str, position: int, generation: int = 1) -> None:
        """Say how far it is."""
        self.publisher.announce(Announcement(view, generation, PARTITION, {"catalog": position}, None))

    async def ask(
        self, name: str, *, token: Mapping[str, int] | None = None, **parameters: object
    ) -> QueryReply:
        """One question."""
        return await self.side.ask(QueryRequest(name, parameters, token or {}, deadline_seconds=5.0))

    async def close(self) -> None:
        """Let go of the sinks."""
        for sinks in self._sinks.values():
            await sinks.close()


@pytest.fixture
async def shelves(addresses: Addresses) -> AsyncIterator[Shelves]:
    """Empty stores, a feed that hears of what the test announces, and the query side on both."""
    feed, publisher = PositionsFeed(addresses.postgres_dsn), PositionsPublisher(addresses.postgres_dsn)
    stores = Stores(
        feed,
        postgres_dsn=addresses.postgres_dsn,
        redis_url=addresses.redis_url,
        mongodb_url=addresses.mongodb_url,
        engines={"product_search": TantivyEngine(addresses.search_dir, "product_search", PRODUCT_SEARCH)},
    )
    await feed.open()
    await publisher.open()
    async with QuerySide(feed, stores) as side:
        shelves = Shelves(side, feed, publisher, addresses)
        yield shelves
        await shelves.close()
    await publisher.close()
    await feed.close()


def _database(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
