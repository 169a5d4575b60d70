"""Ctrl-C, a polite kill and a closed terminal are one wish; these say when it may be fulfilled."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def alike() -> Iterator[None]:
    """Each of them raises KeyboardInterrupt, so that one `except` and every `finally` know them all."""
    with _handled(_interrupt):
        yield


@contextmanager
def ignored() -> Iterator[None]:
    """None of them does anything: for what has to be finished, such as stopping everything."""
    with _handled(signal.SIG_IGN):
        yield


@contextmanager
def deferred() -> Iterator[None]:
    """They are heard at the end of the block: for a step that must not break off in its middle."""
    heard: list[int] = []
    with _handled(lambda number, _: heard.append(number)):
        yield
    if heard:
        signal.raise_signal(heard[0])


@contextmanager
def _handled(handler: Callable[[int, FrameType | None], object] | signal.Handlers) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield  # they never come here
        return
    before = {number: signal.signal(number, handler) for number in SIGNALS}
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
