"""Counts and percentiles of many timed calls."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Measured:
    """Calls that were answered within a span of time."""

    calls: int
    seconds: float
    p50_ms: float
    p99_ms: float
    failed: int = 0

    @property
    def per_second(self) -> float:
        """Calls answered a second."""
        return self.calls / self.seconds

    @classmethod
    def of(cls, latencies: Sequence[float], seconds: float, failed: int = 0) -> "Measured":
        """From the seconds that each call took, and the span in which they were made."""
        ordered = sorted(latencies)
        return cls(len(ordered), seconds, percentile(ordered, 0.5), percentile(ordered, 0.99), failed)


def percentile(ordered: Sequence[float], share: float) -> float:
    """In milliseconds, of seconds in ascending order; 0 where nothing was measured."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1e3 if ordered else 0.0
