"""How generations of a view begin and end; only ever done under the view's own lock."""

from collections.abc import AsyncIterator, Collection
from contextlib import AsyncExitStack, asynccontextmanager

from projections.kernel.ownership import Lease
from projections.kernel.parking import Place
from projections.kernel.partition import partitions
from projections.kernel.sink import SinkFactory
from projections.kernel.surroundings import Surroundings
from projections.kernel.view import View


def view_lock(view: View) -> str:
    """The lock under which a view's generations come and go: one rebuild at a time."""
    return f"projection:{view.name}"


async def begin(view: View, generation: int, sinks: SinkFactory, surroundings: Surroundings) -> None:
    """Make room for a generation, and note which version builds it."""
    await surroundings.parking.forget(view.name, generation)
    await surroundings.lineage.begin(view.name, generation, view.version)
    sink = sinks.open(view, generation)
    try:
        await sink.prepare()
    finally:
        await sink.close()


async def go_live(view: View, generation: int, sinks: SinkFactory, surroundings: Surroundings) -> None:
    """Move the alias to it."""
    await surroundings.lineage.complete(view.name, generation)
    await sinks.swap(view.name, generation)


async def keep_only(
    kept: Collection[int], view: View, sinks: SinkFactory, surroundings: Surroundings
) -> tuple[int, ...]:
    """Drop all other generations, half-built ones too, and every trace of them; returns those dropped."""
    known = set(await sinks.generations(view.name)) | set(await surroundings.lineage.of(view.name))
    dropped = tuple(sorted(known - set(kept)))
    for generation in dropped:
        async with owned(view, generation, surroundings):  # whoever wrote it has let go
            sink = sinks.open(view, generation)
            try:
                await sink.drop()
            finally:
                await sink.close()
        await surroundings.parking.forget(view.name, generation)
        await surroundings.lineage.forget(view.name, generation)
    return dropped


@asynccontextmanager
async def owned(view: View, generation: int, surroundings: Surroundings) -> AsyncIterator[list[Lease]]:
    """Own all shares of a generation, waiting for those who do."""
    async with AsyncExitStack() as held:
        places = [Place(view.name, generation, share) for share in partitions(view.partitions)]
        yield [await held.enter_async_context(surroundings.locks.hold(place.lock)) for place in places]


async def live_or_first(view: View, sinks: SinkFactory, surroundings: Surroundings) -> int:
    """The live generation; where there is none (the first start, a store that lost everything), an empty first."""
    live = await sinks.live(view.name)
    if live is not None:
        return live
    async with surroundings.locks.hold(view_lock(view)):
        live = await sinks.live(view.name)
        if live is None:
            live = 1
            await keep_only((), view, sinks, surroundings)
            await begin(view, live, sinks, surroundings)
            await go_live(view, live, sinks, surroundings)
    return live
