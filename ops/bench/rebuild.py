"""Rebuilding each view from the ledger, beside only reading the ledger, or only writing the finished documents.

What Redis and Postgres hold is measured against the `eventsourcing` library's own subscription, which reads and
decodes every event and does nothing with it; what MongoDB and the search index hold, against bulk writes of the
same documents.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree
from typing import Any

import orjson
import uvloop
from pymongo import MongoClient, WriteConcern
from pymongo.database import Database
from tantivy import Index

from contracts.eventlog.library import LedgerMapper, LedgerRecorder
from contracts.readmodel.generations import MONGODB_LIVE, Generation
from contracts.search import tantivy_index
from ops.bench.conditions import conditions
from ops.bench.lab import Lab
from ops.bench.result import Result, Target, rounds_of
from ops.settings import Settings
from projections.app import VIEWS, WHOLE, connected
from projections.kernel.parking import Place
from projections.kernel.runner import Runner
from projections.kernel.sinks.behind import WriteBehind
from projections.kernel.view import Store, View

REBUILD_BATCH = 4_000
_GENERATION = 1_000_001
"""Far from those that are live."""
_DOCUMENTS_A_WRITE = 1_000
_WRITER_BYTES = 20_000_000


def run(lab: Lab) -> list[Result]:
    """Every view there is."""
    return [_one(lab, view) for view in VIEWS]


def _one(lab: Lab, view: View) -> Result:
    settings, rounds = lab.stack.settings, min(lab.size.rounds, 3)
    written: list[dict[str, Any]] = []
    events = lab.catalogue.events

    def ours() -> float:
        seconds, documents = uvloop.run(_rebuild(settings, view))
        written.append({"seconds": seconds, "documents": documents})
        return (documents if bulk else events) / seconds

    bulk = _BULK.get(view.store)
    if bulk:
        write = bulk(settings, view)
        seen, unit, target = rounds_of(ours, write, rounds), "documents/s", Target(0.7)
        beside = "bare bulk writes of the same documents"
    else:
        seen, unit, target = rounds_of(ours, lambda: _subscription(settings), rounds), "events/s", Target(0.5)
        beside = "reading the same events through the library's subscription"
    return Result(
        name=f"rebuild.{view.name}",
        title=f"rebuilding {view.name} ({view.store.value})",
        yardstick_title=beside,
        unit=unit,
        target=target,
        rounds=seen,
        conditions=conditions(products=lab.catalogue.listed, events=events, batch=REBUILD_BATCH),
        details={"ours": written},
    )


async def _rebuild(settings: Settings, view: View) -> tuple[float, int]:
    """Seconds and documents of one new generation, which is dropped again."""
    async with connected(settings, views=[view], batch=REBUILD_BATCH) as projections:
        heads = await projections.around.heads(view)
        sink = WriteBehind(projections.sinks(view).open(view, _GENERATION))
        await sink.drop()
        began = time.perf_counter()
        place = Place(view.name, _GENERATION, WHOLE)
        await Runner(view, place, sink, projections.around, live=False).run(heads)
        documents = await sink.count()
        seconds = time.perf_counter() - began
        await sink.drop()
        await sink.close()
    return seconds, documents


def _subscription(settings: Settings) -> float:
    """Events a second through the library, each decoded."""
    recorder, mapper = LedgerRecorder(settings.ledger("catalog")[0], "catalog"), LedgerMapper()
    try:
        head = recorder.max_notification_id() or 0
        began = time.perf_counter()
        with recorder.subscribe(gt=0) as subscription:
            for notification in subscription:
                mapper.to_domain_event(notification)
                if notification.id == head:
                    return head / (time.perf_counter() - began)
    finally:
        recorder.close()
    raise AssertionError


def _mongodb(settings: Settings, view: View) -> Callable[[], float]:
    """Insert the live generation's rows into a collection of their own, as durably as the projector does."""
    with _database(settings) as database:
        live = database[MONGODB_LIVE].find_one({"_id": view.name}) or {}
        rows = list(database[Generation(view.name, live["generation"]).name].find())

    def write() -> float:
        with _database(settings) as database:
            bare = database["bench_bare"].with_options(write_concern=WriteConcern(w="majority", j=True))
            for name in view.indexes:
                bare.create_index(f"fields.{name}")
            began = time.perf_counter()
            for start in range(0, len(rows), _DOCUMENTS_A_WRITE):
                bare.insert_many(rows[start : start + _DOCUMENTS_A_WRITE], ordered=False)
            seconds = time.perf_counter() - began
            bare.delete_many({})  # the embedded server drops a full collection at a snail's pace
            bare.drop()
        return len(rows) / seconds

    return write


@contextmanager
def _database(settings: Settings) -> Iterator[Database[dict[str, Any]]]:
    client: MongoClient[dict[str, Any]] = MongoClient(settings.mongodb_url)
    with client:
        yield client.get_default_database("chemist")


def _search(settings: Settings, view: View) -> Callable[[], float]:
    """Index the live generation's documents into a folder of their own."""
    mapping = view.mapping
    if mapping is None:
        raise AssertionError
    found = uvloop.run(_documents(settings, view))

    def write() -> float:
        folder = Path(settings.data_dir) / "bench-index"
        folder.mkdir()
        index = Index(tantivy_index.schema(mapping), str(folder))
        began = time.perf_counter()
        writer = index.writer(_WRITER_BYTES, 1)
        for key, at, body in found:
            document = tantivy_index.document(mapping, key, orjson.dumps(at), body, orjson.loads(body))
            writer.add_document(document)
        writer.commit()
        writer.wait_merging_threads()
        seconds = time.perf_counter() - began
        rmtree(folder)
        return len(found) / seconds

    return write


async def _documents(settings: Settings, view: View) -> list[tuple[str, Mapping[str, int], bytes]]:
    async with connected(settings, views=[view]) as projections:
        sinks = projections.sinks(view)
        sink = sinks.open(view, await sinks.live(view.name) or 0)
        found = [row async for row in sink.scan()]
        await sink.close()
    return found


_BULK: dict[Store, Callable[[Settings, View], Callable[[], float]]] = {
    Store.MONGODB: _mongodb,
    Store.SEARCH: _search,
}
