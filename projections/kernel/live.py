"""Keeps the live generation of a view going, one share of it, through swaps, lost locks and stores that go away."""

import asyncio
import random
from contextlib import suppress

import structlog

from contracts.errors import StoreUnavailable
from contracts.readmodel.positions import Announcement, PositionsFeed
from projections.kernel.births import live_or_first
from projections.kernel.ownership import LockLost, end
from projections.kernel.parking import Place
from projections.kernel.partition import Partition
from projections.kernel.runner import Runner
from projections.kernel.sink import CheckpointMoved, SinkFactory
from projections.kernel.surroundings import Surroundings
from projections.kernel.view import View

_log = structlog.get_logger()
_FIRST_PAUSE_SECONDS = 0.05
_LONGEST_PAUSE_SECONDS = 2.0
_LOOK_SECONDS = 1.0
_GRACE_SECONDS = 5.0
_WELL_AFTER_SECONDS = 5.0


class LiveView:
    """One share of a view; `run` it as a task, `stop` it for a graceful end."""

    def __init__(
        self,
        view: View,
        partition: Partition,
        sinks: SinkFactory,
        surroundings: Surroundings,
        feed: PositionsFeed,
    ) -> None:
        self.view = view
        self.partition = partition
        self.state = "starting"
        """What it is doing, in a few words for people."""
        self._sinks = sinks
        self._surroundings = surroundings
        self._runner: Runner | None = None
        self._stopping = asyncio.Event()
        self._look = asyncio.Event()
        self._generation = 0
        self._unsubscribe = feed.subscribe(self._hear)

    async def run(self) -> None:
        """Go on until stopped."""
        failures = 0
        loop = asyncio.get_running_loop()
        while not self._stopping.is_set():
            began = loop.time()
            try:
                self._generation = await live_or_first(self.view, self._sinks, self._surroundings)
                await self._until_moved_or_stopped(self._generation)
                failures = 0
            except Exception as error:  # noqa: BLE001 - a view never ends on its own; it says what is wrong
                failures = 1 if loop.time() - began > _WELL_AFTER_SECONDS else failures + 1
                self._complain(error, failures)
                await self._pause(failures)
        self.state = "stopped"
        self._unsubscribe()

    def stop(self) -> None:
        """End after the batch at hand."""
        self._stopping.set()

    async def _until_moved_or_stopped(self, generation: int) -> None:
        work = asyncio.create_task(self._own(generation))
        moved = asyncio.create_task(self._moved(generation))
        stop = asyncio.create_task(self._stopping.wait())
        try:
            done, _ = await asyncio.wait((work, moved, stop), return_when=asyncio.FIRST_COMPLETED)
            if self._runner is not None and work not in done:
                self._runner.stop()
                await asyncio.wait((work,), timeout=_GRACE_SECONDS)
            for task in done:
                task.result()
        finally:
            await end(work, moved, stop)

    async def _own(self, generation: int) -> None:
        place = Place(self.view.name, generation, self.partition)
        self.state = "waiting for another process to let go"
        async with self._surroundings.locks.hold(place.lock) as lease:
            sink = self._sinks.open(self.view, generation)
            try:
                self._runner = Runner(self.view, place, sink, self._surroundings, live=True)
                self.state = "running"
                await lease.unless_lost(self._runner.run())
            finally:
                self._runner = None
                await sink.close()

    async def _moved(self, generation: int) -> None:
        """Until the alias points elsewhere: looked up every second, and at once when another is heard of."""
        while await self._sinks.live(self.view.name) == generation:
            self._look.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._look.wait(), _LOOK_SECONDS)
        _log.info("view moves to another generation", view=self.view.name, left=generation)

    def _hear(self, announcement: Announcement | None) -> None:
        if (
            announcement is not None
            and announcement.view == self.view.name
            and announcement.generation != self._generation
        ):
            self._look.set()

    def _complain(self, error: Exception, failures: int) -> None:
        self._surroundings.metrics.of(self.view.name).interruptions.inc()
        expected = isinstance(error, StoreUnavailable | CheckpointMoved | LockLost)
        self.state = f"interrupted: {error or type(error).__name__}"
        if failures == 1 or not expected:
            say = _log.warning if expected else _log.error
            say("view interrupted", view=self.view.name, partition=self.partition.label, reason=self.state,
                exc_info=None if expected else error)  # fmt: skip

    async def _pause(self, failures: int) -> None:
        longest = min(_LONGEST_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS * 2 ** min(failures, 10))
        pause = random.uniform(longest / 2, longest)  # noqa: S311 - jitter, no secret
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), pause)
