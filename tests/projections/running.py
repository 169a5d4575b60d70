"""Runs single runners, and breaks them off where a crash would."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from projections.app import Projections
from projections.kernel.parking import Place
from projections.kernel.partition import Partition
from projections.kernel.runner import Runner
from projections.kernel.sink import Change, Sink, Stored
from projections.kernel.view import View
from tests.projections.site import DEADLINE_SECONDS

WHOLE = Partition(0, 1)


class Crash(Exception):
    """As good as a kill: nothing after it happens."""


class Crashing:
    """A sink that dies at one of its writes: before it, or after the documents and before the checkpoint."""

    def __init__(self, sink: Sink, at_write: int, *, documents_written: bool) -> None:
        self._sink = sink
        self._left = at_write
        self._documents_written = documents_written
        self._saved: dict[str, int] = {}

    async def prepare(self) -> None:
        await self._sink.prepare()

    async def checkpoints(self, partition: str) -> dict[str, int]:
        self._saved = await self._sink.checkpoints(partition)
        return dict(self._saved)

    async def load(self, keys: Sequence[str]) -> dict[str, Stored]:
        return await self._sink.load(keys)

    async def write(
        self, changes: Sequence[Change], partition: str, checkpoints: Mapping[str, int]
    ) -> frozenset[str]:
        self._left -= 1
        if self._left == 0:
            if self._documents_written:
                await self._sink.write(changes, partition, self._saved)
            raise Crash
        failed = await self._sink.write(changes, partition, checkpoints)
        if not failed:
            self._saved = dict(checkpoints)
        return failed

    def scan(self) -> AsyncIterator[tuple[str, Mapping[str, int], bytes]]:
        return self._sink.scan()

    async def count(self) -> int:
        return await self._sink.count()

    async def drop(self) -> None:
        await self._sink.drop()

    async def close(self) -> None:
        await self._sink.close()


@asynccontextmanager
async def opened(projections: Projections, view: View, generation: int = 1) -> AsyncIterator[Sink]:
    """A prepared sink of one generation."""
    sink = projections.sinks(view).open(view, generation)
    await sink.prepare()
    try:
        yield sink
    finally:
        await sink.close()


async def run(  # noqa: PLR0913 - a test names what it varies
    projections: Projections, view: View, sink: Sink, until: Mapping[str, int], *,
    generation: int = 1, partition: Partition = WHOLE,
) -> Runner:  # fmt: skip
    """Run one share until it has dealt with these positions."""
    runner = Runner(view, Place(view.name, generation, partition), sink, projections.around, live=False)
    async with asyncio.timeout(DEADLINE_SECONDS):
        await runner.run(until)
    return runner
