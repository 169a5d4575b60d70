"""The reference pages of commands and events, written from the contracts so that they cannot be out of date."""

import inspect
from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import BaseModel

from contracts import registry
from contracts.access import ROLES
from contracts.errors import Problem
from contracts.message import PUBLIC

_NOTE = "<!-- Written by `make generate` from the contracts. Changes by hand are lost. -->"

_HOW_TO_COMMAND = (
    "A command is a `POST` with a JSON body and a bearer token. Send an `Idempotency-Key` (a UUID) to be able to "
    "repeat it safely. The answer names the stream, its version and the position; the header `Consistency-Token` "
    "makes a later query wait until it shows the change. Many at once go to the same address with `/bulk`."
)
_HOW_TO_ASK = (
    "A query is a `GET`. Answers carry an `ETag`; a `Consistency-Token` from a command makes the answer wait "
    "until it has seen that position, or say 503 with the lag."
)


def commands_page() -> str:
    """Every command: its route, who may send it, its fields."""
    lines = [
        _NOTE,
        "# Commands",
        "",
        _HOW_TO_COMMAND,
    ]
    for name, kind in registry.commands().items():
        holders = ", ".join(f"`{role}`" for role, held in ROLES.items() if kind.permission in held)
        lines += [
            "", f"## {name}", "", f"`POST /v1/{name.replace('.', '/', 1)}`", "", _words(kind), "",
            f"Permission `{kind.permission}`, held by {holders}. Acts on one {kind.aggregate}, named by `{kind.key}`.",
            "", *_fields(kind),
        ]  # fmt: skip
    lines += _parts(registry.commands().values())
    return "\n".join(lines) + "\n"


def events_page() -> str:
    """Every event: its stored name and what it says."""
    lines = [
        _NOTE,
        "# Events",
        "",
        "What can have happened. Stored names are permanent; a changed shape is a new version beside the old one.",
    ]
    for name, kind in registry.events().items():
        lines += ["", f"## {name}", "", _words(kind), "", *_fields(kind)]
    lines += _parts(registry.events().values())
    return "\n".join(lines) + "\n"


def queries_page() -> str:
    """Every query: its address, its parameters, what it answers."""
    lines = [
        _NOTE,
        "# Queries",
        "",
        _HOW_TO_ASK,
    ]
    for name, kind in registry.queries().items():
        who = "anybody" if kind.permission == PUBLIC else f"holders of `{kind.permission}`"
        lines += [
            "", f"## {name}", "", f"`GET {kind.path}`", "", _words(kind), "",
            f"Read by {who} from the view `{kind.view}`; may be cached for {kind.max_age} s.", "",
            f"Answers `{kind.returns.__name__}`.", "", *_fields(kind),
        ]  # fmt: skip
    return "\n".join(lines) + "\n"


def problems_page() -> str:
    """Every refusal: its code, its status and its sentence in both languages."""
    lines = [_NOTE, "# Problems", "", "| code | status | English | Swahili |", "|---|---|---|---|"]
    for code, kind in sorted(Problem.registry.items()):
        lines.append(f"| `{code}` | {kind.status} | {kind.en} | {kind.sw} |")
    return "\n".join(lines) + "\n"


def _words(kind: type[BaseModel]) -> str:
    return inspect.cleandoc(kind.__doc__ or "")


def _parts(kinds: Iterable[type[BaseModel]]) -> Iterator[str]:
    """What the fields of these hold, where it has fields of its own."""
    parts: dict[str, dict[str, Any]] = {}
    for kind in kinds:
        parts |= kind.model_json_schema().get("$defs", {})
    yield from ("", "# Parts")
    for name, schema in sorted(parts.items()):
        yield from ("", f"## {name}", "", inspect.cleandoc(schema.get("description", "")), "")
        yield from _table(schema) if "properties" in schema else [_holds(schema)]


def _fields(kind: type[BaseModel]) -> Iterator[str]:
    return _table(kind.model_json_schema())


def _table(schema: dict[str, Any]) -> Iterator[str]:
    required = set(schema.get("required", ()))
    yield "| field | holds | |"
    yield "|---|---|---|"
    for name, field in schema.get("properties", {}).items():
        about = " ".join(field.get("description", "").split()).replace("|", "\\|")
        yield f"| `{name}`{'' if name in required else ' (optional)'} | {_holds(field)} | {about} |"


def _holds(field: dict[str, Any]) -> str:
    """What may stand in a field, in a few words."""
    if "$ref" in field:
        return str(field["$ref"]).rpartition("/")[2]
    options = field.get("anyOf") or field.get("oneOf")
    if options:
        return " or ".join(_holds(option) for option in options)
    if "enum" in field:
        return "one of " + ", ".join(f"`{value}`" for value in field["enum"])
    if "const" in field:
        return f"`{field['const']}`"
    kind = str(field.get("type", "anything"))
    if kind == "array":
        most = f"up to {field['maxItems']} of " if "maxItems" in field else "list of "
        return most + _holds(field.get("items", {}))
    words = {"string": field.get("format", "text"), "null": "nothing", "integer": "whole number"}.get(
        kind, kind
    )
    limits = [f"{word} {field[name]}" for name, word in _LIMITS.items() if name in field]
    return " ".join([words, *limits])


_LIMITS = {"maxLength": "up to", "minimum": "from", "maximum": "to"}
