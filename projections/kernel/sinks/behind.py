"""Writes a generation that is being built while the next batch is being folded.

Nobody reads such a generation yet and one process owns it, so a batch counts as written when it is handed in. What
becomes of it is heard at the next call: a failure then ends the rebuild, whose half-built generation is dropped.
And since it began empty, a document that was never handed in need not be looked for.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence

from projections.kernel.sink import Change, CheckpointMoved, Sink, Stored


class WriteBehind:
    """A sink in front of a new generation's own; at most one batch of a share is on its way."""

    def __init__(self, sink: Sink) -> None:
        """Take a sink whose generation is empty."""
        self._sink = sink
        self._on_its_way: dict[str, asyncio.Task[frozenset[str]]] = {}
        self._handed_in: dict[str, dict[str, int]] = {}
        self._keys: set[str] = set()

    async def prepare(self) -> None:
        """Create what the generation needs."""
        await self._sink.prepare()

    async def checkpoints(self, partition: str) -> dict[str, int]:
        """What was handed in last; before that, what the store holds."""
        known = self._handed_in.get(partition)
        return await self._sink.checkpoints(partition) if known is None else dict(known)

    async def load(self, keys: Sequence[str]) -> dict[str, Stored]:
        """Those that were handed in before, once they are written."""
        wanted = [key for key in keys if key in self._keys]
        if not wanted:
            return {}
        await self._all_written()
        return await self._sink.load(wanted)

    async def write(
        self, changes: Sequence[Change], partition: str, checkpoints: Mapping[str, int]
    ) -> frozenset[str]:
        """Wait for the batch before this one, and hand this one in.

        Raises:
            CheckpointMoved: a guard of the batch before has failed, as no guard of a generation of one's own can.
        """
        await self._written(partition)
        self._keys.update(change.key for change in changes)
        self._handed_in[partition] = dict(checkpoints)
        writing = self._sink.write(changes, partition, checkpoints)
        self._on_its_way[partition] = asyncio.ensure_future(writing)
        return frozenset()

    async def scan(self) -> AsyncIterator[tuple[str, Mapping[str, int], bytes]]:
        """Every document."""
        await self._all_written()
        async for row in self._sink.scan():
            yield row

    async def count(self) -> int:
        """How many documents there are."""
        await self._all_written()
        return await self._sink.count()

    async def drop(self) -> None:
        """Remove the generation and its checkpoints."""
        await self._given_up()
        await self._sink.drop()

    async def close(self) -> None:
        """Let go, after what is on its way."""
        await self._given_up()
        await self._sink.close()

    async def _written(self, partition: str) -> None:
        writing = self._on_its_way.pop(partition, None)
        if writing is not None and await writing:
            raise CheckpointMoved

    async def _all_written(self) -> None:
        for partition in tuple(self._on_its_way):
            await self._written(partition)

    async def _given_up(self) -> None:
        """Whoever cared how they ended has asked for more than closing."""
        on_its_way, self._on_its_way = self._on_its_way, {}
        await asyncio.gather(*on_its_way.values(), return_exceptions=True)
