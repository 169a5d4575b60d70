"""Puts the projecting side together: every view with its store, on the addresses it is given."""

import asyncio
import gc
import importlib
import pkgutil
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol
from zlib import crc32

import structlog

from contracts import registry
from contracts.consistency import shard_label
from contracts.eventlog.reader import LedgerReader
from contracts.readmodel.positions import PositionsFeed
from projections.kernel.live import LiveView
from projections.kernel.partition import Partition, partitions
from projections.kernel.rebuild import Progress, Rebuild
from projections.kernel.sink import SinkFactory
from projections.kernel.sinks.mongodb import MongodbSinks
from projections.kernel.sinks.postgres import PostgresSinks
from projections.kernel.sinks.redis import RedisSinks
from projections.kernel.status import ViewStatus, status_of
from projections.kernel.surroundings import Surroundings, surroundings
from projections.kernel.tail import Tail
from projections.kernel.view import Store, View

_log = structlog.get_logger()
WHOLE = Partition(0, 1)
_COLLECT_AFTER = 20_000
"""New objects before Python looks for garbage: a batch makes thousands that live until it is written, and looking
through them after every 700, as is the default, costs a third of a rebuild's time."""


class Addresses(Protocol):
    """Where the servers are."""

    @property
    def postgres_dsn(self) -> str:
        """The read models' Postgres: aliases, locks, parked keys, positions, and the views that live there."""

    @property
    def redis_url(self) -> str: ...

    @property
    def mongodb_url(self) -> str: ...

    @property
    def elasticsearch_url(self) -> str | None:
        """None: search is an index folder on this machine."""

    @property
    def search_dir(self) -> Path: ...

    def ledger(self, context: str) -> tuple[str, ...]:
        """The DSNs of a context's ledger shards, in order."""


def _find_views() -> tuple[View, ...]:
    found = []
    for context in registry.contexts():
        package = importlib.import_module(f"projections.{context}")
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            view = getattr(importlib.import_module(module.name), "VIEW", None)
            if isinstance(view, View):
                found.append(view)
    return tuple(sorted(found, key=lambda view: view.name))


VIEWS = _find_views()
"""Every view of every context, by name: the modules of `projections.<context>` that have a `VIEW`."""


@dataclass(frozen=True, slots=True)
class Projections:
    """Everything that projects, connected."""

    around: Surroundings
    stores: Mapping[Store, SinkFactory]
    views: tuple[View, ...]

    def sinks(self, view: View) -> SinkFactory:
        """The store that a view lives in."""
        return self.stores[view.store]

    def view(self, name: str) -> View | None:
        """The view of that name."""
        return next((view for view in self.views if view.name == name), None)

    def rebuild(self, view: View, progress: Progress) -> Rebuild:
        """A rebuild of one view."""
        return Rebuild(view, self.sinks(view), self.around, progress)

    async def project(self, feed: PositionsFeed, stop: asyncio.Event, share: Partition = WHOLE) -> None:
        """Keep the live generations going until told to stop; all of them, or one share among several processes."""
        live = [
            LiveView(view, partition, self.sinks(view), self.around, feed)
            for view in self.views
            for partition in partitions(view.partitions)
            if (crc32(view.name.encode()) + partition.index) % share.of == share.index
        ]
        _log.info("projecting", views=[f"{one.view.name} {one.partition.label}" for one in live])
        running = [asyncio.create_task(one.run(), name=one.view.name) for one in live]
        await stop.wait()
        for one in live:
            one.stop()
        await asyncio.gather(*running)


@asynccontextmanager
async def connected(
    addresses: Addresses, *, views: Sequence[View] = VIEWS, batch: int = 4_000
) -> AsyncIterator[Projections]:
    """Everything on these addresses; servers are first spoken to when they are needed."""
    if gc.get_threshold()[0] < _COLLECT_AFTER:
        gc.set_threshold(_COLLECT_AFTER, 20, 20)
    kinds = {kind for view in views for kind in view.events}
    tails = {
        shard_label(context, shard): Tail(partial(LedgerReader, context, shard, dsn), kinds)
        for context in sorted({context for view in views for context in view.contexts})
        for shard, dsn in enumerate(addresses.ledger(context))
    }
    around = surroundings(addresses.postgres_dsn, tails, batch=batch)
    stores = _stores(addresses, {view.store for view in views})
    await around.publisher.open()
    try:
        yield Projections(around, stores, tuple(views))
    finally:
        for sinks in stores.values():
            await sinks.close()
        await around.close()


async def run(addresses: Addresses, stop: asyncio.Event, share: Partition = WHOLE) -> None:
    """The projecting process."""
    feed = PositionsFeed(addresses.postgres_dsn)
    await feed.open()
    try:
        async with connected(addresses) as projections:
            await projections.project(feed, stop, share)
    finally:
        await feed.close()


async def view_status(addresses: Addresses) -> list[ViewStatus]:
    """How far every view has come, by name.

    Raises:
        StoreUnavailable: the ledgers or Postgres cannot be reached; any other store that is away shows in its view.
    """
    async with connected(addresses) as projections:
        around = projections.around
        parked = Counter(one.place for one in await around.parking.all())
        return [
            status
            for view in projections.views
            for status in await status_of(view, projections.sinks(view), around, parked)
        ]


def _stores(addresses: Addresses, wanted: set[Store]) -> dict[Store, SinkFactory]:
    stores: dict[Store, SinkFactory] = {}
    if Store.MONGODB in wanted:
        stores[Store.MONGODB] = MongodbSinks(addresses.mongodb_url)
    if Store.REDIS in wanted:
        stores[Store.REDIS] = RedisSinks(addresses.redis_url)
    if Store.POSTGRES in wanted:
        stores[Store.POSTGRES] = PostgresSinks(addresses.postgres_dsn)
    if Store.SEARCH in wanted:
        stores[Store.SEARCH] = _search(addresses)
    return stores


def _search(addresses: Addresses) -> SinkFactory:
    """The engine that is configured; only its own library is loaded."""
    if addresses.elasticsearch_url:
        from projections.kernel.sinks.elasticsearch import ElasticsearchSinks  # noqa: PLC0415 - as said

        return ElasticsearchSinks(addresses.elasticsearch_url)
    from projections.kernel.sinks.tantivy import TantivySinks  # noqa: PLC0415 - as said

    return TantivySinks(addresses.search_dir)
