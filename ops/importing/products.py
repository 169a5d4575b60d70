"""Imports one file of products from beginning to end, and reports what became of it."""

import asyncio
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

from contracts.consistency import format_token
from ops.importing import csv_rows, ndc
from ops.importing.display import display
from ops.importing.formats import Format
from ops.importing.gateway import Gateway, Patience
from ops.importing.progress import Progress, key_of
from ops.importing.refused import write_refused
from ops.importing.row import Refusal, Row, UnreadableFile
from ops.importing.run import run
from ops.importing.tally import Tally


@dataclass(frozen=True, slots=True)
class Order:
    """What to import, to where."""

    file: Path
    format: Format
    gateway: str
    token: str | None
    memory: Path
    """The folder in which progress is remembered."""
    mapping: Path | None = None
    """How to read CSV."""
    limit: int | None = None
    batch: int = 500
    refused: Path | None = None
    """Where to report refused rows; in `memory` when not given."""
    restart: bool = False
    publish_excluded: bool = False
    patience: Patience | None = None

    def rows(self) -> Iterator[Row | Refusal]:
        """The rows of the file.

        Raises:
            UnreadableFile: the file or its mapping is not what it should be, or the mapping is missing.
        """
        if self.format is Format.NDC:
            return ndc.rows(self.file, self.limit, publish_excluded=self.publish_excluded)
        if self.mapping is None:
            message = "a CSV file needs --mapping FILE.toml, which says what its columns mean"
            raise UnreadableFile(message)
        return csv_rows.rows(self.file, self.mapping, self.limit)


@dataclass(frozen=True, slots=True)
class Report:
    """What became of an import."""

    tally: Tally
    """Of all runs of this import, where it was interrupted."""
    seconds: float
    commands: int
    """Sent by this run, in `seconds`."""
    resumed: bool
    refused_file: Path | None
    """None where nothing was refused."""
    token: str
    """Which positions a view must have seen to show everything that this run sent."""

    def as_json(self) -> dict[str, Any]:
        """As JSON-able data."""
        return {
            **self.tally.as_json(),
            "sent": self.commands,
            "seconds": round(self.seconds, 3),
            "commands_per_second": round(self.commands / self.seconds) if self.seconds else 0,
            "resumed": self.resumed,
            "refused_file": None if self.refused_file is None else str(self.refused_file),
            "consistency_token": self.token,
        }


async def import_products(order: Order) -> Report:
    """Import the file; whatever the outcome, the refusals so far are in the report's file.

    Raises:
        GatewayFailed: it was not finished; the same order goes on where this one stopped.
        UnreadableFile: the file is not of the format.
        UnderWay: the same import runs in another process.
    """
    rows = order.rows()
    key = key_of(order.file, *_circumstances(order))
    refused_file = order.refused or order.memory / f"{order.file.name}.{key}.refused.ndjson"
    began = perf_counter()
    with Progress(order.memory, key, restart=order.restart) as progress, display(_expected(order)) as shown:
        resumed, sent_before = progress.goes_on, progress.tally.commands
        try:
            async with Gateway(order.gateway, order.token, order.patience) as gateway:
                await run(rows, gateway, progress, shown, order.batch)
        finally:
            written = write_refused(refused_file, progress.refusals())
        progress.forget()
    tally = progress.tally
    return Report(
        tally=tally,
        seconds=perf_counter() - began,
        commands=tally.commands - sent_before,
        resumed=resumed,
        refused_file=refused_file if written else None,
        token=format_token(gateway.positions),
    )


def import_until_stopped(order: Order) -> Report:
    """The same from a command line: Ctrl-C and SIGTERM stop it between batches.

    Raises:
        KeyboardInterrupt: it was stopped; the same order goes on from there.
    """

    async def until_stopped() -> Report:
        task = asyncio.create_task(import_products(order))
        for stop in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(stop, task.cancel)
        try:
            return await task
        except asyncio.CancelledError:
            raise KeyboardInterrupt from None

    return asyncio.run(until_stopped())


def _circumstances(order: Order) -> list[str]:
    mapping = "" if order.mapping is None else order.mapping.read_text("utf-8", errors="replace")
    how = (order.format, order.limit, order.batch, order.publish_excluded, order.gateway)
    return [mapping, *map(str, how)]


def _expected(order: Order) -> int:
    """About how many rows there will be: the lines after the header, or as many as were asked for."""
    with order.file.open("rb") as content:
        lines = sum(chunk.count(b"\n") for chunk in iter(lambda: content.read(1 << 20), b""))
    return max(0, lines - 1) if order.limit is None else min(lines - 1, order.limit)
