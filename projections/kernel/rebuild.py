"""Builds the next generation of a view beside the live one, compares the two, and swaps; or goes back to the last.

Reads never stop: the live generation stays as it is, and keeps moving, until the alias points to the new one. A
process that dies on the way leaves the live generation alone; the next rebuild drops what was left half-built. The
generation that was live before is kept until the next rebuild, so that one can go back to it.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from time import perf_counter

from contracts.readmodel.positions import Announcement
from projections.kernel import births
from projections.kernel.comparison import Comparison, compare
from projections.kernel.ownership import Lease, end
from projections.kernel.parking import Place
from projections.kernel.partition import partitions
from projections.kernel.runner import Runner
from projections.kernel.sink import Sink, SinkFactory
from projections.kernel.sinks.behind import WriteBehind
from projections.kernel.surroundings import Surroundings
from projections.kernel.view import View

_CLOSE = 1_000
"""Events behind the head: from there one last run catches up in an instant."""
_PROGRESS_SECONDS = 0.25

Progress = Callable[[int, int], None]
"""Told again and again: events dealt with, and events there are."""


class CannotRebuild(Exception):
    """It was not begun; the text says why, for people."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a rebuild or a way back has led to."""

    view: str
    before: int | None
    """The generation that was live."""
    after: int
    """The one that is."""
    events: int
    seconds: float
    documents: int
    parked: int
    """Document keys that the new generation could not fold."""
    comparison: Comparison | None
    """With the one that was live; None where there was none, or on the way back."""
    other_version: bool
    """The live one was built by another version of the view: differences are what one expects."""
    dropped: tuple[int, ...] = ()


class Rebuild:
    """One view's next generation."""

    def __init__(
        self, view: View, sinks: SinkFactory, surroundings: Surroundings, progress: Progress
    ) -> None:
        self._view = view
        self._sinks = sinks
        self._around = surroundings
        self._progress = progress

    async def run(self, *, keep_previous: bool = True) -> Outcome:
        """Build, compare, swap.

        Raises:
            CannotRebuild: another rebuild of the view is running.
            StoreUnavailable, LockLost: it was broken off; the live generation is untouched.
        """
        async with self._alone() as lease:
            return await lease.unless_lost(self._build(keep_previous=keep_previous))

    async def roll_back(self) -> Outcome:
        """Let the previous generation catch up, and make it live again.

        Raises:
            CannotRebuild: there is none, or a rebuild of the view is running.
            StoreUnavailable, LockLost: it was broken off; the live generation is untouched.
        """
        async with self._alone() as lease:
            return await lease.unless_lost(self._go_back())

    async def _build(self, *, keep_previous: bool) -> Outcome:
        view, around = self._view, self._around
        live = await self._sinks.live(view.name)
        built = await around.lineage.of(view.name)
        kept = {number for number, origin in built.items() if origin.complete} | {live or 0}
        await births.keep_only(kept, view, self._sinks, around)
        new = max(await self._sinks.generations(view.name), default=0) + 1
        await births.begin(view, new, self._sinks, around)
        other_version = live not in built or built[live].version != view.version
        outcome = await self._bring_live(new, live, fresh=True, other_version=other_version)
        kept = {new, live or new} if keep_previous else {new}
        return replace(outcome, dropped=await births.keep_only(kept, view, self._sinks, around))

    async def _go_back(self) -> Outcome:
        view = self._view
        live = await self._sinks.live(view.name)
        built = await self._around.lineage.of(view.name)
        there = [
            n
            for n in await self._sinks.generations(view.name)
            if n != live and n in built and built[n].complete
        ]
        if not there:
            message = f"{view.name} has no previous generation to go back to"
            raise CannotRebuild(message)
        previous = max(there)
        return await self._bring_live(
            previous, live, fresh=False, other_version=built[previous].version != view.version
        )

    async def _bring_live(
        self, generation: int, live: int | None, *, fresh: bool, other_version: bool
    ) -> Outcome:
        began, view = perf_counter(), self._view
        async with births.owned(view, generation, self._around) as leases:
            own = self._sinks.open(view, generation)
            sink = WriteBehind(own) if fresh else own
            try:
                positions = await self._catch_up(generation, sink, leases)
                comparison = await self._compare(live, sink) if fresh and live else None
                positions = await self._catch_up(generation, sink, leases)
                documents = await sink.count()
                await births.go_live(view, generation, self._sinks, self._around)
            finally:
                await sink.close()
            await self._tell_the_readers(generation, positions)
        parked = [
            one for one in await self._around.parking.all(view.name) if one.place.generation == generation
        ]
        return Outcome(
            view=view.name, before=live, after=generation, events=sum(positions.values()),
            seconds=perf_counter() - began, documents=documents, parked=len(parked),
            comparison=comparison, other_version=other_version,
        )  # fmt: skip

    async def _compare(self, live: int, sink: Sink) -> Comparison:
        old = self._sinks.open(self._view, live)
        try:
            return await compare(old, sink)
        finally:
            await old.close()

    async def _catch_up(self, generation: int, sink: Sink, leases: list[Lease]) -> dict[str, int]:
        places = [Place(self._view.name, generation, share) for share in partitions(self._view.partitions)]
        runners = [Runner(self._view, place, sink, self._around, live=False) for place in places]
        behind = _CLOSE + 1
        while behind > _CLOSE:
            heads = await self._around.heads(self._view)
            work = [
                asyncio.create_task(lease.unless_lost(runner.run(heads)))
                for runner, lease in zip(runners, leases, strict=True)
            ]
            telling = asyncio.create_task(self._tell(runners, sum(heads.values())))
            try:
                await asyncio.gather(*work)
            finally:
                await end(telling, *work)
            behind = sum((await self._around.heads(self._view)).values()) - sum(heads.values())
        self._progress(sum(heads.values()), sum(heads.values()))
        return {label: min(runner.positions[label] for runner in runners) for label in heads}

    async def _tell(self, runners: list[Runner], events: int) -> None:
        while True:
            self._progress(min(sum(runner.positions.values()) for runner in runners), events)
            await asyncio.sleep(_PROGRESS_SECONDS)

    async def _tell_the_readers(self, generation: int, positions: dict[str, int]) -> None:
        publisher = self._around.publisher
        for share in partitions(self._view.partitions):
            publisher.announce(Announcement(self._view.name, generation, share.label, positions, None))
            await publisher.settled(self._view.name, share.label)
            publisher.fall_silent(self._view.name, share.label)

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[Lease]:
        name = births.view_lock(self._view)
        lease = await self._around.locks.try_hold(name)
        if lease is None:
            message = f"another rebuild of {self._view.name} is running"
            raise CannotRebuild(message)
        try:
            yield lease
        finally:
            await self._around.locks.release(name, lease)
