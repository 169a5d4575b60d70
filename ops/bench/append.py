"""Durable ordered appends, one event a command, beside the `eventsourcing` library's own Postgres recorder."""

import asyncio
import statistics
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import orjson
import psycopg
import uvloop
from eventsourcing.persistence import StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
from psycopg.conninfo import conninfo_to_dict

from command_side.kernel.ledger import Attempt, LedgerShard
from contracts.eventlog import names, schema
from ops.bench.conditions import conditions
from ops.bench.databases import own_database
from ops.bench.lab import Lab
from ops.bench.latency import Measured
from ops.bench.result import Result, Target, rounds_of
from ops.bench.sample import listed
from ops.bench.size import Size
from ops.embedded.postgres import EmbeddedPostgres

WRITERS = 64
OTHER_WRITERS = (1, 16)
_META = orjson.dumps({"actor": "service:bench", "role": "administrator", "command_id": str(uuid4())})


def run(lab: Lab) -> Result:
    """64 writers, and for comparison 1 and 16, on a Postgres of its own."""
    server = EmbeddedPostgres(lab.folder / "append", any_port=True)
    server.start()
    try:
        with (
            own_database(server.admin_url, "ours") as ours,
            own_database(server.admin_url, "stock") as stock,
        ):
            schema.migrate(ours.admin_dsn, "catalog")
            return _compare(lab.size, ours.dsn, stock.admin_dsn)
    finally:
        server.stop()


def _compare(size: Size, dsn: str, stock_dsn: str) -> Result:
    event = listed("BENCH-1")
    data = names.encode(event)
    ours_seen: dict[int, list[Measured]] = {}
    stock_seen: dict[int, list[Measured]] = {}

    def ours(writers: int) -> float:
        seen = uvloop.run(_ours(dsn, (event.type, data), writers, size.seconds))
        ours_seen.setdefault(writers, []).append(seen)
        return seen.per_second

    def stock(writers: int) -> float:
        seen = _stock(stock_dsn, (event.type, data), writers, size.seconds)
        stock_seen.setdefault(writers, []).append(seen)
        return seen.per_second

    rounds = rounds_of(lambda: ours(WRITERS), lambda: stock(WRITERS), size.rounds)
    for writers in OTHER_WRITERS:
        rounds_of(lambda w=writers: ours(w), lambda w=writers: stock(w), 1)  # type: ignore[misc]
    return Result(
        name="append",
        title=f"durable ordered appends, {WRITERS} writers",
        yardstick_title="the eventsourcing library's Postgres recorder",
        unit="events/s",
        target=Target(10),
        rounds=rounds,
        conditions=conditions(
            writers=WRITERS,
            seconds=size.seconds,
            event_bytes=len(data),
            meta_bytes=len(_META),
            **_durability(dsn),
        ),
        details={"ours": _by_writers(ours_seen), "yardstick": _by_writers(stock_seen)},
    )


async def _ours(dsn: str, event: tuple[str, bytes], writers: int, seconds: float) -> Measured:
    ledger = LedgerShard("catalog", 0, dsn)
    latencies: list[float] = []

    async def append() -> None:
        command = Attempt(uuid4(), b"0123456789abcdef", uuid4(), 0, [event], _META)
        outcome = await ledger.append(command)
        if outcome.kind != "accepted":
            raise AssertionError(outcome)

    async def write() -> None:
        while (began := time.perf_counter()) < deadline:
            await append()
            latencies.append(time.perf_counter() - began)

    await append()
    start = time.perf_counter()
    deadline = start + seconds
    async with asyncio.TaskGroup() as writing:
        for _ in range(writers):
            writing.create_task(write())
    elapsed = time.perf_counter() - start
    await ledger.close()
    return Measured.of(latencies, elapsed)


def _stock(dsn: str, event: tuple[str, bytes], writers: int, seconds: float) -> Measured:
    where = conninfo_to_dict(dsn)
    with PostgresDatastore(
        dbname=str(where["dbname"]), host=str(where["host"]), port=str(where["port"]), user=str(where["user"]),
        password="", pool_size=writers, max_overflow=writers,
    ) as store:  # fmt: skip
        store.pool.open(wait=True)
        recorder = PostgresApplicationRecorder(store)
        recorder.create_table()
        return _threads(recorder, event, writers, seconds)


def _threads(
    recorder: PostgresApplicationRecorder, event: tuple[str, bytes], writers: int, seconds: float
) -> Measured:
    topic, data = event
    state = data + _META
    start, deadline = 0.0, 0.0

    def begin() -> None:
        nonlocal start, deadline
        start = time.perf_counter()
        deadline = start + seconds

    def append() -> None:
        recorder.insert_events([StoredEvent(uuid4(), 1, topic, state)])

    def write() -> list[float]:
        latencies = []
        ready.wait()
        while (began := time.perf_counter()) < deadline:
            append()
            latencies.append(time.perf_counter() - began)
        return latencies

    append()
    ready = threading.Barrier(writers, action=begin)
    with ThreadPoolExecutor(writers) as threads:
        writing = [threads.submit(write) for _ in range(writers)]
    latencies = [each for one in writing for each in one.result()]
    return Measured.of(latencies, time.perf_counter() - start)


def _durability(dsn: str) -> dict[str, Any]:
    with psycopg.connect(dsn) as connection:
        rows = connection.execute(
            "SELECT name, setting FROM pg_settings WHERE name IN ('fsync', 'synchronous_commit', 'server_version')"
        ).fetchall()
    return {str(name): setting for name, setting in rows}


def _by_writers(seen: dict[int, list[Measured]]) -> dict[str, Any]:
    return {
        f"{writers} writers": {
            "per_second": statistics.median(each.per_second for each in all_of),
            "p50_ms": statistics.median(each.p50_ms for each in all_of),
            "p99_ms": statistics.median(each.p99_ms for each in all_of),
        }
        for writers, all_of in sorted(seen.items())
    }
