"""Lets a parked key catch up with its view once the code is right, while the view goes on.

A parked document has seen nothing since its poison, so it goes on from its own `at`. A document that a parked
stream belongs to may have seen later events of other streams, so it is folded anew, from position 0. Most is
collected beside the running view; what has come since is added between two of its batches, so the key joins the
others at exactly their place.
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field

import structlog

from contracts.errors import StoreUnavailable
from contracts.message import Envelope, Event
from projections.kernel.fold import NOTHING, Fold, Happened, Held
from projections.kernel.parking import Place, Poison, parked_stream
from projections.kernel.reason import how_it_got_there, reason
from projections.kernel.sink import Sink, Stored
from projections.kernel.surroundings import Surroundings

_log = structlog.get_logger()
_PAGE = 1_000


@dataclass(slots=True)
class Retry:
    """What was collected so far for one parked key."""

    parked: str
    found: dict[str, Stored]
    """The documents concerned, as they stand in the store: one, or those that a parked stream belongs to."""
    start: dict[str, Stored]
    """What each is folded from."""
    upto: dict[str, int]
    """Ledger label → position up to which events were collected."""
    happened: dict[str, Happened] = field(default_factory=dict)


class Retries:
    """The retries of one share of one generation of a view."""

    def __init__(self, place: Place, fold: Fold, held: Held, sink: Sink, surroundings: Surroundings) -> None:
        self._place = place
        self._fold = fold
        self._held = held
        self._sink = sink
        self._tails = surroundings.tails_of(fold.view)
        self._parking = surroundings.parking

    async def collect(self, parked: str, upto: Mapping[str, int]) -> Retry | None:
        """Collect the key's events up to these positions; None where it still cannot be told which they are.

        Raises:
            StoreUnavailable: a store is away.
        """
        try:
            stream = parked_stream(parked)
            keys = [parked] if stream is None else await self._keys_of(stream, upto)
            stored = await self._sink.load(keys)
            found = {key: stored.get(key, NOTHING) for key in keys}
            start = found if stream is None else {key: _anew(was) for key, was in found.items()}
            lowest = {
                label: min((was.at.get(label, 0) for was in start.values()), default=0)
                for label in self._tails
            }
            retry = Retry(parked, found, start, lowest)
            await self._extend(retry, upto)
        except StoreUnavailable:
            raise
        except Exception as error:  # noqa: BLE001 - the view's own code may fail in any way
            await self._still(parked, error)
            return None
        return retry

    async def finish(
        self, retry: Retry, positions: Mapping[str, int], saved: Mapping[str, int]
    ) -> frozenset[str]:
        """Fold and write what was collected and what came since, and let the key go on; between two batches.

        Returns the documents written. The key stays parked if it met another poison, or if somebody else wrote.
        """
        await self._extend(retry, positions)
        written: set[str] = set()
        for key, start in retry.start.items():
            folded = self._fold.document(key, start, retry.happened.get(key, []))
            if folded.change is not None:
                change = folded.change._replace(loaded_revision=retry.found[key].revision)
                if await self._sink.write([change], self._place.partition.label, saved):
                    message = f"the document {key} cannot be written over; rebuild the view"
                    await self._still(retry.parked, RuntimeError(message))
                    return frozenset(written)
                written.add(key)
            if folded.poison is not None:
                await self.park(folded.poison)
            elif key in self._held.documents:
                await self._unpark(key)
        if parked_stream(retry.parked) is not None:
            await self._unpark(retry.parked)
        return frozenset(written)

    async def park(self, poison: Poison) -> None:
        """Stop a key at an event, on record, before the checkpoint passes it."""
        await self._parking.park(self._place, poison)
        self._held.add(poison.key)
        _log.error(
            "document parked", view=self._place.view, generation=self._place.generation, key=poison.key,
            ledger=poison.ledger, position=poison.position, error=poison.error,
        )  # fmt: skip

    async def _unpark(self, key: str) -> None:
        await self._parking.unpark(self._place, key)
        self._held.discard(key)
        _log.info("document goes on", view=self._place.view, generation=self._place.generation, key=key)

    async def _still(self, key: str, error: Exception) -> None:
        await self._parking.refuse(self._place, key, reason(error), how_it_got_there(error))
        _log.error("document stays parked", view=self._place.view, key=key, error=reason(error))

    async def _extend(self, retry: Retry, upto: Mapping[str, int]) -> None:
        async for label, envelope in self._between(retry.upto, upto):
            try:
                key = self._fold.key(envelope)
            except Exception:  # noqa: BLE001, S112 - that event's stream is parked on its own account
                continue
            if key in retry.start:
                retry.happened.setdefault(key, []).append((label, envelope))
        retry.upto = dict(upto)

    async def _keys_of(self, stream: object, upto: Mapping[str, int]) -> list[str]:
        keys = set()
        async for _, envelope in self._between({}, upto):
            if envelope.stream_id == stream and (key := self._fold.key(envelope)) is not None:
                keys.add(key)
        return sorted(keys)

    async def _between(
        self, after: Mapping[str, int], upto: Mapping[str, int]
    ) -> AsyncIterator[tuple[str, Envelope[Event]]]:
        for label, tail in self._tails.items():
            position, end = after.get(label, 0), upto.get(label, 0)
            while position < end:
                page = await tail.stored(position, min(_PAGE, end - position))
                for envelope in page:
                    if envelope is not None and self._fold.reads(envelope):
                        yield label, envelope
                position += len(page) or end


def _anew(was: Stored) -> Stored:
    """From nothing, remembering that there is something to be written over."""
    return Stored(None, dict.fromkeys(was.at, 0))
