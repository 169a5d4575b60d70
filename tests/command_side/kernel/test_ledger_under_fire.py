"""Eight writer processes on one ledger, killed at random, a tail beside them: missed = doubled = gaps = 0."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from uuid import UUID

import psycopg
import pytest
import pytest_asyncio

from contracts.eventlog import schema
from contracts.eventlog.reader import LedgerReader
from tests.conftest import FreshDatabase

EVENTS_A_COMMAND = 2
_WRITER = """
import asyncio, sys
from uuid import uuid4
from command_side.kernel.ledger import Attempt, LedgerShard

async def client(shard):
    while True:
        events = [("catalog.Tested.v1", b"{}")] * 2
        one = Attempt(uuid4(), b"h", uuid4(), 0, events, b'{"actor":"service:test"}')
        outcome = await shard.append(one)
        print(one.stream_id, outcome.position, flush=True)

async def main(dsn):
    shard = LedgerShard("catalog", 0, dsn)
    await asyncio.gather(*(client(shard) for _ in range(8)))

asyncio.run(main(sys.argv[1]))
"""


class Writers:
    """Writer processes and what the ledger acknowledged to them."""

    def __init__(self, dsn: str) -> None:
        self.acknowledged: dict[UUID, int] = {}
        self.running: list[subprocess.Popen[str]] = []
        self._dsn = dsn
        self._threads: list[threading.Thread] = []
        self._more = threading.Condition()

    def start(self) -> None:
        writer = subprocess.Popen(
            [sys.executable, "-c", _WRITER, self._dsn], stdout=subprocess.PIPE, text=True
        )
        thread = threading.Thread(target=self._follow, args=(writer,))
        thread.start()
        self.running.append(writer)
        self._threads.append(thread)

    def kill_one(self) -> None:
        os.kill(self.running.pop(0).pid, signal.SIGKILL)

    def wait_for(self, acknowledged: int) -> None:
        with self._more:
            assert self._more.wait_for(lambda: len(self.acknowledged) >= acknowledged, timeout=60)

    def kill_all(self) -> None:
        for writer in self.running:
            writer.kill()
        for thread in self._threads:
            thread.join()

    def _follow(self, writer: subprocess.Popen[str]) -> None:
        with writer:
            assert writer.stdout is not None
            for line in writer.stdout:
                words = line.split()
                if line.endswith("\n") and len(words) == 2:
                    with self._more:
                        self.acknowledged[UUID(words[0])] = int(words[1])
                        self._more.notify_all()


class Tail:
    """Reads as a projector does: forward only."""

    def __init__(self, reader: LedgerReader) -> None:
        self.seen: list[tuple[int, UUID]] = []
        self.last_look = asyncio.Event()
        self._reader = reader

    async def follow(self) -> None:
        while True:
            last_look = self.last_look.is_set()
            position = self.seen[-1][0] if self.seen else 0
            rows = await self._reader.rows(position, 500)
            self.seen.extend((row.position, row.stream_id) for row in rows)
            if not rows:
                if last_look:
                    return
                await self._reader.wait(position, timeout=0.2)


@pytest_asyncio.fixture
async def reader(fresh_database: FreshDatabase) -> AsyncIterator[LedgerReader]:
    schema.migrate(fresh_database.postgres_admin_dsn, "catalog")
    reading = LedgerReader("catalog", 0, fresh_database.postgres_dsn)
    yield reading
    await reading.close()


async def test_killed_writers_leave_no_gap_no_double_and_no_loss(
    fresh_database: FreshDatabase, reader: LedgerReader
) -> None:
    tail, writers = Tail(reader), Writers(fresh_database.postgres_dsn)
    following = asyncio.create_task(tail.follow())
    for _ in range(8):
        writers.start()
    for _ in range(4):
        await asyncio.to_thread(writers.wait_for, len(writers.acknowledged) + 200)
        writers.kill_one()
        writers.start()
    await asyncio.to_thread(writers.wait_for, len(writers.acknowledged) + 2_000)
    await asyncio.to_thread(writers.kill_all)
    await sessions_ended(fresh_database)
    tail.last_look.set()
    await asyncio.wait_for(following, timeout=30)

    positions = [position for position, _ in tail.seen]
    assert positions == list(range(1, len(positions) + 1)), "the tail missed, doubled or reordered an event"
    assert await reader.head() == len(positions)
    by_stream: defaultdict[UUID, list[int]] = defaultdict(list)
    for position, stream_id in tail.seen:
        by_stream[stream_id].append(position)
    assert {len(where) for where in by_stream.values()} == {EVENTS_A_COMMAND}, "written in part, or twice"
    assert {stream: by_stream[stream][-1] for stream in writers.acknowledged} == writers.acknowledged


async def sessions_ended(database: FreshDatabase) -> None:
    """Wait until the killed writers' sessions are gone: what they had sent is then committed or not there."""
    query = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND query LIKE '%append%' AND pid <> pg_backend_pid()"
    )
    deadline = time.monotonic() + 20
    async with await psycopg.AsyncConnection.connect(
        database.postgres_admin_dsn, autocommit=True
    ) as connection:
        while time.monotonic() < deadline:
            row = await (await connection.execute(query)).fetchone()
            if row == (0,):
                return
    pytest.fail("the sessions of killed writers did not end")
