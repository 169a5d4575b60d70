"""Finds every command, event and query that the contexts publish; nobody keeps a list by hand."""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from functools import cache
from types import ModuleType
from typing import TypeVar

import contracts
from contracts.message import Command, Event, Query

T = TypeVar("T")
_NOT_CONTEXTS = frozenset({"eventlog", "readmodel", "rpc", "search", "schemas"})


@cache
def contexts() -> tuple[str, ...]:
    """The names of all contexts, in alphabetical order."""
    packages = (module.name for module in pkgutil.iter_modules(contracts.__path__) if module.ispkg)
    return tuple(sorted(set(packages) - _NOT_CONTEXTS))


@cache
def commands() -> dict[str, type[Command]]:
    """Command name → class, of every context."""
    found: dict[str, type[Command]] = {}
    for context in contexts():
        for kind in _declared(f"contracts.{context}.commands", Command):
            if kind.context() != context or kind.name in found:
                message = f"{kind.__qualname__}: the name {kind.name} is taken or of another context"
                raise TypeError(message)
            found[kind.name] = kind
    return found


@cache
def events() -> dict[str, type[Event]]:
    """Stored type name → class, of every context."""
    found: dict[str, type[Event]] = {}
    for context in contexts():
        for kind in _declared(f"contracts.{context}.events", Event):
            if not kind.type.startswith(f"{context}.") or kind.type in found:
                message = f"{kind.__qualname__}: the type name {kind.type} is taken or of another context"
                raise TypeError(message)
            found[kind.type] = kind
    return found


@cache
def queries() -> dict[str, type[Query]]:
    """Query name → class, of every context."""
    found: dict[str, type[Query]] = {}
    for context in contexts():
        for kind in _declared(f"contracts.{context}.queries", Query):
            if kind.context() != context or kind.name in found:
                message = f"{kind.__qualname__}: the name {kind.name} is taken or of another context"
                raise TypeError(message)
            found[kind.name] = kind
    return found


def _declared(module_name: str, base: type[T]) -> Iterator[type[T]]:
    module: ModuleType = importlib.import_module(module_name)
    for _, kind in inspect.getmembers(module, inspect.isclass):
        if issubclass(kind, base) and kind.__module__ == module_name and not kind.__name__.startswith("_"):
            yield kind
