"""Compares two addresses under the same load, in turns."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ops.bench.lab import Lab
from ops.bench.latency import Measured
from ops.bench.load.shots import Shots
from ops.bench.result import Round, rounds_of

_WARM_UP_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Side:
    """An address and what is sent to it."""

    url: str
    shots: Shots


@dataclass(frozen=True, slots=True)
class Comparison:
    """What became of it."""

    rounds: list[Round]
    ours: list[Measured]
    yardstick: list[Measured]

    def details(self) -> Mapping[str, Any]:
        """Rates and percentiles, the median of the rounds."""
        return {"ours": _median(self.ours), "yardstick": _median(self.yardstick)}


def compare(
    lab: Lab, ours: Side, yardstick: Side, clients: int, of: Literal["per_second", "p50_ms"] = "per_second"
) -> Comparison:
    """Fire at both in turns, after a little of both that does not count."""
    seen: tuple[list[Measured], list[Measured]] = [], []

    def fire(side: Side, into: list[Measured]) -> float:
        measured = lab.load.fire(side.url, side.shots, clients, lab.size.seconds)
        into.append(measured)
        return float(getattr(measured, of))

    for side in (ours, yardstick):
        lab.load.fire(side.url, side.shots, clients, min(_WARM_UP_SECONDS, lab.size.seconds))
    rounds = rounds_of(lambda: fire(ours, seen[0]), lambda: fire(yardstick, seen[1]), lab.size.rounds)
    return Comparison(rounds, *seen)


def _median(seen: list[Measured]) -> dict[str, float]:
    middle = sorted(seen, key=lambda each: each.per_second)[len(seen) // 2]
    return {"per_second": middle.per_second, "p50_ms": middle.p50_ms, "p99_ms": middle.p99_ms}
