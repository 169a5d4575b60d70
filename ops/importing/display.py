"""Shows how far an import has come: a bar on a terminal, a line now and then anywhere else."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table

from ops.importing.tally import Tally

_SECONDS_BETWEEN_LINES = 5.0


class Lines:
    """A line every few seconds."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._last = monotonic()

    def show(self, tally: Tally) -> None:
        """Print a line when it is time."""
        if monotonic() - self._last >= _SECONDS_BETWEEN_LINES:
            self._last = monotonic()
            print(f"{tally.rows:,} of {self._total:,} rows: {_words(tally)}", file=sys.stderr, flush=True)


class Bar:
    """A bar that fills."""

    def __init__(self, progress: Progress, task: TaskID, total: int) -> None:
        self._progress = progress
        self._task = task
        self._total = total

    def show(self, tally: Tally) -> None:
        """Move the bar."""
        # Refused lines do not count against a limit, so there may be more rows than were expected.
        total = max(self._total, tally.rows)
        self._progress.update(self._task, completed=tally.rows, total=total, words=_words(tally))


@contextmanager
def display(total: int) -> Iterator[Bar | Lines]:
    """Watch an import of about `total` rows, on stderr."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield Lines(total)
        return
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[words]}"), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        yield Bar(progress, progress.add_task("", total=total, words=""), total)


def summary(tally: Tally, seconds: float, commands: int, refused_file: str | None) -> None:
    """Print what became of all rows."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column()
    table.add_column(justify="right")
    for words, count in (
        ("rows", tally.rows),
        ("imported", tally.imported),
        ("there already", tally.there_already),
        ("updated", tally.updated),
        ("in the catalogue, but a later step was refused", tally.incomplete),
        ("refused", tally.refused),
        *((f"  {rule}", count) for rule, count in tally.by_rule.most_common()),
    ):
        table.add_row(words, f"{count:,}")
    console = Console()
    console.print(table)
    rate = commands / seconds if seconds else 0.0
    console.print(f"{commands:,} commands in {seconds:.1f} s ({rate:,.0f}/s)", highlight=False)
    if refused_file is not None:
        console.print(f"What was refused, line by line: {refused_file}", highlight=False, soft_wrap=True)


def _words(tally: Tally) -> str:
    here = tally.there_already + tally.updated
    return f"{tally.imported:,} imported, {here:,} there before, {tally.refused:,} refused"
