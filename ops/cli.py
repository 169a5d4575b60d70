"""The `chemist` command line: finds its commands in `ops/commands`, and shows an expected failure as one sentence."""

import importlib
import pkgutil
import sys
from typing import Any

import typer
from typer.core import TyperGroup

from ops import commands
from ops.errors import PlainError


class PlainGroup(TyperGroup):
    """Turns expected failures into a line on stderr and exit code 1."""

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 -- as the group it refines declares it
        """Run the command."""
        try:
            return super().invoke(ctx)
        except Exception as failure:
            if not _expected(failure):
                raise
            print(f"chemist: {failure}", file=sys.stderr)
            raise typer.Exit(1) from None


def build() -> typer.Typer:
    """The command line with every command found."""
    line = typer.Typer(
        name="chemist",
        cls=PlainGroup,
        help="Chemist.ke's backend on one machine and beyond.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        add_completion=False,
    )
    for found in pkgutil.iter_modules(commands.__path__):
        importlib.import_module(f"{commands.__name__}.{found.name}").register(line)
    return line


def _expected(failure: Exception) -> bool:
    """Ours, or a refusal of the product itself, whose module is loaded when one was raised."""
    errors = sys.modules.get("contracts.errors")
    return isinstance(failure, PlainError) or (errors is not None and isinstance(failure, errors.Problem))


app = build()

if __name__ == "__main__":
    app()
