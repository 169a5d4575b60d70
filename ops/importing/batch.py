"""Takes one batch of rows through the catalogue, step by step, so that each product's commands keep their order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import orjson

from contracts.catalog.commands import DefineCategory, ListProduct, PlaceInCategory, ReviseProduct
from contracts.message import Command
from ops.importing.gateway import Answer
from ops.importing.row import Fault, Refusal, Row, fault
from ops.importing.tally import Tally
from ops.importing.wire import Item, item

_LISTED_ALREADY = "product.already_listed"
_SAME_ID = "idempotency.key_reused"
"""An id stands for name and body, so this very command was accepted before, from somebody else."""


class Bulk(Protocol):
    """Where commands of one name are sent."""

    async def send(self, items: Sequence[Item]) -> list[Answer]:
        """The answers in order."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a batch."""

    tally: Tally
    refusals: tuple[Refusal, ...]


@dataclass(slots=True)
class _Journey:
    """One row on its way."""

    row: Row
    listing: ListProduct
    rest: list[Command]
    faults: list[Fault] = field(default_factory=list)
    stopped: bool = False


async def define_categories(gateway: Bulk, rows: Sequence[Row | Refusal]) -> Outcome:
    """Send the definitions of categories that the rows bring; a parent goes before what stands in it."""
    waiting = [
        (row, command)
        for row in rows
        if isinstance(row, Row)
        for command in row.commands
        if isinstance(command, DefineCategory)
    ]
    tally, refusals = Tally(), []
    while waiting:
        undefined = {command.slug for _, command in waiting}
        ready = [pair for pair in waiting if pair[1].parent not in undefined]
        waiting = [pair for pair in waiting if pair[1].parent in undefined]
        if not ready:  # a circle, which the catalogue will refuse
            ready, waiting = waiting, []
        items = [item(row.line, command) for row, command in ready]
        tally.commands += len(items)
        for (row, _), sent, answer in zip(ready, items, await gateway.send(items), strict=True):
            if answer.problem is not None and answer.code != _SAME_ID:
                refusals.append(Refusal(row.line, row.sku, _faults(sent, answer.problem)))
    tally.blame(refusals)
    return Outcome(tally, tuple(refusals))


async def import_batch(gateway: Bulk, rows: Sequence[Row | Refusal]) -> Outcome:
    """List or revise each product, then class, place and publish it.

    Raises:
        GatewayFailed: the batch was not finished; sending it again does nothing twice.
    """
    tally = Tally(rows=len(rows))
    journeys = [_journey(row) for row in rows if isinstance(row, Row)]
    await _list(gateway, journeys, tally)
    await _steps(gateway, journeys, tally)
    refusals = [row for row in rows if isinstance(row, Refusal)]
    tally.refused += len(refusals)
    refusals += [
        Refusal(journey.row.line, journey.row.sku, tuple(journey.faults))
        for journey in journeys
        if journey.faults
    ]
    tally.blame(refusals)
    return Outcome(tally, tuple(refusals))


def _journey(row: Row) -> _Journey:
    own = [command for command in row.commands if not isinstance(command, DefineCategory)]
    listing = own[0]
    if not isinstance(listing, ListProduct):
        message = f"line {row.line}: a row's own commands open with list-product"
        raise TypeError(message)
    return _Journey(row, listing, own[1:])


async def _list(gateway: Bulk, journeys: list[_Journey], tally: Tally) -> None:
    """List what is new; what is listed already is revised to what this file says."""
    listed_already = []
    for journey, answer in await _send(gateway, [(journey, journey.listing) for journey in journeys], tally):
        if answer.code == _LISTED_ALREADY:
            listed_already.append(journey)
        elif journey.stopped:
            tally.refused += 1
        elif answer.repeated or answer.code == _SAME_ID:
            tally.there_already += 1
        else:
            tally.imported += 1
    revisions: list[tuple[_Journey, Command]] = [
        (journey, _revision(journey.listing)) for journey in listed_already
    ]
    for journey, answer in await _send(gateway, revisions, tally):
        if journey.stopped:
            tally.refused += 1
        elif answer.repeated or answer.code == _SAME_ID:
            tally.there_already += 1
        else:
            tally.updated += 1


def _revision(listing: ListProduct) -> ReviseProduct:
    """All that the file knows of the product, and nothing that it does not know."""
    return ReviseProduct(**{name: getattr(listing, name) for name in listing.model_fields_set})


async def _steps(gateway: Bulk, journeys: list[_Journey], tally: Tally) -> None:
    """The commands after the listing: each round sends one command of each product, all of one name."""
    listed = [journey for journey in journeys if not journey.stopped]
    while going := [journey for journey in listed if journey.rest and not journey.stopped]:
        # Whoever has most left to do sets the pace, so that all arrive at the last step together.
        name = max(going, key=lambda journey: len(journey.rest)).rest[0].name
        steps = [(journey, journey.rest.pop(0)) for journey in going if journey.rest[0].name == name]
        await _send(gateway, steps, tally)
    tally.incomplete += sum(1 for journey in listed if journey.faults)


async def _send(
    gateway: Bulk, commands: Sequence[tuple[_Journey, Command]], tally: Tally
) -> list[tuple[_Journey, Answer]]:
    """Send one command of each journey; a refusal ends the journey, unless it only concerns a shelf."""
    items = [item(journey.row.line, command) for journey, command in commands]
    if not items:
        return []
    tally.commands += len(items)
    answered = []
    for (journey, command), sent, answer in zip(commands, items, await gateway.send(items), strict=True):
        if answer.problem is not None and answer.code not in {_LISTED_ALREADY, _SAME_ID}:
            journey.faults += _faults(sent, answer.problem)
            journey.stopped = not isinstance(command, PlaceInCategory)
        answered.append((journey, answer))
    return answered


def _faults(sent: Item, problem: Mapping[str, Any]) -> tuple[Fault, ...]:
    """A refusal in the words of a report: every field named by the problem, or the command itself."""
    command = orjson.loads(sent.json)["command"]
    code, said = str(problem.get("code", "")), str(problem.get("detail", ""))
    errors = problem.get("errors") or ()
    if not errors:
        return (fault(sent.name, code, said),)
    return tuple(
        fault(
            error["field"],
            error["rule"] if code == "request.malformed" else code,
            error["message"],
            str(command.get(error["field"].partition(".")[0], "")),
        )
        for error in errors
    )
