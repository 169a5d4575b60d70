"""The one sentence in which decisions are tested: given events, when a command, then events or a refusal."""

from dataclasses import dataclass
from typing import Self

import pytest

from command_side.kernel.decider import slice_of
from contracts.errors import Problem
from contracts.message import Command, Event


def given(*events: Event) -> "Given":
    """A stream's history."""
    return Given(events)


@dataclass(frozen=True)
class Given:
    """A history on which a command is about to be decided."""

    events: tuple[Event, ...]

    def when(self, command: Command, facts: object = None) -> "When":
        """A command arrives, with the facts it gathered."""
        return When(self.events, command, facts)


@dataclass(frozen=True)
class When:
    """A command on a history."""

    events: tuple[Event, ...]
    command: Command
    facts: object

    def _decide(self) -> list[Event]:
        slice_ = slice_of(self.command.name)
        state = slice_.aggregate.fold(None, list(self.events))
        if slice_.gather is None:
            return slice_.decide(state, self.command)
        return slice_.decide(state, self.command, self.facts)

    def then(self, *expected: Event) -> Self:
        """Exactly these events are decided, and the aggregate can take them."""
        decided = self._decide()
        assert decided == list(expected)
        aggregate = slice_of(self.command.name).aggregate
        aggregate.fold(aggregate.fold(None, list(self.events)), decided)
        return self

    def then_refused(self, rule: type[Problem]) -> Self:
        """The command breaks exactly this rule."""
        with pytest.raises(Problem) as refusal:
            self._decide()
        assert type(refusal.value) is rule
        return self
