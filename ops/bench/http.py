"""Compares two addresses under the same load, in turns."""

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal

from gateway.limits import Limits
from ops.bench.lab import Lab, YardstickServer
from ops.bench.latency import Measured
from ops.bench.load.shots import Shots
from ops.bench.result import Round, rounds_of
from ops.supervision.identity import PROC, members_of_session

PAST_THE_EDGE_CACHE = Limits().cache_bytes // 1_000
"""Addresses taken in turns of which the edge cache never has the next: it counts at least 1,024 bytes for each."""
_WARM_UP_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Side:
    """An address, what is sent to it, and the process that leads those which answer."""

    url: str
    shots: Shots
    pid: int | None


def gateway(lab: Lab, shots: Shots) -> Side:
    """The product's own gateway."""
    return Side(lab.stack.gateway, shots, lab.stack.pid_of("gateway"))


def bare(server: YardstickServer, shots: Shots) -> Side:
    """A yardstick."""
    return Side(server.url, shots, server.pid)


@dataclass(frozen=True, slots=True)
class Fired:
    """One measurement."""

    measured: Measured
    cpu_seconds: float
    """That the answering process took for it; a busy machine stretches everything else."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What became of it."""

    rounds: list[Round]
    ours: list["Fired"]
    yardstick: list["Fired"]

    def details(self) -> Mapping[str, Any]:
        """Rates, percentiles and processor time in the answering process, of the median round."""
        return {"ours": _median(self.ours), "yardstick": _median(self.yardstick)}


def compare(
    lab: Lab, ours: Side, yardstick: Side, clients: int, of: Literal["per_second", "p50_ms"] = "per_second"
) -> Comparison:
    """Fire at both in turns, after a little of both that does not count."""
    seen: tuple[list[Fired], list[Fired]] = [], []

    def fire(side: Side, into: list[Fired]) -> float:
        before = _cpu_seconds(side.pid)
        measured = lab.load.fire(side.url, side.shots, clients, lab.size.seconds)
        into.append(Fired(measured, _cpu_seconds(side.pid) - before))
        return float(getattr(measured, of))

    for side in (ours, yardstick):
        lab.load.fire(side.url, side.shots, clients, min(_WARM_UP_SECONDS, lab.size.seconds))
    rounds = rounds_of(lambda: fire(ours, seen[0]), lambda: fire(yardstick, seen[1]), lab.size.rounds)
    return Comparison(rounds, *seen)


def _median(seen: list[Fired]) -> dict[str, float]:
    middle = sorted(seen, key=lambda each: each.measured.per_second)[len(seen) // 2]
    measured = middle.measured
    return {
        "per_second": measured.per_second,
        "p50_ms": measured.p50_ms,
        "p99_ms": measured.p99_ms,
        "cpu_us_a_request": middle.cpu_seconds / measured.calls * 1e6,
    }


def _cpu_seconds(leader: int | None) -> float:
    """User and system time so far of a process and those in its session; 0 where the system does not tell."""
    if leader is None or not PROC.exists():
        return 0.0
    ticks = 0
    for pid in {leader, *members_of_session(leader)}:
        with suppress(OSError):
            fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])  # utime and stime, counted from after the name
    return ticks / os.sysconf("SC_CLK_TCK")
