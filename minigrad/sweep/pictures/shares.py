"""Which settings mattered, as bars."""

from pathlib import Path

from minigrad.plot import style
from minigrad.plot.style import COLORS, INK
from minigrad.sweep.importance import Importance
from minigrad.sweep.report import doubts
from minigrad.sweep.store import SweepStore
from minigrad.terminal.text import excerpt

NAME = "importance.png"
_BARS = 12
_NAME = 60  # characters
_ALONE, _PAIR = COLORS[0], "#9dbfd8"


def draw_importance(sweep: SweepStore, mattered: Importance) -> Path:
    """Draw the shares of variance to importance.png in the sweep's folder and give the path: an
    axis in full colour, a pair paler, and the rest grey. Raises OSError.
    """
    path = sweep.path / NAME
    shown = mattered.shares[:_BARS]
    bars = [
        (" × ".join(one.keys), one.share, _ALONE if len(one.keys) == 1 else _PAIR) for one in shown
    ]
    if mattered.rest >= 0.005:
        bars.append(("three or more together", mattered.rest, "#b8c0ca"))
    names = [excerpt(name, _NAME) for name, _, _ in bars]
    left = 0.25 + max(style.text_width(name) for name in names)
    height = 0.28 * len(bars) + 0.1
    width = left + 4.6
    figure = style.new_figure(width, style.HEAD_INCHES + height + 0.55, "none")
    title = f"{sweep.plan.name}: which settings mattered"
    subtitle = f"share of the variance of {mattered.of}{doubts(mattered)}   {sweep.id}"
    style.head_of_figure(figure, title, subtitle)
    axes = figure.add_subplot()
    style.place(axes, left, 0.5, 4.1, height)
    style.frameless(axes)
    axes.grid(False, axis="y")
    rows = range(len(bars))
    axes.barh(rows, [100 * share for _, share, _ in bars], 0.72, color=[c for *_, c in bars])
    for row, (_, share, _) in enumerate(bars):
        axes.annotate(
            f"{100 * share:.0f} %", (100 * share, row), (4, 0), textcoords="offset points",
            va="center", fontsize=9, color=INK,
        )  # fmt: skip
    axes.set_yticks(rows, names, color=INK, parse_math=False)
    axes.set_ylim(len(bars) - 0.45, -0.55)
    axes.set_xlim(0, max(10.0, 112 * max(share for _, share, _ in bars)))
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.set_xlabel("share of the variance, %", color=INK)
    style.save(figure, path)
    return path
