"""Loads real products through the command side, waits for every view, and remembers what to ask for afterwards."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import uvloop

from command_side.app import CommandSide
from contracts.catalog.commands import DefineCategory, ListProduct, PublishProduct
from contracts.eventlog.reader import LedgerReader
from contracts.ids import new_id
from contracts.message import Command
from contracts.readmodel.positions import PositionsFeed
from contracts.rpc.channel import CommandRequest
from ops.demo.catalogue import medicines
from ops.errors import PlainError
from ops.importing import ndc
from ops.importing.row import Row
from ops.settings import Settings

ACTOR, ROLE = "service:bench", "administrator"
_ROWS_AT_ONCE = 500
_CATCH_UP_SECONDS = 300.0


class NotLoaded(PlainError):
    """A product was refused that the importer takes."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What was loaded."""

    products: tuple[ListProduct, ...]
    """Those on sale, as they were listed."""
    listed: int
    """All of them, also those that are not on sale."""
    events: int
    """In the ledger."""
    load_seconds: float
    """Until the last command was accepted."""
    caught_up_seconds: float
    """From then on, until the last view showed everything."""


def load(settings: Settings, products: int | None) -> Catalogue:
    """Take products of the demonstration's file, None for all, through the command side of this very process.

    Raises:
        NotLoaded: a command was refused.
        NotFreshEnough: a view did not catch up within five minutes.
    """
    rows = [row for row in ndc.rows(medicines(), products) if isinstance(row, Row)]
    on_sale = [
        _listing(row) for row in rows if any(isinstance(each, PublishProduct) for each in row.commands)
    ]
    events, load_seconds, caught_up = uvloop.run(_bring(settings, rows))
    return Catalogue(tuple(on_sale), len(rows), events, load_seconds, caught_up)


def request_of(command: Command) -> CommandRequest:
    """The command as the edge would hand it on."""
    command_id = new_id()
    body = command.__pydantic_serializer__.to_json(command, exclude_unset=True)
    return CommandRequest(command.name, body, command_id, ACTOR, ROLE, command_id)


async def caught_up(settings: Settings) -> int:
    """Wait until every view has dealt with all there is now; returns the ledger's last position."""
    from projections.app import VIEWS

    reader = LedgerReader("catalog", 0, settings.ledger("catalog")[0])
    head = await reader.head()
    await reader.close()
    feed = PositionsFeed(settings.postgres_dsn)
    await feed.open()
    try:
        for view in VIEWS:
            await feed.wait(view.name, {reader.label: head}, _CATCH_UP_SECONDS)
    finally:
        await feed.close()
    return head


async def _bring(settings: Settings, rows: Sequence[Row]) -> tuple[int, float, float]:
    began = time.perf_counter()
    async with CommandSide({"catalog": settings.ledger("catalog")}) as side:
        for part in _parts(rows):
            commands = [command for row in part for command in row.commands]
            for shelf in commands:
                if isinstance(shelf, DefineCategory):  # what is put on it comes later
                    await _accepted(side, [shelf])
            await _accepted(side, [each for each in commands if not isinstance(each, DefineCategory)])
    loaded = time.perf_counter()
    events = await caught_up(settings)
    return events, loaded - began, time.perf_counter() - loaded


async def _accepted(side: CommandSide, commands: Sequence[Command]) -> None:
    for reply in await side.execute_many([request_of(command) for command in commands]):
        if reply.problem is not None:
            message = f"a product of the catalogue was refused: {reply.problem}"
            raise NotLoaded(message)


def _parts(rows: Sequence[Row]) -> Iterator[list[Row]]:
    remaining = iter(rows)
    while part := list(islice(remaining, _ROWS_AT_ONCE)):
        yield part


def _listing(row: Row) -> ListProduct:
    return next(command for command in row.commands if isinstance(command, ListProduct))
