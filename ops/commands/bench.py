"""`chemist bench`: ours beside its yardstick, on servers of its own."""

import json
import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ops.errors import PlainError
from ops.options import Json

if TYPE_CHECKING:
    from ops.bench.result import Result

_WIDTH = 110
"""Columns that the table needs, also where no terminal tells how many there are."""


class Name(StrEnum):
    """The benchmarks."""

    append = "append"
    command = "command"
    page = "page"
    card = "card"
    search = "search"
    rebuild = "rebuild"
    lag = "lag"
    memory = "memory"
    all = "all"


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def bench(  # noqa: PLR0913 -- one option each
        name: Annotated[Name, typer.Argument(help="Which benchmark.")] = Name.all,
        *,
        seconds: Annotated[float, typer.Option(min=0.1, help="Of one measurement; a round has two.")] = 2.0,
        rounds: Annotated[int, typer.Option(min=1, help="How often both are measured in turns.")] = 5,
        products: Annotated[str, typer.Option(help="In the catalogue: a number or `all`.")] = "20000",
        into: Annotated[Path, typer.Option(help="Where `all` writes results.json and results.png.")] = Path(
            "bench"
        ),
        as_json: Json = False,
    ) -> None:
        """Measure ours beside its yardstick in one run, on servers of its own that are gone afterwards."""
        from ops import interruptions
        from ops.bench.lab import laboratory
        from ops.bench.run import BENCHMARKS, as_one, results_of
        from ops.bench.size import Size

        size = Size(seconds=seconds, products=_number(products), rounds=rounds)
        names = list(BENCHMARKS) if name is Name.all else [name.value]
        results = []
        with interruptions.alike(), laboratory(size) as lab:
            for result in results_of(lab, names):
                results.append(result)
                verdict = "target met" if result.met else "target missed"
                print(f"{result.name}: {result.ratio:.2f} x the yardstick, {verdict}", file=sys.stderr)
        if name is Name.all:
            _keep(results, into)
        if not as_json:
            _show(results)
        elif name is Name.all:
            print(json.dumps({"results": [result.as_json() for result in results]}))
        else:
            print(json.dumps(as_one(name.value, results)))


def _number(products: str) -> int | None:
    if products == "all":
        return None
    if not products.isdecimal() or int(products) < 1:
        message = "--products is a number or all"
        raise PlainError(message)
    return int(products)


def _keep(results: "Sequence[Result]", folder: Path) -> None:
    from ops.bench.picture import draw

    folder.mkdir(parents=True, exist_ok=True)
    found = [result.as_json() for result in results]
    (folder / "results.json").write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n")
    draw(results, folder / "results.png")


def _show(results: "Sequence[Result]") -> None:
    from rich.console import Console

    from ops.bench.table import table_of

    Console(width=max(Console().width, _WIDTH)).print(table_of(results))
