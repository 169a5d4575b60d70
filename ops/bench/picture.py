"""Draws how far every figure is from its target."""

from collections.abc import Sequence
from pathlib import Path

from ops.bench.result import Result
from ops.bench.table import judged, measured

# Okabe and Ito's palette, which people with any kind of colour vision tell apart; met and missed differ in hatching too.
_MET, _MISSED, _INK, _FAINT = "#0072B2", "#D55E00", "#222222", "#666666"
_TICKS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100)


def draw(results: Sequence[Result], file: Path) -> None:
    """A bar a result, from its target to where it got; beside it the figures."""
    import matplotlib as mpl

    mpl.use("agg")
    from matplotlib import pyplot as plt
    from matplotlib.patches import Patch

    shares = [result.target.share_of(result.judged) for result in results]
    least, most = min(0.5, *shares) / 1.3, max(2.0, *shares) * 1.3
    plot, axes = plt.subplots(figsize=(13, 1.9 + 0.6 * len(results)), layout="constrained")
    for row, (result, share) in enumerate(zip(results, shares, strict=True)):
        colour, hatch = (_MET, "") if result.met else (_MISSED, "//")
        axes.barh(
            row, share - 1, left=1, height=0.6, color=colour, hatch=hatch, edgecolor="white", linewidth=0
        )
        axes.annotate(
            f"{judged(result)}\n{measured(result)}", (1.01, row), xycoords=("axes fraction", "data"),
            va="center", fontsize=9, color=_INK, annotation_clip=False,
        )  # fmt: skip
    axes.axvline(1, color=_INK, linewidth=1.4)
    axes.set_xscale("log")
    axes.set_xlim(least, most)
    ticks = [tick for tick in _TICKS if least <= tick <= most]
    axes.set_xticks(ticks, [f"{tick:g} x" for tick in ticks])
    axes.minorticks_off()
    axes.grid(axis="x", color="#dddddd", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.set_yticks(
        range(len(results)), [f"{result.title}\nbeside {result.yardstick_title}" for result in results]
    )
    axes.tick_params(axis="y", labelsize=9, length=0)
    axes.invert_yaxis()
    axes.set_xlabel(
        "how many times its target a figure reaches; the line is the target, right of it is better"
    )
    axes.spines[["top", "right", "left"]].set_visible(False)
    here = results[0].conditions
    plot.suptitle("Ours beside yardsticks of the same run", fontsize=13, x=0.02, ha="left")
    axes.set_title(
        f"{here['cores']} cores, {here['machine']}, Python {here['python']}",
        fontsize=9, color=_FAINT, loc="right",
    )  # fmt: skip
    plot.legend(
        handles=[
            Patch(color=_MET, label="target met"),
            Patch(facecolor=_MISSED, edgecolor="white", hatch="//", label="target missed"),
        ],
        loc="outside lower left", ncols=2, frameon=False, fontsize=10,
    )  # fmt: skip
    plot.savefig(file, dpi=110)
    plt.close(plot)
