"""The reference pages of commands and events, written from the contracts so that they cannot be out of date."""

import inspect
from collections.abc import Iterator

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from contracts import registry
from contracts.access import ROLES
from contracts.errors import Problem
from contracts.message import PUBLIC

_NOTE = "<!-- Written by `make generate` from the contracts. Changes by hand are lost. -->"


def commands_page() -> str:
    """Every command: its route, who may send it, its fields."""
    lines = [
        _NOTE,
        "# Commands",
        "",
        "A command is a `POST` with a JSON body and a bearer token. Send an `Idempotency-Key` (a UUID) to be able to "
        "repeat it safely. The answer names the stream, its version and the position; the header `Consistency-Token` "
        "makes a later query wait until it shows the change. Many at once go to the same address with `/bulk`.",
    ]
    for name, kind in registry.commands().items():
        holders = ", ".join(f"`{role}`" for role, held in ROLES.items() if kind.permission in held)
        lines += [
            "", f"## {name}", "", f"`POST /v1/{name.replace('.', '/', 1)}`", "", _words(kind), "",
            f"Permission `{kind.permission}`, held by {holders}. Acts on one {kind.aggregate}, named by `{kind.key}`.",
            "", *_fields(kind),
        ]  # fmt: skip
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
    return "\n".join(lines) + "\n"


def queries_page() -> str:
    """Every query: its address, its parameters, what it answers."""
    lines = [
        _NOTE,
        "# Queries",
        "",
        "A query is a `GET`. Answers carry an `ETag`; a `Consistency-Token` from a command makes the answer wait "
        "until it has seen that position, or say 503 with the lag.",
    ]
    for name, kind in registry.queries().items():
        who = "anybody" if kind.permission == PUBLIC else f"holders of `{kind.permission}`"
        lines += [
            "", f"## {name}", "", f"`GET {kind.path}`", "", _words(kind), "",
            f"Read by {who} from the view `{kind.view}`; may be cached for {kind.max_age} s. "
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


def _fields(kind: type[BaseModel]) -> Iterator[str]:
    yield "| field | type | |"
    yield "|---|---|---|"
    for name, field in kind.model_fields.items():
        yield f"| `{field.alias or name}` | {_type(field)} | {_about(field)} |"


def _type(field: FieldInfo) -> str:
    annotation = field.annotation
    shown = annotation.__name__ if isinstance(annotation, type) else str(annotation)
    for long, short in (("typing.", ""), ("contracts.", ""), ("NoneType", "None")):
        shown = shown.replace(long, short)
    return f"`{shown.replace('|', chr(92) + '|')}`"


def _about(field: FieldInfo) -> str:
    parts = ["required" if field.is_required() else "optional", " ".join((field.description or "").split())]
    return "; ".join(part for part in parts if part)
