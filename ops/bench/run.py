"""Runs benchmarks by name in one lab, in the order in which they disturb each other least."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ops.bench import append, card, command, lag, memory, page, rebuild, search
from ops.bench.lab import Lab
from ops.bench.result import Result

BENCHMARKS: dict[str, Callable[[Lab], list[Result]]] = {
    "append": lambda lab: [append.run(lab)],
    "page": lambda lab: [page.run(lab)],
    "card": lambda lab: [card.run(lab)],
    "search": lambda lab: [search.run(lab)],
    "rebuild": rebuild.run,
    "lag": lambda lab: [lag.run(lab)],
    "command": lambda lab: [command.run(lab)],
    "memory": lambda lab: [memory.run(lab)],
}
"""Reading comes before writing, so that all read what was imported; memory comes last, when all has been used."""


def results_of(lab: Lab, names: Sequence[str]) -> Iterator[Result]:
    """Each benchmark's results as soon as they are there."""
    for name in names:
        yield from BENCHMARKS[name](lab)


def as_one(name: str, results: Sequence[Result]) -> dict[str, Any]:
    """One object for a benchmark of several parts: the part that is furthest from its target, and all of them."""
    worst = min(results, key=lambda result: result.target.share_of(result.judged)).as_json()
    if len(results) == 1:
        return worst
    parts = [result.as_json() for result in results]
    return {**worst, "name": name, "met": all(part["met"] for part in parts), "parts": parts}
