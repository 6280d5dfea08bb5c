"""Curves: the loss of a run, the band of many seeds, and the metrics of several runs."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from minigrad.plot import style
from minigrad.plot.style import COLORS, INK, TOP, Axes, Figure
from minigrad.training.seed_table import quartiles, worst_of

_CURVE, _BOUND, _REST = "#2563eb", "#dc6803", "#b8c0ca"
_DASHES: tuple[Any, ...] = ("-", (0, (4, 1.5)))  # after the last colour they come again, dashed
_DISTINCT = 10  # curves with a colour and a label each; the others are context
_WIDEST = 8.4  # inches: of a figure with long labels
_WIDTH, _HEIGHT = 7.2, 3.1  # inches: of a loss's figure, and of the axes
_WITHOUT_WINDOWS = ("agg", "cairo", "pdf", "pgf", "ps", "svg", "template")
_LEGEND_CHARACTERS = 32  # longer labels are placed below the axes instead of beside them


@dataclass
class Curve:
    """One run's metric by step, and its label."""

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
    axes = _loss_axes(loss_name)
    _line(axes, Curve("", list(steps), list(losses)), losses, True, color=_CURVE, linewidth=2)
    _save_loss(path, axes, final_loss_below, title, subtitle)


def draw_band(
    path: Path,
    steps: Any,
    losses: Any,
    *,
    seeds: Sequence[int],
    worst: int | None = None,
    band: Any = None,
    loss_name: str,
    title: str,
    subtitle: str,
    final_loss_below: float | None = None,
) -> None:
    """Write a picture of many seeds to `path`: their median, the band between the quartiles, and
    the seed at index `worst` (default: the one that ends worst). `losses` is an array [steps,
    seeds], with nan after a seed diverged. Where single curves were not kept, `band` [steps, 4] has
    the quartiles and the largest loss of each step, which is drawn in place of the worst seed.

    Losses that a log axis cannot show (0, nan, infinity, close to a float's ends) leave a gap.
    """
    if worst is None:
        worst = worst_of(losses[-1]) if len(losses) else 0
    if band is None:
        rows = np.array([[*quartiles(row)[:3], row[worst]] for row in losses]).reshape(-1, 4)
        label = f"seed {seeds[worst]}, worst"
    else:
        rows, label = band, "worst of each step"
    rows = np.where((rows > 1 / TOP) & (rows < TOP), rows, np.nan)
    low, median, high, last = rows.T
    axes = _loss_axes(loss_name)
    axes.fill_between(steps, low, high, color=_CURVE, alpha=0.25, linewidth=0, label="middle half")
    axes.plot(steps, last, color=INK, linewidth=1, label=label)
    axes.plot(steps, median, color=_CURVE, linewidth=2, label="median")
    axes.legend(frameon=False, labelcolor=INK, loc="best")
    _save_loss(path, axes, final_loss_below, title, subtitle)


def draw_curves(
    path: Path | None,
    curves: Sequence[Curve],
    *,
    metric: str,
    log: bool = True,
    smoothing: float = 0.0,
) -> None:
    """Draw curves into the same axes and write them to `path`, .png or .svg; None opens a window.

    `smoothing` is the weight of the past in an exponential moving average, in [0, 1), corrected for
    its start at 0; the raw curve is drawn faintly behind it. nan and infinities leave gaps, and so
    does everything that is not above 0 on a log axis. The first ten curves have a colour and a
    label each, the others are thin and grey.

    Raises ValueError for what cannot be drawn, in one sentence.
    """
    _check(path, curves, smoothing)
    if path is None:
        _show(curves, metric, log, smoothing)
        return
    figure = style.new_figure(*_size(curves))
    _overlay(figure, curves, metric, log, smoothing)
    style.save(figure, path)


def smoothed(values: Sequence[float], weight: float) -> list[float]:
    """The exponential moving average, which skips nan and infinities and leaves them in place.

    >>> smoothed([1.0, 2.0, math.nan, 2.0], 0.5)
    [1.0, 1.6666666666666667, nan, 1.8571428571428572]
    """
    average, total, averages = 0.0, 0.0, []
    for value in values:
        if math.isfinite(value):
            average = weight * average + (1 - weight) * value
            total = weight * total + (1 - weight)  # what the average of ones would be
            value = average / total
        averages.append(value)
    return averages


def _check(path: Path | None, curves: Sequence[Curve], smoothing: float) -> None:
    if path is not None:
        style.check_ending(path)
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
    from matplotlib import pyplot  # here, since it looks for a screen

    try:
        if pyplot.get_backend().lower() in _WITHOUT_WINDOWS:
            raise ImportError
        figure = pyplot.figure(figsize=_size(curves), layout="constrained")
    except ImportError:  # a backend may be chosen and not installed
        raise ValueError("no window can be opened here: name a file, as curves.png") from None
    _overlay(figure, curves, metric, log, smoothing)
    pyplot.show()


def _size(curves: Sequence[Curve]) -> tuple[float, float]:
    """Inches: the axes keep their size, the figure grows by its legend."""
    labels = _labels(curves)
    if _beside(labels):
        return 7.4 + 0.085 * max(map(len, labels)), 4.2
    return _WIDEST, 4.3 + 0.19 * sum(label.count("\n") + 1 for label in labels)


def _labels(curves: Sequence[Curve]) -> list[str]:
    """The labels of the legend, wrapped if they are long."""
    more = [f"{len(curves) - _DISTINCT} more"] if len(curves) > _DISTINCT else []
    labels = [curve.label for curve in curves[:_DISTINCT]] + more
    return ["\n ".join(style.wrapped(label, _WIDEST - 0.8, 9)) for label in labels]


def _beside(labels: Sequence[str]) -> bool:
    """Whether the legend fits beside the axes; otherwise it is below them."""
    return max(map(len, labels)) <= _LEGEND_CHARACTERS


def _overlay(
    figure: Figure, curves: Sequence[Curve], metric: str, log: bool, smoothing: float
) -> None:
    axes = figure.add_subplot()
    _style(axes, ylabel=f"{metric}, log scale" if log else metric, log=log)
    labelled, rest = curves[:_DISTINCT], curves[_DISTINCT:]
    for curve in rest:
        _line(axes, curve, smoothed(curve.values, smoothing), log, color=_REST, linewidth=0.8)
    keys, labels = [], _labels(curves)
    for index, curve in enumerate(labelled):
        color, dashes = COLORS[index % len(COLORS)], _DASHES[index // len(COLORS)]
        if smoothing:
            _line(axes, curve, curve.values, log, color=color, linewidth=0.8, alpha=0.25)
        averages = smoothed(curve.values, smoothing)
        _line(axes, curve, averages, log, color=color, linewidth=2, linestyle=dashes)
        keys.append(style.line_key(labels[index], color, dashes=dashes))
    if rest:
        keys.append(style.line_key(labels[-1], _REST, width=1.2))
    beside = _beside(labels)
    legend = figure.legend(
        handles=keys,
        loc="outside right upper" if beside else "outside lower left",
        frameon=False,
        labelcolor=INK,
        handlelength=2.2,
        fontsize=10 if beside else 9,
        handletextpad=0.5,
    )
    style.literal(*legend.get_texts())
    style.log_ticks(axes.yaxis)


def _loss_axes(loss_name: str) -> Axes:
    axes = style.new_figure(_WIDTH, 0.5 + _HEIGHT + style.HEAD_INCHES, "none").add_subplot()
    _style(axes, ylabel=f"{loss_name} loss, log scale", log=True)
    return axes


def _save_loss(path: Path, axes: Axes, bound: float | None, title: str, subtitle: str) -> None:
    """Finish and save: the loss that is expected, if any, is a dashed line."""
    if bound is not None and bound > 0:
        axes.axhline(bound, color=_BOUND, linewidth=1.5, linestyle=(0, (5, 3)))
        place: dict[str, Any] = {"xycoords": ("axes fraction", "data"), "ha": "right"}
        place |= {"xytext": (0, 5), "textcoords": "offset points"}
        axes.annotate(f"expected below {bound:g}", (0.99, bound), color=_BOUND, **place)
    style.log_ticks(axes.yaxis)
    left = 0.2 + 0.17 * len(axes.get_ylabel().split("\n")) + style.tick_width(axes.yaxis)
    figure = axes.get_figure(root=True)
    assert figure is not None
    style.head_of_figure(figure, title, subtitle, left)
    style.place(axes, left, 0.5, _WIDTH - left - 0.3, _HEIGHT)
    style.save(figure, path)


def _line(axes: Axes, curve: Curve, values: Sequence[float], log: bool, **look: Any) -> None:
    """One line with gaps; a point between two gaps, which no line can show, as a dot."""
    low, high = (1 / TOP if log else -TOP), TOP
    heights = [v if low < v < high else math.nan for v in values]
    gap = [True, *map(math.isnan, heights), True]
    alone = [i for i in range(len(heights)) if gap[i] and not gap[i + 1] and gap[i + 2]]
    axes.plot(curve.steps, heights, marker="o", markersize=4, markevery=alone, **look)


def _style(axes: Axes, *, ylabel: str, log: bool) -> None:
    if log:
        axes.set_yscale("log", nonpositive="mask")
    style.step_axis(axes)
    axes.set_ylabel("\n".join(style.wrapped(ylabel, _HEIGHT, 10)), color=INK)
    style.literal(axes.yaxis.label)
    style.frameless(axes)
