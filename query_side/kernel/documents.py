"""Reads documents of a view's live generation, whatever store they lie in."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from contracts.readmodel.generations import Generation
from contracts.rpc.channel import ViewNotBuilt

REMEMBER_SECONDS = 1.0
"""For how long an alias is believed when no announcement tells of it."""
REMOVED = b"null"
"""The body of a document that was removed: its tombstone stays."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A document as it lies in its store."""

    body: bytes
    """The JSON bytes to serve."""
    etag: str
    """Without its quotes."""


class DocumentStore(Protocol):
    """One kind of store. Every method raises `StoreUnavailable` when it cannot be reached in time."""

    async def live(self, view: str) -> int | None:
        """The generation that the alias names; None before the first."""

    async def read(self, generation: Generation, keys: Sequence[str]) -> dict[str, Stored]:
        """The documents that exist, in one round trip."""

    async def read_all(self, generation: Generation) -> dict[str, Stored]:
        """Every document of a small view, by key and in the order of the keys."""

    async def ping(self) -> None:
        """Return when it answers."""

    async def close(self) -> None:
        """Let go of the connections."""


class Heard(Protocol):
    """What is needed of `contracts.readmodel.positions.PositionsFeed`."""

    def hears(self, view: str) -> bool:
        """Whether announcements of the view are being heard."""

    def generation(self, view: str) -> int | None:
        """The generation last announced."""


class Live:
    """Knows which generation to read: from the announcements, or from the alias itself while none are heard."""

    def __init__(self, heard: Heard) -> None:
        self._heard = heard
        self._believed: dict[str, tuple[float, int]] = {}

    async def of(self, view: str, resolve: Callable[[str], Awaitable[int | None]]) -> int:
        """The live generation.

        Raises:
            ViewNotBuilt: there is none yet.
            StoreUnavailable: the alias could not be read.
        """
        announced = self._heard.generation(view) if self._heard.hears(view) else None
        if announced:
            return announced
        believed = self._believed.get(view)
        if believed is not None and asyncio.get_running_loop().time() - believed[0] < REMEMBER_SECONDS:
            return believed[1]
        return await self.again(view, resolve)

    async def again(self, view: str, resolve: Callable[[str], Awaitable[int | None]]) -> int:
        """The same, from the alias itself."""
        number = await resolve(view)
        if number is None:
            raise ViewNotBuilt(view=view, retry_after=1)
        self._believed[view] = (asyncio.get_running_loop().time(), number)
        return number


class Documents:
    """The documents of one view, for one question: all that is read is of one generation."""

    def __init__(self, view: str, store: DocumentStore, live: Live) -> None:
        self._view = view
        self._store = store
        self._live = live
        self.generation = 0

    async def one(self, key: str) -> Stored | None:
        """The document, unless it never was or was removed."""
        return (await self.several([key])).get(key)

    async def several(self, keys: Sequence[str]) -> Mapping[str, Stored]:
        """Those of the documents that there are."""
        return await self._read(lambda generation: self._store.read(generation, keys), len(keys))

    async def everything(self) -> Mapping[str, Stored]:
        """All of them, in the order of their keys."""
        return await self._read(self._store.read_all, 1)

    async def _read(
        self, read: Callable[[Generation], Awaitable[dict[str, Stored]]], expected: int
    ) -> Mapping[str, Stored]:
        """Where documents are missing, the generation may just have been replaced and dropped: look again."""
        self.generation = await self._live.of(self._view, self._store.live)
        found = await read(Generation(self._view, self.generation))
        if len(found) < expected:
            number = await self._live.again(self._view, self._store.live)
            if number != self.generation:
                self.generation = number
                found = await read(Generation(self._view, number))
        return {key: stored for key, stored in found.items() if stored.body != REMOVED}
