"""What reading one line of a file yields: commands for the catalogue, or why there are none."""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import ValidationError

from contracts.message import Command
from ops.errors import PlainError

_LONGEST_QUOTE = 200


class UnreadableFile(PlainError):
    """The file is not of the format that was named."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with a line."""

    field: str
    """The column as the file calls it, or the field of the command where no column is to blame."""
    rule: str
    message: str
    value: str = ""
    """What the file says there, shortened."""


@dataclass(frozen=True, slots=True)
class Row:
    """A line that makes sense: what to ask of the catalogue, in this order.

    Definitions of categories come first, and each but once in a reading of the file; the product's own
    commands follow, from listing it to publishing it.
    """

    line: int
    """Counted from 1, the header included."""
    sku: str
    commands: tuple[Command, ...]


@dataclass(frozen=True, slots=True)
class Refusal:
    """A line that cannot be imported, with everything that is wrong with it."""

    line: int
    sku: str
    """As far as it can be told; otherwise empty."""
    faults: tuple[Fault, ...]


def fault(field: str, rule: str, message: str, value: str = "") -> Fault:
    """A fault with its value shortened to what a person wants to read."""
    quoted = value if len(value) <= _LONGEST_QUOTE else value[: _LONGEST_QUOTE - 1] + "…"
    return Fault(field, rule, message, quoted)


def faults_of(
    error: ValidationError, column_of: Mapping[str, str], cells: Mapping[str, str], otherwise: str = ""
) -> tuple[Fault, ...]:
    """A command's broken rules, told by the columns that its fields came from.

    `column_of` maps a field to its column; `ingredients.amount` that part of each ingredient; and "" the rules on
    the whole. `otherwise` is the column of everything else.
    """
    found = []
    for complaint in error.errors(include_url=False, include_context=False):
        path = [str(part) for part in complaint["loc"]]
        place = ".".join(part for part in path if not part.isdigit())
        said = "" if complaint["type"] == "missing" or not path else str(complaint["input"])
        column = column_of.get(place) if "." in place else None
        if column is None:
            column = column_of.get(path[0] if path else "", otherwise)
            said = cells.get(column, said)
        found.append(fault(column or ".".join(path) or "row", complaint["type"], complaint["msg"], said))
    return tuple(found)
