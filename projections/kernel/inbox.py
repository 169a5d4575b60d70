"""Where events wait between being read and being folded, so that reading goes on while a batch is written.

What has piled up is taken at once: a batch is one event when all is quiet and thousands when a view lags, and
nobody has to choose its size.
"""

import asyncio
from collections.abc import Sequence

from contracts.message import Envelope, Event

Page = tuple[str, Sequence[Envelope[Event]]]
"""A ledger's label, and events of it in order."""


class Inbox:
    """A bounded buffer with one taker."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._pages: list[Page] = []
        self._size = 0
        self._failure: BaseException | None = None
        self._something = asyncio.Event()
        self._room = asyncio.Event()

    @property
    def empty(self) -> bool:
        """Whether nothing waits."""
        return not self._pages

    async def put(self, label: str, envelopes: Sequence[Envelope[Event]]) -> None:
        """Add events, waiting for room first."""
        while self._size >= self._most:
            self._room.clear()
            await self._room.wait()
        self._pages.append((label, envelopes))
        self._size += len(envelopes)
        self._something.set()

    def fail(self, error: BaseException) -> None:
        """Reading ended: the taker gets the error, after what was read before."""
        self._failure = error
        self._something.set()

    def nudge(self) -> None:
        """Let the taker come by although there may be nothing."""
        self._something.set()

    async def take(self) -> list[Page]:
        """All that waits; empty only after a nudge."""
        await self._something.wait()
        self._something.clear()
        pages, self._pages, self._size = self._pages, [], 0
        self._room.set()
        if not pages and self._failure is not None:
            raise self._failure
        if self._failure is not None:
            self._something.set()
        return pages
