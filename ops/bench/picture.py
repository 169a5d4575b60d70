"""Draws how far every figure is from its target."""

from collections.abc import Sequence
from pathlib import Path

from ops.bench.result import Result
from ops.bench.table import figure

# Okabe and Ito's palette, which people with any kind of colour vision tell apart; met and missed differ in hatching too.
_MET, _MISSED, _INK = "#0072B2", "#D55E00", "#222222"


def draw(results: Sequence[Result], file: Path) -> None:
    """A bar a result: how many times its target it reaches, with the figures beside it."""
    import matplotlib as mpl

    mpl.use("agg")
    from matplotlib import pyplot as plt
    from matplotlib.patches import Patch

    shares = [result.target.share_of(result.judged) for result in results]
    colours = [_MET if result.met else _MISSED for result in results]
    plot, axes = plt.subplots(figsize=(11, 1.6 + 0.62 * len(results)), layout="constrained")
    bars = axes.barh(range(len(results)), shares, color=colours, height=0.62)
    for bar, result in zip(bars, results, strict=True):
        bar.set_hatch("" if result.met else "//")
        axes.text(
            bar.get_width() * 1.05, bar.get_y() + bar.get_height() / 2, _words(result),
            va="center", fontsize=9, color=_INK,
        )  # fmt: skip
    axes.axvline(1, color=_INK, linewidth=1.2, linestyle="--")
    axes.set_yticks(
        range(len(results)), [f"{result.title}\nbeside {result.yardstick_title}" for result in results]
    )
    axes.tick_params(axis="y", labelsize=8.5, length=0)
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.set_xlim(min(0.3, *shares) * 0.8, max(shares) * 12)
    ticks = [
        tick
        for tick in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100)
        if axes.get_xlim()[0] <= tick <= max(shares) * 2
    ]
    axes.set_xticks(ticks, [f"{tick:g} x" for tick in ticks])
    axes.minorticks_off()
    axes.set_xlabel(
        "how many times its target a figure reaches (dashed: the target; further right is better)"
    )
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.legend(
        handles=[Patch(color=_MET, label="target met"), Patch(facecolor=_MISSED, hatch="//", label="target missed")],
        loc="lower right", frameon=False, fontsize=9,
    )  # fmt: skip
    here = results[0].conditions
    axes.set_title(
        f"Ours beside yardsticks of the same run: {here['cores']} cores, {here['machine']}, Python {here['python']}",
        fontsize=10, loc="left",
    )  # fmt: skip
    plot.savefig(file, dpi=130)
    plt.close(plot)


def _words(result: Result) -> str:
    sign = "≥" if result.target.better == "higher" else "≤"
    if result.target.of == "ours":
        return (
            f"{figure(result.ours)} {result.unit} (target {sign} {figure(result.target.value)} {result.unit})"
        )
    return f"{figure(result.ratio)} x: {figure(result.ours)} to {figure(result.yardstick)} {result.unit} (target {sign} {result.target.value:g} x)"
