"""Finds, by name alone, what decides each command and what folds each aggregate.

`catalog.list-product` on the aggregate `product` is decided by `command_side/catalog/list_product.py`:

    def decide(state: Product | None, command: ListProduct) -> list[Event]: ...

and folded by `evolve` of `command_side/catalog/product.py`, whose state class carries the aggregate's name.
A decision that needs something from outside its stream has beside it

    class Facts(Value): ...
    async def gather(command: PlaceInCategory, ask: Ask) -> Facts: ...

and takes the facts as a third argument. `decide` and `evolve` are pure: no I/O, no clock, no randomness.
"""

import hashlib
import importlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cache, reduce
from typing import Any, Protocol
from uuid import UUID

import orjson
from pydantic import BaseModel

from contracts import registry
from contracts.ids import natural_id
from contracts.message import Command, Event

State = Any
"""What an aggregate's `evolve` makes: a frozen model, or None before the first event."""


class Ask(Protocol):
    """How a decision gathers facts."""

    async def state(self, aggregate: str, key: str) -> State | None:
        """The present state of another aggregate of the same context; None where there is none."""


class Undecided(LookupError):
    """A command or aggregate has no file that decides or folds it."""


@dataclass(frozen=True, slots=True)
class Aggregate:
    """One kind of stream: its state and its fold."""

    context: str
    name: str
    state: type[BaseModel]
    evolve: Callable[[State | None, Event], State]
    shape: str
    """A digest of the state's schema: a snapshot of another shape is not read."""

    def fold(self, state: State | None, events: list[Event]) -> State | None:
        """The state after the events."""
        return reduce(self.evolve, events, state)

    def stream_id(self, key: str) -> UUID:
        """The stream of a natural key."""
        return natural_id(f"{self.context}.{self.name}", key)


@dataclass(frozen=True, slots=True)
class Slice:
    """One command with everything that decides it."""

    command: type[Command]
    aggregate: Aggregate
    decide: Callable[..., list[Event]]
    gather: Callable[[Command, Ask], Awaitable[object]] | None


@cache
def aggregate_of(context: str, name: str) -> Aggregate:
    """The aggregate in `command_side/<context>/<name>.py`.

    Raises:
        Undecided: there is no such file, or it lacks the state class or `evolve`.
    """
    path = f"command_side.{context}.{name.replace('-', '_')}"
    class_name = "".join(part.capitalize() for part in name.split("-"))
    try:
        module = importlib.import_module(path)
        state: type[BaseModel] = getattr(module, class_name)
        evolve = module.evolve
    except (ModuleNotFoundError, AttributeError) as error:
        message = f"{path} must define class {class_name} and evolve(state, event)"
        raise Undecided(message) from error
    schema = orjson.dumps(state.model_json_schema(), option=orjson.OPT_SORT_KEYS)
    return Aggregate(context, name, state, evolve, hashlib.sha256(schema).hexdigest()[:16])


@cache
def slice_of(name: str) -> Slice:
    """What decides the command of that name.

    Raises:
        Undecided: the command is unknown or has no decision file.
    """
    command = registry.commands().get(name)
    if command is None:
        raise Undecided(name)
    context, _, verb = name.partition(".")
    path = f"command_side.{context}.{verb.replace('-', '_')}"
    try:
        module = importlib.import_module(path)
        decide = module.decide
    except (ModuleNotFoundError, AttributeError) as error:
        message = f"{path} must define decide(state, command) for {name}"
        raise Undecided(message) from error
    return Slice(command, aggregate_of(context, command.aggregate), decide, getattr(module, "gather", None))


def all_slices() -> list[Slice]:
    """Every command's slice: called at start, so that a missing file is found then and not by a customer."""
    return [slice_of(name) for name in registry.commands()]
