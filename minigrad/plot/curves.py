"""Curves: the loss of a run, the band of many seeds, and the metrics of several runs."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from minigrad.plot import style
from minigrad.plot.style import COLORS, INK, TOP, Axes, Figure, Line2D
from minigrad.training.seed_table import quartiles, worst_of

_CURVE, _BOUND, _REST = "#2563eb", "#dc6803", "#b8c0ca"
_VALIDATION = COLORS[2]
_WINDOW = 40  # a smoothed loss has the memory of one of so many parts of the training,
_MEMORY = 4  # but of so many logged losses at least
_DASHES: tuple[Any, ...] = ("-", (0, (4, 1.5)))  # after the last colour they come again, dashed
_DISTINCT = 10  # curves with a colour and a label each; the others are context
_WIDEST = 8.4  # inches: of a figure with long labels
_WIDTH, _HEIGHT = 7.2, 3.1  # inches: of a loss's figure, and of the axes
_WITHOUT_WINDOWS = ("agg", "cairo", "pdf", "pgf", "ps", "svg", "template")
_LEGEND_CHARACTERS = 32  # longer labels are placed below the axes instead of beside them


@dataclass
class Curve:
    """One run's metric by step, and its label. Of several metrics, each has a panel."""

    label: str
    steps: list[int]
    values: list[float]
    metric: str = ""


def draw_loss(
    path: Path,
    steps: Sequence[int],
    losses: Sequence[float],
    *,
    loss_name: str,
    title: str,
    subtitle: str,
    final_loss_below: float | None = None,
    noisy: bool = False,
    validation: Curve | None = None,
    best_step: int | None = None,
) -> None:
    """Write a picture to `path`: the loss by step on a log axis, the expected bound as a line.

    A `noisy` loss, as one of small batches, is faint behind its moving average. `validation` is
    drawn beside it, with a ring at `best_step`, whose parameters were chosen. Losses that a log
    axis cannot show (0, nan, infinity, close to a float's ends) leave a gap.
    """
    axes = _loss_axes(loss_name)
    training = Curve("training", list(steps), list(losses))
    noisy = noisy and len(steps) >= 5 * _MEMORY
    keys = [style.line_key("training", _CURVE)]
    if noisy:
        _line(axes, training, losses, True, color=_CURVE, linewidth=0.8, alpha=0.3)
        average = _trend(losses, 1 - 1 / max(len(losses) / _WINDOW, _MEMORY))
        _line(axes, training, average, True, color=_CURVE, linewidth=2)
        keys = [style.line_key("training, smoothed", _CURVE)]
    else:
        faint = 0.55 if validation else 1.0
        _line(axes, training, losses, True, color=_CURVE, linewidth=2, alpha=faint)
    if validation:
        _line(axes, validation, validation.values, True, color=_VALIDATION, linewidth=2)
        keys.append(style.line_key("validation", _VALIDATION))
        keys += _mark_best(axes, validation, best_step)
    if noisy or validation:  # a legend costs time, and one line needs none
        legend = {"frameon": False, "labelcolor": INK, "handlelength": 1.6, "handletextpad": 0.3}
        axes.legend(handles=keys, loc="upper right", fontsize=9, **legend)
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
    log: bool | Sequence[bool] = True,
    smoothing: float = 0.0,
    title: str = "",
    subtitle: str = "",
) -> None:
    """Draw curves into the same axes and write them to `path`, .png or .svg; None opens a window.

    A `title` stands above all of it, with the `subtitle` under it.

    Curves of several metrics are drawn in panels, one below another, in which a label has the same
    colour; `log` may say it for each of these. `metric` names that of curves that have none.

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
    width, height = _size(curves)
    figure = style.new_figure(width, height + (style.HEAD_INCHES if title else 0.0))
    if title:
        style.head_of_figure(figure, title, subtitle)
    _panels(figure, curves, metric, log, smoothing)
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


def _show(
    curves: Sequence[Curve], metric: str, log: bool | Sequence[bool], smoothing: float
) -> None:
    from matplotlib import pyplot  # here, since it looks for a screen

    try:
        backend = pyplot.get_backend().lower()
        if backend in _WITHOUT_WINDOWS or "inline" in backend:  # that of a notebook's cells
            raise ImportError
        figure = pyplot.figure(figsize=_size(curves), layout="constrained")
    except ImportError:  # a backend may be chosen and not installed
        raise ValueError("no window can be opened here: name a file, as curves.png") from None
    _panels(figure, curves, metric, log, smoothing)
    pyplot.show()


def _size(curves: Sequence[Curve]) -> tuple[float, float]:
    """Inches: the axes keep their size, the figure grows by its legend."""
    labels = _labels(_distinct(curves))
    more = 2.6 * (len(_metrics(curves)) - 1)
    if _beside(labels):
        return 7.4 + 0.085 * max(map(len, labels)), 4.2 + more
    return _WIDEST, 4.3 + more + 0.19 * sum(label.count("\n") + 1 for label in labels)


def _metrics(curves: Sequence[Curve]) -> list[str]:
    return list(dict.fromkeys(curve.metric for curve in curves))


def _distinct(curves: Sequence[Curve]) -> list[Curve]:
    """One curve for each entry of the legend: of several metrics, one a label."""
    if len(_metrics(curves)) == 1:
        return list(curves)
    return list({curve.label: curve for curve in reversed(curves)}.values())[::-1]


def _labels(curves: Sequence[Curve]) -> list[str]:
    """The labels of the legend, wrapped if they are long."""
    more = [f"{len(curves) - _DISTINCT} more"] if len(curves) > _DISTINCT else []
    labels = [curve.label for curve in curves[:_DISTINCT]] + more
    return ["\n ".join(style.wrapped(label, _WIDEST - 0.8, 9)) for label in labels]


def _beside(labels: Sequence[str]) -> bool:
    """Whether the legend fits beside the axes; otherwise it is below them."""
    return max(map(len, labels)) <= _LEGEND_CHARACTERS


def _panels(
    figure: Figure,
    curves: Sequence[Curve],
    metric: str,
    log: bool | Sequence[bool],
    smoothing: float,
) -> None:
    """A panel for each metric, and one legend for all."""
    metrics, entries = _metrics(curves), _distinct(curves)
    logs = [log] * len(metrics) if isinstance(log, bool) else log
    panels = figure.subplots(len(metrics), 1, sharex=True, squeeze=False)[:, 0]
    for axes, name, is_log in zip(panels, metrics, logs, strict=True):
        _overlay(axes, curves, entries, name, is_log, smoothing)
        words = name or metric
        _style(axes, ylabel=f"{words}, log scale" if is_log else words, log=is_log)
        if axes is not panels[-1]:
            axes.set_xlabel("")
        style.log_ticks(axes.yaxis)
    _key(figure, entries)


def _overlay(
    axes: Axes,
    curves: Sequence[Curve],
    entries: Sequence[Curve],
    metric: str,
    log: bool,
    smoothing: float,
) -> None:
    """The metric's curves; the first entries of the legend have colours, the others are context."""
    if log:
        axes.set_yscale("log", nonpositive="mask")
    here = [curve for curve in curves if curve.metric == metric]
    one_each = len(entries) == len(here)
    places = {entry.label: index for index, entry in enumerate(entries)}
    numbered = [(i if one_each else places[curve.label], curve) for i, curve in enumerate(here)]
    for _, curve in (pair for pair in numbered if pair[0] >= _DISTINCT):
        _line(axes, curve, smoothed(curve.values, smoothing), log, color=_REST, linewidth=0.8)
    for index, curve in (pair for pair in numbered if pair[0] < _DISTINCT):
        color, dashes = COLORS[index % len(COLORS)], _DASHES[index // len(COLORS)]
        if smoothing:
            _line(axes, curve, curve.values, log, color=color, linewidth=0.8, alpha=0.25)
        averages = smoothed(curve.values, smoothing)
        _line(axes, curve, averages, log, color=color, linewidth=2, linestyle=dashes)


def _key(figure: Figure, entries: Sequence[Curve]) -> None:
    """The legend, beside the axes or below them."""
    labels = _labels(entries)
    keys = [
        style.line_key(label, COLORS[i % len(COLORS)], dashes=_DASHES[i // len(COLORS)])
        for i, label in enumerate(labels[:_DISTINCT])
    ]
    if len(entries) > _DISTINCT:
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


def _loss_axes(loss_name: str) -> Axes:
    axes = style.new_figure(_WIDTH, 0.5 + _HEIGHT + style.HEAD_INCHES, "none").add_subplot()
    _style(axes, ylabel=f"{loss_name} loss, log scale", log=True)
    return axes


def _trend(losses: Sequence[float], weight: float) -> list[float]:
    """The geometric mean, each neighbour weighing `weight` times the one before it: on both sides,
    so that it follows a falling loss without a delay. It begins at the first loss, since the curve
    is continued before it by its mirror image. Losses that have no logarithm are gaps.
    """
    logs = [math.log(loss) if 1 / TOP < loss < TOP else math.nan for loss in losses]
    length = math.ceil(5 / (1 - weight))  # what is further away weighs less than one in 100
    mirrored = [2 * logs[0] - log for log in logs[length:0:-1]]
    logs = mirrored + logs
    backwards = smoothed(logs[::-1], weight)[::-1]
    both = enumerate(zip(smoothed(logs, weight), backwards, strict=True))
    sides = [(a, 1 - weight ** (i + 1), b, 1 - weight ** (len(logs) - i)) for i, (a, b) in both]
    means = [(a * before + b * after) / (before + after) for a, before, b, after in sides]
    return [math.exp(mean) for mean in means[len(mirrored) :]]


def _mark_best(axes: Axes, validation: Curve, best_step: int | None) -> list[Line2D]:
    """A ring at the chosen step, and its key; at the last logged step before, if it has no own."""
    earlier = [i for i, step in enumerate(validation.steps) if step <= (best_step or 0)]
    if best_step is None or not earlier or not 1 / TOP < validation.values[earlier[-1]] < TOP:
        return []
    index = earlier[-1]
    look: dict[str, Any] = {"marker": "o", "markersize": 9, "markerfacecolor": "none"}
    look |= {"linestyle": "none", "color": INK, "markeredgewidth": 1.8, "zorder": 4}
    look["clip_on"] = False  # whole at the last step too
    label = f" chosen: step {best_step}"
    return axes.plot(validation.steps[index], validation.values[index], label=label, **look)


def _save_loss(path: Path, axes: Axes, bound: float | None, title: str, subtitle: str) -> None:
    """Finish and save: the loss that is expected, if any, is a dashed line."""
    if bound is not None and bound > 0:
        axes.axhline(bound, color=_BOUND, linewidth=1.5, linestyle=(0, (5, 3)))
        place: dict[str, Any] = {"xycoords": ("axes fraction", "data"), "ha": "right"}
        place |= {"xytext": (0, 5), "textcoords": "offset points"}
        place["bbox"] = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1.5}
        axes.annotate(f"expected below {bound:g}", (0.99, bound), color=_BOUND, **place)
    style.log_ticks(axes.yaxis)
    left = 0.2 + 0.17 * len(axes.get_ylabel().split("\n")) + style.tick_width(axes.yaxis)
    style.save_single(path, axes, title, subtitle, left, (_WIDTH, _HEIGHT))


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
