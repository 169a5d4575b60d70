"""Keeps Python's cycle collector from stopping a process that remembers much.

A full collection visits every container there is: with a full edge cache that stopped the gateway for 150 ms and
more, every second or two under load. What is reference-counted is freed at once all the same; cycles are looked for
among the young, where they are made, and among everything only seldom.
"""

import gc

_YOUNG, _MIDDLE, _OLD = 20_000, 50, 100


def collect_seldom() -> None:
    """Set what was loaded so far aside for good, and look at old objects a thousand times less often than usual."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, _MIDDLE, _OLD)
