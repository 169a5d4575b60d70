"""Where events wait between being read and being folded, so that reading goes on while a batch is written.

What has piled up is taken at once: a batch is one event when all is quiet and thousands when a view lags, and
nobody has to choose its size.
"""

import asyncio
from typing import NamedTuple

from projections.kernel.tail import Page


class Arrived(NamedTuple):
    """Consecutive events of one ledger."""

    label: str
    last: int
    """The position of the last of them."""
    page: Page


class Inbox:
    """A bounded buffer with one taker."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._pages: list[Arrived] = []
        self._size = 0
        self._failure: BaseException | None = None
        self._something = asyncio.Event()
        self._room = asyncio.Event()

    @property
    def empty(self) -> bool:
        """Whether nothing waits."""
        return not self._pages

    async def put(self, arrived: Arrived) -> None:
        """Add events, waiting for room first."""
        while self._size >= self._most:
            self._room.clear()
            await self._room.wait()
        self._pages.append(arrived)
        self._size += len(arrived.page)
        self._something.set()

    def fail(self, error: BaseException) -> None:
        """Reading ended: the taker gets the error, after what was read before."""
        self._failure = error
        self._something.set()

    def nudge(self) -> None:
        """Let the taker come by although there may be nothing."""
        self._something.set()

    async def take(self) -> list[Arrived]:
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
