"""Writes a generation that is being built while the next batches are being folded.

Nobody reads such a generation yet and one process owns it, so a batch counts as written when it is handed in. What
becomes of it is heard at a later call: a failure then ends the rebuild, whose half-built generation is dropped.
Documents that change again while they wait are written once. And since the generation began empty, a document that
was never handed in need not be looked for.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field

from projections.kernel.sink import Change, CheckpointMoved, Sink, Stored

_FEWEST, _MOST = 1_000, 4_000
"""Documents: with fewer it is not worth going to the store, with more whoever folds has to wait for it."""


@dataclass(slots=True)
class _Share:
    """What one partition has handed in."""

    checkpoint: dict[str, int]
    waiting: dict[str, Change] = field(default_factory=dict)
    on_its_way: asyncio.Task[frozenset[str]] | None = None
    saved: bool = False
    """Whether the checkpoint is written, or on its way."""


class WriteBehind:
    """A sink in front of a new generation's own; at most one batch of a share is on its way."""

    def __init__(self, sink: Sink) -> None:
        """Take a sink whose generation is empty."""
        self._sink = sink
        self._shares: dict[str, _Share] = {}
        self._handed_in: set[str] = set()

    async def prepare(self) -> None:
        """Create what the generation needs."""
        await self._sink.prepare()

    async def checkpoints(self, partition: str) -> dict[str, int]:
        """What was handed in last; before that, what the store holds."""
        share = self._shares.get(partition)
        return await self._sink.checkpoints(partition) if share is None else dict(share.checkpoint)

    async def load(self, keys: Sequence[str]) -> dict[str, Stored]:
        """Those that were handed in before."""
        if any(key in self._handed_in for key in keys):
            await self._all_written()
            return await self._sink.load([key for key in keys if key in self._handed_in])
        return {}

    async def write(
        self, changes: Sequence[Change], partition: str, checkpoints: Mapping[str, int]
    ) -> frozenset[str]:
        """Take a batch, and send what waits as soon as the one before has arrived.

        Raises:
            CheckpointMoved: a guard has failed, as no guard of a generation of one's own can.
        """
        share = self._shares.setdefault(partition, _Share({}))
        waiting = share.waiting
        for change in changes:
            before = waiting.get(change.key)
            waiting[change.key] = (
                change._replace(loaded_revision=before.loaded_revision) if before else change
            )
        self._handed_in.update(change.key for change in changes)
        share.checkpoint, share.saved = dict(checkpoints), False
        busy = share.on_its_way is not None and not share.on_its_way.done()
        if len(waiting) >= (_MOST if busy else _FEWEST):
            await self._send(partition, share)
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
        await self._give_up()
        await self._sink.drop()

    async def close(self) -> None:
        """Let go. What still waits is forgotten: whoever wanted it has asked for more than closing."""
        await self._give_up()
        await self._sink.close()

    async def _send(self, partition: str, share: _Share) -> None:
        await self._arrived(share)
        changes, share.waiting, share.saved = tuple(share.waiting.values()), {}, True
        writing = self._sink.write(changes, partition, share.checkpoint)
        share.on_its_way = asyncio.ensure_future(writing)

    async def _arrived(self, share: _Share) -> None:
        writing, share.on_its_way = share.on_its_way, None
        if writing is not None and await writing:
            raise CheckpointMoved

    async def _all_written(self) -> None:
        for partition, share in self._shares.items():
            if not share.saved:
                await self._send(partition, share)
            await self._arrived(share)

    async def _give_up(self) -> None:
        shares, self._shares = self._shares, {}
        on_its_way = [share.on_its_way for share in shares.values() if share.on_its_way is not None]
        await asyncio.gather(*on_its_way, return_exceptions=True)
