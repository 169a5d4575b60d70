"""Turns many concurrent small requests into few large ones, one in flight at a time.

While a batch is on its way, whatever arrives waits and forms the next one: no timer, no added delay when
there is no load, and ever larger batches the more there is. Group commit, batched loading
and shared reads are all this.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Ask = TypeVar("Ask")
Answer = TypeVar("Answer")


class Coalescer(Generic[Ask, Answer]):
    """Answers single requests through a function that answers many.

    Args:
        answer_all: takes a batch, returns the answers in the same order. An exception is the answer to all.
        most: the largest batch.
        collide: optional; the keys of a request of which no two may meet in one batch. A request that
            collides waits for the next batch, in order.
    """

    def __init__(
        self,
        answer_all: Callable[[Sequence[Ask]], Awaitable[Sequence[Answer]]],
        *,
        most: int,
        collide: Callable[[Ask], tuple[object, ...]] | None = None,
    ) -> None:
        self._answer_all = answer_all
        self._most = most
        self._collide = collide
        self._waiting: deque[tuple[Ask, asyncio.Future[Answer]]] = deque()
        self._working: asyncio.Task[None] | None = None

    async def ask(self, request: Ask) -> Answer:
        """The answer to one request. Cancelling the asker does not cancel a batch that is on its way."""
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((request, answer))
        if self._working is None:
            self._working = asyncio.create_task(self._work())
        return await answer

    async def drained(self) -> None:
        """Wait until nothing is waiting or on its way."""
        while self._working is not None:
            await asyncio.shield(self._working)

    async def _work(self) -> None:
        try:
            while self._waiting:
                await self._one_batch()
        finally:
            self._working = None

    async def _one_batch(self) -> None:
        batch = self._take()
        try:
            answers = await self._answer_all([request for request, _ in batch])
        except Exception as error:  # noqa: BLE001 - it is handed to everyone who asked
            for _, future in batch:
                if not future.done():
                    future.set_exception(error)
            return
        for (_, future), answer in zip(batch, answers, strict=True):
            if future.done():
                continue
            if isinstance(answer, Exception):
                future.set_exception(answer)
            else:
                future.set_result(answer)

    def _take(self) -> list[tuple[Ask, asyncio.Future[Answer]]]:
        if self._collide is None:
            return [self._waiting.popleft() for _ in range(min(self._most, len(self._waiting)))]
        batch: list[tuple[Ask, asyncio.Future[Answer]]] = []
        later: list[tuple[Ask, asyncio.Future[Answer]]] = []
        taken: set[object] = set()
        while self._waiting and len(batch) < self._most:
            entry = self._waiting.popleft()
            keys = self._collide(entry[0])
            (later if not taken.isdisjoint(keys) else batch).append(entry)
            taken.update(keys)
        self._waiting.extendleft(reversed(later))
        return batch
