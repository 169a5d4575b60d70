"""Keeps one share of one generation of a view up with its ledgers: read, fold, write guarded, save, announce.

Effectively once, wherever it is killed: the checkpoint never gets ahead of the documents, and an event that was
folded into a document before is recognised by the document's own positions.
"""

import asyncio
from collections.abc import Iterable, Mapping
from time import perf_counter

import structlog

from contracts.readmodel.positions import Announcement
from projections.kernel.cache import Cache
from projections.kernel.fold import NOTHING, Fold, Folded, Happened, Held
from projections.kernel.inbox import Arrived, Inbox
from projections.kernel.parking import Place, Poison
from projections.kernel.retries import Retries, Retry
from projections.kernel.sink import Change, CheckpointMoved, Sink, Stored
from projections.kernel.surroundings import Surroundings
from projections.kernel.tail import Tail
from projections.kernel.view import View

_log = structlog.get_logger()
_PAGE = 1_000
"""Events read and decoded in one go: about 10 ms of this process's time."""
_FOLD_SLICE = 100
"""Documents folded before others get their turn."""
_UNSAVED = 10_000
"""Events that concern no document, after which the checkpoint is saved at once."""
_TICK_SECONDS = 1.0


class Runner:
    """One share of one generation. Owned by whoever holds the lock of its `place`."""

    def __init__(
        self, view: View, place: Place, sink: Sink, surroundings: Surroundings, *, live: bool
    ) -> None:
        """Only of a live generation are the positions told to those who wait for them."""
        self.view = view
        self.place = place
        self.positions: dict[str, int] = {}
        """Ledger label → last position dealt with: its documents are written."""
        self._sink = sink
        self._surroundings = surroundings
        self._tails = surroundings.tails_of(view)
        self._parking = surroundings.parking
        self._metrics = surroundings.metrics.of(view.name)
        self._publisher = surroundings.publisher if live else None
        self._partition = place.partition.label
        self._batch = surroundings.batch
        self._fold = Fold(view, place.partition)
        self._stopping = False
        self._begin_anew({}, ())

    async def run(self, until: Mapping[str, int] | None = None) -> None:
        """Go on until these positions are dealt with, or for ever.

        Raises:
            StoreUnavailable: the store, the ledger or Postgres is away. What is written stays; run it again.
            CheckpointMoved: somebody else wrote, or the store lost data; the same.
        """
        await self.begin()
        helpers = [asyncio.create_task(self._pump(label, tail)) for label, tail in self._tails.items()]
        helpers.append(asyncio.create_task(self._tick()))
        try:
            while not self._stopping and not self._reached(until):
                if pages := await self._inbox.take():
                    await self._deal_with(pages)
                while self._ready:
                    await self._finish(self._ready.pop())
                if self._unsaved and self._save_due:
                    await self._write_and_save([], self.positions)
            if self._unsaved:
                await self._write_and_save([], self.positions)
        finally:
            for helper in helpers:
                helper.cancel()
            await asyncio.wait(helpers)
            if self._publisher is not None:
                self._publisher.fall_silent(self.place.view, self._partition)

    async def begin(self) -> None:
        """Find out where the store is, and say so."""
        await self._sink.prepare()
        saved = await self._sink.checkpoints(self._partition)
        self._begin_anew(saved, await self._parking.keys(self.place))
        self._announce(None)

    def stop(self) -> None:
        """End after the batch at hand."""
        self._stopping = True
        self._inbox.nudge()

    async def retry(self, key: str) -> None:
        """Let a parked key catch up; for a runner that has begun and does not run."""
        if retry := await self._retries.collect(key, self.positions):
            await self._finish(retry)

    def _begin_anew(self, saved: Mapping[str, int], parked: Iterable[str]) -> None:
        self.positions = {label: saved.get(label, 0) for label in self._tails}
        self._saved = dict(saved)
        self._unsaved = 0
        self._save_due = False
        self._held = Held(parked)
        self._skipped: dict[str, int] = {}
        self._cache = Cache()
        self._inbox = Inbox(self._batch)
        self._ready: list[Retry] = []
        self._retries = Retries(self.place, self._fold, self._held, self._sink, self._surroundings)

    def _reached(self, until: Mapping[str, int] | None) -> bool:
        return until is not None and all(self.positions.get(label, 0) >= at for label, at in until.items())

    async def _pump(self, label: str, tail: Tail) -> None:
        position = self.positions[label]
        try:
            while True:
                page = await tail.read(position, min(_PAGE, self._batch))
                position += len(page)
                await self._inbox.put(Arrived(label, position, page))
        except Exception as error:  # noqa: BLE001 - handed to the one who folds
            self._inbox.fail(error)

    async def _deal_with(self, pages: list[Arrived]) -> None:
        work = self._fold.sort(pages, self._held)
        for poison in work.poisons:
            await self._park(poison)
        changed = await self._write(work.documents, self.positions | work.positions)
        for key, number in work.skipped.items():
            self._skipped[key] = self._skipped.get(key, 0) + number
            self._metrics.skipped.inc(number)
        self._metrics.events.inc(work.events)
        self._metrics.batches.inc()
        self._announce(changed)

    async def _write(self, documents: Mapping[str, Happened], positions: dict[str, int]) -> frozenset[str]:
        changed: set[str] = set()
        while True:
            folded = await self._fold_documents(documents)
            changes = [one.change for one in folded.values() if one.change is not None]
            passed_by = sum(positions.values()) - sum(self._saved.values())
            if not changes and not changed and passed_by < _UNSAVED:
                self._unsaved = passed_by  # saved within a second, by the next tick
                break
            failed = await self._write_and_save(changes, positions)
            written = [change for change in changes if change.key not in failed]
            for change in written:
                size = len(change.body) + len(change.state)
                self._cache.put(change.key, folded[change.key].stored, size)
            self._metrics.documents.inc(len(written))
            changed.update(change.key for change in written)
            if not failed:
                break
            self._metrics.guard_failures.inc(len(failed))
            self._cache.drop(failed)
            documents = {key: documents[key] for key in failed}
        self.positions = positions
        return frozenset(changed)

    async def _write_and_save(self, changes: list[Change], positions: Mapping[str, int]) -> frozenset[str]:
        if self._publisher is not None:  # what was written before is announced before more is written
            await self._publisher.settled(self.place.view, self._partition)
        with self._metrics.write.time():
            failed = await self._sink.write(changes, self._partition, positions)
        if not failed:
            self._saved, self._unsaved, self._save_due = dict(positions), 0, False
        return failed

    async def _fold_documents(self, documents: Mapping[str, Happened]) -> dict[str, Folded]:
        stored = await self._load(documents)
        folded: dict[str, Folded] = {}
        began = perf_counter()
        for number, (key, happened) in enumerate(documents.items(), start=1):
            one = folded[key] = self._fold.document(key, stored.get(key, NOTHING), happened)
            if one.poison is not None:
                await self._park(one.poison)
                behind = [envelope for label, envelope in happened if label == one.poison.ledger]
                late = sum(envelope.position > one.poison.position for envelope in behind)
                self._skipped[key] = self._skipped.get(key, 0) + late
            if number % _FOLD_SLICE == 0:
                await asyncio.sleep(0)
        self._metrics.fold.observe(perf_counter() - began)
        return folded

    async def _load(self, keys: Iterable[str]) -> dict[str, Stored]:
        found: dict[str, Stored] = {}
        missing = []
        for key in keys:
            if (known := self._cache.get(key)) is not None:
                found[key] = known
            else:
                missing.append(key)
        if missing:
            with self._metrics.load.time():
                loaded, saved = await asyncio.gather(
                    self._sink.load(missing), self._sink.checkpoints(self._partition)
                )
            # A store that lost data since would answer with documents older than our place in the ledger.
            if saved != self._saved:
                raise CheckpointMoved
            found |= loaded
        return found

    async def _park(self, poison: Poison) -> None:
        await self._retries.park(poison)
        self._metrics.poisoned.inc()

    async def _finish(self, retry: Retry) -> None:
        written = await self._retries.finish(retry, self.positions, self._saved)
        self._cache.drop(written)
        self._announce(written)

    def _announce(self, changed: frozenset[str] | None) -> None:
        if self._publisher is not None:
            place = self.place
            self._publisher.announce(
                Announcement(place.view, place.generation, self._partition, dict(self.positions), changed)
            )

    async def _tick(self) -> None:
        try:
            while True:
                self._metrics.parked.set(len(self._held))
                skipped, self._skipped = self._skipped, {}
                await self._parking.count_skipped(self.place, skipped)
                if self._held:
                    await self._look_for_retries()
                if self._unsaved:
                    self._save_due = True
                    self._inbox.nudge()
                await asyncio.sleep(_TICK_SECONDS)
        except Exception as error:  # noqa: BLE001 - handed to the one who folds
            self._inbox.fail(error)

    async def _look_for_retries(self) -> None:
        for key in await self._parking.requested(self.place):
            if all(key != retry.parked for retry in self._ready) and (
                retry := await self._retries.collect(key, dict(self.positions))
            ):
                self._ready.append(retry)
                self._inbox.nudge()
