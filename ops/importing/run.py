"""Keeps a few batches in flight from the file to the gateway, and remembers each as it is acknowledged."""

import asyncio
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Protocol

from ops.importing.batch import Bulk, define_categories, import_batch
from ops.importing.progress import Progress
from ops.importing.row import Refusal, Row
from ops.importing.tally import Tally

IN_FLIGHT = 3
"""Batches under way at once: while one waits for the ledger, the next is read and written."""


class Display(Protocol):
    """Who watches the import."""

    def show(self, tally: Tally) -> None:
        """Show how far it has come."""


async def run(
    rows: Iterable[Row | Refusal], gateway: Bulk, progress: Progress, display: Display, batch_size: int
) -> None:
    """Import every row; `progress` then holds what became of them.

    Raises:
        GatewayFailed: some batches are not acknowledged; running it again sends those.
    """
    free = asyncio.Semaphore(IN_FLIGHT)

    async def bring(
        number: int, batch: list[Row | Refusal], before: tuple[Refusal, ...], tally: Tally
    ) -> None:
        try:
            outcome = await import_batch(gateway, batch)
        finally:
            free.release()
        outcome.tally.add(tally)
        progress.acknowledge(number, outcome.tally, before + outcome.refusals)
        display.show(progress.tally)

    display.show(progress.tally)
    try:
        async with asyncio.TaskGroup() as under_way:
            for number, batch in enumerate(_batches(rows, batch_size)):
                if progress.has(number):
                    continue
                await free.acquire()
                # Before the next batch is begun: its products may stand on the same shelves.
                defined = await define_categories(gateway, batch)
                under_way.create_task(bring(number, batch, defined.refusals, defined.tally))
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None


def _batches(rows: Iterable[Row | Refusal], size: int) -> Iterator[list[Row | Refusal]]:
    iterator = iter(rows)
    while batch := list(islice(iterator, size)):
        yield batch
