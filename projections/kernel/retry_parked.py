"""Retries one parked key of a view from outside: by asking its owner, or here where nobody owns it."""

import asyncio

from projections.kernel.parking import Parked
from projections.kernel.runner import Runner
from projections.kernel.sink import SinkFactory
from projections.kernel.surroundings import Surroundings
from projections.kernel.view import View

_LOOK_SECONDS = 0.1


class NotParked(LookupError):
    """No such key is parked."""


async def retry_parked(
    view: View, key: str, sinks: SinkFactory, surroundings: Surroundings, deadline_seconds: float = 60.0
) -> list[Parked]:
    """Let the key fold what it has missed, in every generation and share that it is parked in.

    Returns where it is still parked: with its newest error, or with `retry_requested` where the owner has not
    come to it by the deadline.

    Raises:
        NotParked: it is not.
        StoreUnavailable: a store is away.
    """
    parked = await _parked(view, key, surroundings)
    if not parked:
        message = f"{key} of {view.name} is not parked"
        raise NotParked(message)
    asked = [one for one in parked if not await _retry_here(one, view, sinks, surroundings)]
    if asked:
        await surroundings.parking.request_retry(view.name, key)
        loop = asyncio.get_running_loop()
        end = loop.time() + deadline_seconds
        while any(one.retry_requested for one in parked) or asked:
            parked, asked = await _parked(view, key, surroundings), []
            if loop.time() > end:
                break
            await asyncio.sleep(_LOOK_SECONDS)
    return await _parked(view, key, surroundings)


async def _retry_here(one: Parked, view: View, sinks: SinkFactory, surroundings: Surroundings) -> bool:
    lease = await surroundings.locks.try_hold(one.place.lock)
    if lease is None:
        return False
    try:
        sink = sinks.open(view, one.place.generation)
        try:
            runner = Runner(view, one.place, sink, surroundings, live=False)
            await runner.begin()
            await lease.unless_lost(runner.retry(one.poison.key))
        finally:
            await sink.close()
    finally:
        await surroundings.locks.release(one.place.lock, lease)
    return True


async def _parked(view: View, key: str, surroundings: Surroundings) -> list[Parked]:
    return [one for one in await surroundings.parking.all(view.name) if one.poison.key == key]
