"""The results as a table for people."""

from collections.abc import Sequence

from rich.table import Table

from ops.bench.result import Result


def table_of(results: Sequence[Result]) -> Table:
    """Two lines a result: what was measured, and beside what."""
    table = Table(box=None, pad_edge=False)
    table.add_column("what, beside what")
    table.add_column("ours, yardstick", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    table.add_column("ratio", justify="right", no_wrap=True)
    table.add_column("target", no_wrap=True)
    for result in results:
        table.add_row(
            f"{result.title}\n[dim]{result.yardstick_title}[/]",
            f"{figure(result.ours)}\n[dim]{figure(result.yardstick)}[/]",
            result.unit,
            f"{figure(result.ratio)} x",
            f"{target(result)}\n" + ("[green]met[/]" if result.met else "[bold red]missed[/]"),
        )
    return table


def judged(result: Result) -> str:
    """The figure that the target is about, and the target: `24.5 x (target ≥ 10 x)`."""
    unit = "x" if result.target.of == "ratio" else result.unit
    return f"{figure(result.judged)} {unit} (target {target(result)})"


def measured(result: Result) -> str:
    """Both sides: `24,330 beside 992 events/s`."""
    return f"{figure(result.ours)} beside {figure(result.yardstick)} {result.unit}"


def target(result: Result) -> str:
    """`≥ 10 x`, `≤ 100 ms`."""
    sign = "≥" if result.target.better == "higher" else "≤"
    unit = "x" if result.target.of == "ratio" else result.unit
    return f"{sign} {result.target.value:g} {unit}"


def figure(value: float) -> str:
    """`24,330`, `3.42`."""
    if value >= 100:  # noqa: PLR2004 - from three figures on, decimals say nothing
        return f"{value:,.0f}"
    return f"{value:.3g}"
