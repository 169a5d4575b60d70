"""Writes a command as one item of a bulk request, under an id that the same request always gets."""

from dataclasses import dataclass

import uuid_utils

from contracts.message import Command

_IMPORTED = uuid_utils.UUID("3b1f0f7e-54a0-5f0b-8c55-1c6d2f3f5a90")
"""Namespace of the ids of imported commands: changing it would import everything a second time."""


@dataclass(frozen=True, slots=True)
class Item:
    """One command on its way."""

    line: int
    """The line of the file that asks for it."""
    name: str
    json: bytes
    """`{"id": ..., "command": {...}}`"""


def item(line: int, command: Command) -> Item:
    """The command with its id: derived from its name and its body, so that sending it twice does nothing twice."""
    body = command.__pydantic_serializer__.to_json(command, exclude_unset=True)
    command_id = uuid_utils.uuid5(_IMPORTED, f"{command.name}\n{body.decode()}")
    return Item(line, command.name, b'{"id":"%b","command":%b}' % (str(command_id).encode(), body))
