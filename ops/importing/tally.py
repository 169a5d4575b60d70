"""Counts what became of the rows of an import."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from typing import Any, Self

from ops.importing.row import Refusal


@dataclass(slots=True)
class Tally:
    """Every row read is imported, there already, updated or refused; an incomplete one is one of the first three."""

    rows: int = 0
    imported: int = 0
    there_already: int = 0
    """Listed by an earlier import, in just these words."""
    updated: int = 0
    """Listed before, and revised to what this file says."""
    refused: int = 0
    """Not in the catalogue because of this line."""
    incomplete: int = 0
    """In the catalogue, but a later step of the row was refused."""
    commands: int = 0
    by_rule: Counter[str] = field(default_factory=Counter)
    """Rule → how many rows broke it."""

    def add(self, other: Self) -> None:
        """Count the other's rows as well."""
        for each in fields(self):
            mine, theirs = getattr(self, each.name), getattr(other, each.name)
            setattr(self, each.name, mine + theirs)

    def blame(self, refusals: Iterable[Refusal]) -> None:
        """Count the rules that were broken."""
        for refusal in refusals:
            self.by_rule.update({fault.rule for fault in refusal.faults})

    def as_json(self) -> dict[str, Any]:
        """As JSON-able data, the commonest rule first."""
        counts = {each.name: getattr(self, each.name) for each in fields(self)}
        return {**counts, "by_rule": dict(self.by_rule.most_common())}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """What `as_json` wrote."""
        return cls(**{**data, "by_rule": Counter(data["by_rule"])})
