"""A bucket of tokens for everybody who asks: what is spent comes back at a steady rate."""

from collections import OrderedDict
from collections.abc import Callable
from math import ceil
from time import monotonic

from gateway.refusals import TooManyRequests

_REMEMBERED = 10_000


class Rate:
    """Up to two seconds' worth of requests at once, then `per_second`."""

    def __init__(self, per_second: float | None, clock: Callable[[], float] = monotonic) -> None:
        self._per_second = per_second
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def spend(self, who: str) -> None:
        """Take one token of somebody's.

        Raises:
            TooManyRequests: none is left; it says in how many seconds there will be one.
        """
        if self._per_second is None:
            return
        now, most = self._clock(), max(1.0, 2 * self._per_second)
        left, then = self._buckets.pop(who, (most, now))
        left = min(most, left + (now - then) * self._per_second)
        spent = left >= 1.0
        self._buckets[who] = (left - 1.0 if spent else left, now)
        if len(self._buckets) > _REMEMBERED:
            self._buckets.popitem(last=False)
        if not spent:
            seconds = max(1, ceil((1.0 - left) / self._per_second))
            raise TooManyRequests(seconds=seconds, retry_after=seconds)
