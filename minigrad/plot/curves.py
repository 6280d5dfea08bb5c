"""Curves: the loss of a run, the band of many seeds, and the metrics of several runs."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from minigrad.plot.style import COLORS, INK, check_ending, head, new_figure, save

_CURVE, _PROMISE, _REST = "#2563eb", "#dc6803", "#b8c0ca"
_DASHES: tuple[Any, ...] = ("-", (0, (4, 1.5)))  # once round the palette: the same colours, dashed
_DISTINCT = 10  # curves; more are context, not something to be told apart
_TOP = 1e250  # a log axis with margins must not reach beyond the floats
_LEGEND_CHARACTERS = 32  # longer labels stand below the axes instead of beside them


@dataclass
class Curve:
    """One run's metric by step, and what to call it."""

    label: str
    steps: list[int]
    values: list[float]


def draw_loss(
    path: Path,
    steps: Sequence[int],
    losses: Sequence[float],
    *,
    loss_name: str,
    title: str,
    subtitle: str,
    final_loss_below: float | None = None,
) -> None:
    """Write a picture to `path`: the loss by step on a log axis, the expected bound as a line.

    Losses that a log axis cannot show (0, nan, infinity, close to a float's ends) leave a gap.
    """
    figure = new_figure(7.2, 4.2)
    axes = figure.add_subplot()
    _style(axes, ylabel=f"{loss_name} loss, log scale", log=True)
    _line(axes, Curve("", list(steps), list(losses)), losses, True, color=_CURVE, linewidth=2)
    if final_loss_below is not None and final_loss_below > 0:
        _promise(axes, final_loss_below)
    head(axes, title, subtitle)
    save(figure, path)


def draw_band(
    path: Path,
    steps: Any,
    losses: Any,
    *,
    seeds: Sequence[int],
    worst: int | None = None,
    loss_name: str,
    title: str,
    subtitle: str,
    final_loss_below: float | None = None,
) -> None:
    """Write a picture of many seeds to `path`: their median, the band between the quartiles, and
    the one that stands at `worst` (default: the one that ends worst). `losses` is an array [steps,
    seeds], with nan after a seed diverged.

    Losses that a log axis cannot show (0, nan, infinity, close to a float's ends) leave a gap.
    """
    import numpy as np  # here, as what needs it

    from minigrad.training.seed_table import quartiles, worst_of

    if worst is None:
        worst = worst_of(losses[-1]) if len(losses) else 0
    drawn = np.array([[*quartiles(row), row[worst]] for row in losses]).reshape(-1, 5)
    drawn = np.where((drawn > 1 / _TOP) & (drawn < _TOP), drawn, np.nan)
    low, median, high, _, last = drawn.T
    figure = new_figure(7.2, 4.2)
    axes = figure.add_subplot()
    _style(axes, ylabel=f"{loss_name} loss, log scale", log=True)
    axes.fill_between(steps, low, high, color=_CURVE, alpha=0.25, linewidth=0, label="half of them")
    axes.plot(steps, last, color=INK, linewidth=1, label=f"seed {seeds[worst]}, worst")
    axes.plot(steps, median, color=_CURVE, linewidth=2, label="median")
    if final_loss_below is not None and final_loss_below > 0:
        _promise(axes, final_loss_below)
    axes.legend(frameon=False, labelcolor=INK, loc="best")
    head(axes, title, subtitle)
    save(figure, path)


def draw_curves(
    path: Path | None,
    curves: Sequence[Curve],
    *,
    metric: str,
    log: bool = True,
    smoothing: float = 0.0,
) -> None:
    """Lay curves over each other and write them to `path`, .png or .svg; None opens a window.

    `smoothing` is the weight of the past in an exponential moving average, in [0, 1), without the
    average's pull towards 0 at the start; the raw curve stays, faint, behind. nan and infinities
    leave gaps, and so does, on a log axis, all that is not above 0. The first ten curves have a
    look and a label each, the others are thin and grey.

    Raises ValueError for what cannot be drawn, in one sentence.
    """
    _check(path, curves, smoothing)
    if path is None:
        _show(curves, metric, log, smoothing)
        return
    figure = new_figure(*_size(curves))
    _overlay(figure, curves, metric, log, smoothing)
    save(figure, path)


def smoothed(values: Sequence[float], weight: float) -> list[float]:
    """The exponential moving average, which passes over nan and infinities and leaves them in.

    >>> smoothed([1.0, 2.0, math.nan, 2.0], 0.5)
    [1.0, 1.6666666666666667, nan, 1.8571428571428572]
    """
    average, total, out = 0.0, 0.0, []
    for value in values:
        if math.isfinite(value):
            average = weight * average + (1 - weight) * value
            total = weight * total + (1 - weight)  # what the average of ones would be
            value = average / total
        out.append(value)
    return out


def _check(path: Path | None, curves: Sequence[Curve], smoothing: float) -> None:
    if path is not None:
        check_ending(path)
    if not curves:
        raise ValueError("there are no curves to draw")
    if not 0 <= smoothing < 1:
        raise ValueError(f"smoothing must be a number in [0, 1), found {smoothing!r}")
    for curve in curves:
        if len(curve.steps) != len(curve.values):
            raise ValueError(
                f"{curve.label} has {len(curve.steps)} steps and {len(curve.values)} values"
            )


def _show(curves: Sequence[Curve], metric: str, log: bool, smoothing: float) -> None:
    from matplotlib import pyplot  # here alone: it looks for a screen

    if pyplot.get_backend().lower() in ("agg", "cairo", "pdf", "pgf", "ps", "svg", "template"):
        raise ValueError("no window can be opened here: name a file, as curves.png")
    figure = pyplot.figure(figsize=_size(curves), layout="constrained")
    _overlay(figure, curves, metric, log, smoothing)
    pyplot.show()


def _size(curves: Sequence[Curve]) -> tuple[float, float]:
    """Inches: the axes keep their size, the figure grows by its legend."""
    longest = max(len(curve.label) for curve in curves[:_DISTINCT])
    if longest <= _LEGEND_CHARACTERS:
        return 7.4 + 0.085 * longest, 4.2
    return 8.4, 4.2 + 0.22 * min(len(curves), _DISTINCT + 1)


def _overlay(
    figure: Figure, curves: Sequence[Curve], metric: str, log: bool, smoothing: float
) -> None:
    axes = figure.add_subplot()
    _style(axes, ylabel=f"{metric}, log scale" if log else metric, log=log)
    shown, rest = curves[:_DISTINCT], curves[_DISTINCT:]
    for curve in rest:
        _line(axes, curve, smoothed(curve.values, smoothing), log, color=_REST, linewidth=0.8)
    keys = []
    for index, curve in enumerate(shown):
        color, dashes = COLORS[index % len(COLORS)], _DASHES[index // len(COLORS)]
        if smoothing:
            _line(axes, curve, curve.values, log, color=color, linewidth=0.8, alpha=0.25)
        averages = smoothed(curve.values, smoothing)
        _line(axes, curve, averages, log, color=color, linewidth=2, linestyle=dashes)
        keys.append(
            Line2D([], [], color=color, linewidth=2.5, linestyle=dashes, label=f" {curve.label}")
        )
    if rest:
        keys.append(Line2D([], [], color=_REST, linewidth=1.2, label=f" {len(rest)} more"))
    beside = max(len(curve.label) for curve in shown) <= _LEGEND_CHARACTERS
    legend = figure.legend(  # labels begin with a space: at a "_" matplotlib would drop them
        handles=keys,
        loc="outside right upper" if beside else "outside lower left",
        frameon=False,
        labelcolor=INK,
        handlelength=2.2,
        fontsize=10 if beside else 9,
        handletextpad=0.5,
    )
    for text in legend.get_texts():
        text.set_parse_math(False)


def _promise(axes: Axes, bound: float) -> None:
    """The loss that was expected, as a dashed line."""
    axes.axhline(bound, color=_PROMISE, linewidth=1.5, linestyle=(0, (5, 3)))
    axes.annotate(
        f"expected below {bound:g}",
        xy=(0.99, bound),
        xycoords=("axes fraction", "data"),
        xytext=(0, 5),
        textcoords="offset points",
        horizontalalignment="right",
        color=_PROMISE,
    )


def _line(axes: Axes, curve: Curve, values: Sequence[float], log: bool, **look: Any) -> None:
    """One line with gaps; a point between two gaps, which no line can show, as a dot."""
    low, high = (1 / _TOP if log else -_TOP), _TOP
    drawn = [v if low < v < high else math.nan for v in values]
    gap = [True, *map(math.isnan, drawn), True]
    alone = [i for i in range(len(drawn)) if gap[i] and not gap[i + 1] and gap[i + 2]]
    axes.plot(curve.steps, drawn, marker="o", markersize=4, markevery=alone, **look)


def _style(axes: Axes, *, ylabel: str, log: bool) -> None:
    if log:
        axes.set_yscale("log", nonpositive="mask")
    axes.set_xlabel("step")
    axes.xaxis.set_major_locator(MaxNLocator("auto", steps=[1, 2, 2.5, 5, 10], integer=True))
    axes.set_ylabel(ylabel)
    axes.margins(x=0.01)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(True, which="major", alpha=0.25)
