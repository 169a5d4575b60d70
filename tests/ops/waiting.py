"""Waits for something to become true, with a deadline, for what offers no event to wait on."""

import threading
import time
from collections.abc import Callable

PAUSE_SECONDS = 0.02


def eventually(true: Callable[[], object], seconds: float = 15.0) -> None:
    """Return as soon as the condition holds; fail when it does not within the deadline."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"still not so after {seconds} s"
        threading.Event().wait(PAUSE_SECONDS)
