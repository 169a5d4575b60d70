"""The results as a table for people."""

from collections.abc import Sequence

from rich.table import Table

from ops.bench.result import Result


def table_of(results: Sequence[Result]) -> Table:
    """One line a result."""
    table = Table(box=None, pad_edge=False)
    table.add_column("what")
    table.add_column("beside")
    for column in ("ours", "yardstick", "", "ratio", "target"):
        table.add_column(column, justify="right" if column else "left")
    table.add_column("")
    for result in results:
        absolute = result.target.of == "ours"
        sign = "≥" if result.target.better == "higher" else "≤"
        target = f"{sign} {figure(result.target.value)}" + (f" {result.unit}" if absolute else " x")
        table.add_row(
            result.title,
            result.yardstick_title,
            figure(result.ours),
            figure(result.yardstick),
            result.unit,
            f"{result.ratio:.2f} x",
            target,
            "[green]met[/]" if result.met else "[red]missed[/]",
        )
    return table


def figure(value: float) -> str:
    """`24,330`, `3.42`."""
    if value >= 100:  # noqa: PLR2004 - from three figures on, decimals say nothing
        return f"{value:,.0f}"
    return f"{value:.3g}"
