"""Stored names and stored bytes of events: explicit, permanent, and older shapes are read as the newest.

A context whose event changed shape has a module `contracts/<context>/upcasts.py` with
`UPCASTS = {"<context>.Thing.v1": ("<context>.Thing.v2", function)}`; the function takes the old data as a
dict and returns the new one. Events in the ledger are never rewritten.
"""

import importlib
import importlib.util
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import orjson

from contracts import registry
from contracts.message import Event

Upcast = Callable[[dict[str, Any]], dict[str, Any]]


class UnknownEventType(LookupError):
    """The ledger holds a type name that this version of the software does not know."""


@cache
def upcasts() -> Mapping[str, tuple[str, Upcast]]:
    """Old type name → (the next type name, how the data changes), of every context."""
    found: dict[str, tuple[str, Upcast]] = {}
    for context in registry.contexts():
        name = f"contracts.{context}.upcasts"
        if importlib.util.find_spec(name):
            found |= importlib.import_module(name).UPCASTS
    return found


def newest(type_name: str) -> str:
    """The name of the shape in which events of that stored name are read."""
    while (step := upcasts().get(type_name)) is not None:
        type_name = step[0]
    return type_name


def encode(event: Event) -> bytes:
    """The event's data as the JSON bytes that are stored."""
    return event.__pydantic_serializer__.to_json(event)


def decode(type_name: str, data: bytes) -> Event:
    """The event that was stored, in its newest shape.

    Raises:
        UnknownEventType: no event and no upcast has that name.
        pydantic.ValidationError: the data does not fit the type.
    """
    kind = _kinds().get(type_name)
    if kind is not None:
        return kind.__pydantic_validator__.validate_json(data)  # type: ignore[no-any-return]
    return _upcast(type_name, data)


def _upcast(type_name: str, data: bytes) -> Event:
    shape: dict[str, Any] = orjson.loads(data)
    while (step := upcasts().get(type_name)) is not None:
        type_name, change = step
        shape = change(shape)
    kind = _kinds().get(type_name)
    if kind is None:
        raise UnknownEventType(type_name)
    return kind.model_validate(shape)


@cache
def _kinds() -> dict[str, type[Event]]:
    return registry.events()
