"""What a benchmark says: ours, the yardstick's, their ratio, and whether the target is met."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Better = Literal["higher", "lower"]


@dataclass(frozen=True, slots=True)
class Round:
    """Ours and the yardstick, one right after the other, in the benchmark's unit."""

    ours: float
    yardstick: float

    @property
    def ratio(self) -> float:
        """Ours in yardsticks."""
        return self.ours / self.yardstick


@dataclass(frozen=True, slots=True)
class Target:
    """What has to be reached."""

    value: float
    better: Better = "higher"
    of: Literal["ratio", "ours"] = "ratio"
    """Whether the ratio is judged, or our own figure as it stands."""

    def met_by(self, measured: float) -> bool:
        """Whether a figure reaches it."""
        return measured >= self.value if self.better == "higher" else measured <= self.value

    def share_of(self, measured: float) -> float:
        """How far a figure gets, 1 being just enough, more being better."""
        return measured / self.value if self.better == "higher" else self.value / measured


@dataclass(frozen=True, slots=True)
class Result:
    """The outcome of one benchmark; `ratio` is the median of the rounds' own ratios."""

    name: str
    title: str
    """What was measured, as a line of the table says it."""
    yardstick_title: str
    unit: str
    target: Target
    rounds: Sequence[Round]
    conditions: Mapping[str, Any]
    details: Mapping[str, Any] = field(default_factory=dict)
    """What else was seen on the way: other loads, percentiles."""

    @property
    def ours(self) -> float:
        """Our median."""
        return statistics.median(each.ours for each in self.rounds)

    @property
    def yardstick(self) -> float:
        """The yardstick's median."""
        return statistics.median(each.yardstick for each in self.rounds)

    @property
    def ratio(self) -> float:
        """The median of the rounds' ratios."""
        return statistics.median(each.ratio for each in self.rounds)

    @property
    def judged(self) -> float:
        """The figure that the target is about."""
        return self.ratio if self.target.of == "ratio" else self.ours

    @property
    def met(self) -> bool:
        """Whether the target is reached."""
        return self.target.met_by(self.judged)

    def as_json(self) -> dict[str, Any]:
        """Everything, rounded to what the measurement can bear."""
        return {
            "name": self.name,
            "title": self.title,
            "yardstick_title": self.yardstick_title,
            "ours": _short(self.ours),
            "yardstick": _short(self.yardstick),
            "ratio": _short(self.ratio),
            "unit": self.unit,
            "target": self.target.value,
            "target_of": self.target.of,
            "better": self.target.better,
            "met": self.met,
            "conditions": dict(self.conditions),
            "rounds": [
                {name: _short(value) for name, value in (asdict(each) | {"ratio": each.ratio}).items()}
                for each in self.rounds
            ],
            "details": _shortened(self.details),
        }


def rounds_of(ours: Callable[[], float], yardstick: Callable[[], float], count: int) -> list[Round]:
    """Measure both in turns, each going first every other time, so that a drifting machine favours neither."""
    rounds = []
    for number in range(count):
        if number % 2:
            theirs = yardstick()
            rounds.append(Round(ours(), theirs))
        else:
            rounds.append(Round(ours(), yardstick()))
    return rounds


def _short(value: float) -> float:
    """Four figures say all there is."""
    return float(f"{value:.4g}")


def _shortened(value: Any) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(value, Mapping):
        return {name: _shortened(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_shortened(part) for part in value]
    return _short(value) if isinstance(value, float) else value
