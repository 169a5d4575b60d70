"""Ends requests that take too long, looked for ten times a second: a timer a request costs more than a cached answer."""

import asyncio
from typing import Any

_LOOK_SECONDS = 0.1


class Deadlines:
    """Of the requests of one event loop."""

    def __init__(self) -> None:
        self._until: dict[asyncio.Task[Any], float] = {}
        self._expired: set[asyncio.Task[Any]] = set()
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, seconds: float) -> "asyncio.Task[Any]":
        """Cancel the task that is running now once so many seconds have gone, or up to a tenth more; returns it."""
        task = asyncio.current_task()
        if task is None:
            message = "a deadline is of a task"
            raise RuntimeError(message)
        loop = task.get_loop()
        self._until[task] = loop.time() + seconds
        if self._timer is None:
            self._timer = loop.call_later(_LOOK_SECONDS, self._look, loop)
        return task

    def passed(self, task: "asyncio.Task[Any]") -> bool:
        """Whether it was its deadline that cancelled the task."""
        return task in self._expired

    def end(self, task: "asyncio.Task[Any]") -> None:
        """The task is done with what had a deadline."""
        self._until.pop(task, None)
        self._expired.discard(task)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        for task, until in tuple(self._until.items()):
            if until <= now:
                del self._until[task]
                self._expired.add(task)
                task.cancel()
        self._timer = loop.call_later(_LOOK_SECONDS, self._look, loop) if self._until else None
