"""Cells as points with bars from quartile to quartile: by a number of theirs, or by rank."""

import math
from collections.abc import Sequence
from pathlib import Path

from minigrad.plot import style
from minigrad.plot.style import BEST, COLORS, INK, Axes
from minigrad.sweep.pictures.look import Head, loss_scale, short_loss, short_name, wants_log
from minigrad.sweep.ranking import Standing
from minigrad.terminal.text import excerpt

_POINT = COLORS[0]
_RANKED = 25
_NAME = 70  # characters of a cell's name
_PANELS = 6


def draw_trends(path: Path, standings: Sequence[Standing], keys: Sequence[str], head: Head) -> None:
    """Write a panel for each of the first six keys: the metric by that key's number.

    Where there is one key, a line joins the medians, since nothing else varies between them.
    """
    keys = keys[:_PANELS]
    across = min(3, len(keys))
    down = math.ceil(len(keys) / across)
    width = 7.6 if across == 1 else 3.6 * across + 0.6
    figure = style.new_figure(width, 0.7 + (3.7 if down == 1 else 2.9 * down))
    style.head_of_figure(figure, head.title, head.subtitle)
    grid = figure.subplots(down, across, sharey=True, squeeze=False)
    for axes, key in zip(grid.flat, keys, strict=False):
        _trend(axes, standings, key, joined=len(standings[0].values) == 1)
    for axes in grid.flat[len(keys) :]:
        axes.set_axis_off()
    for axes in grid[:, 0]:
        axes.set_ylabel(f"{head.metric}: median and quartiles", color=INK)
    style.save(figure, path)


def draw_ranking(path: Path, standings: Sequence[Standing], head: Head) -> None:
    """Write the best 25 cells to `path`, one below another."""
    ranked = standings[:_RANKED]
    names = [excerpt(short_name(one), _NAME) for one in ranked]
    longest = max(map(len, names))
    figure = style.new_figure(5.8 + 0.075 * longest, 1.4 + 0.27 * len(ranked))
    style.head_of_figure(figure, head.title, head.subtitle)
    axes = figure.add_subplot()
    style.frameless(axes)
    axes.set_xscale(loss_scale(ranked))
    top = _top(ranked)
    for row, one in enumerate(ranked):
        color = BEST if one.rank == 1 else _POINT
        if math.isfinite(one.median):
            axes.plot([one.q1, min(one.q3, top)], [row, row], color=color, linewidth=3, alpha=0.35)
            axes.plot(one.median, row, "o", color=color, markersize=6)
        else:
            axes.plot(top, row, "x", color=INK, markersize=6)
        axes.annotate(
            short_loss(one), (1, row), (6, 0), xycoords=("axes fraction", "data"), va="center",
            textcoords="offset points", fontsize=9, color=INK, annotation_clip=False,
        )  # fmt: skip
    axes.set_yticks(range(len(ranked)), names, color=INK, parse_math=False)
    axes.set_ylim(len(ranked) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel(f"{head.metric}: median and quartiles", color=INK)
    style.log_ticks(axes.xaxis)
    style.save(figure, path)


def _trend(axes: Axes, standings: Sequence[Standing], key: str, joined: bool) -> None:
    style.frameless(axes)
    ordered = sorted(standings, key=lambda one: one.values[key])
    xs = [one.values[key] for one in ordered]
    if wants_log(xs):
        axes.set_xscale("log")
    axes.set_yscale(loss_scale(ordered))
    top = _top(ordered)
    lows = [min(one.q1, top) for one in ordered]
    highs = [min(one.q3, top) for one in ordered]
    medians = [one.median if math.isfinite(one.median) else math.nan for one in ordered]
    if joined:
        axes.fill_between(xs, lows, highs, color=_POINT, alpha=0.18, linewidth=0)
        axes.plot(xs, medians, color=_POINT, linewidth=2)
    else:
        axes.vlines(xs, lows, highs, color=_POINT, alpha=0.35)
    axes.plot(xs, medians, "o", color=_POINT, markersize=5)
    lost = [one.values[key] for one in ordered if math.isinf(one.median)]
    axes.plot(lost, [top] * len(lost), "x", color=INK, markersize=6)
    best = min(ordered, key=lambda one: one.rank)
    if math.isfinite(best.median):
        axes.plot(best.values[key], best.median, "o", color=BEST, markersize=8)
    axes.set_xlabel(key, color=INK)
    style.log_ticks(axes.xaxis)
    style.log_ticks(axes.yaxis)


def _top(standings: Sequence[Standing]) -> float:
    """The largest finite number; bars that reach to infinity end there."""
    finite = [v for one in standings for v in (one.median, one.q3) if math.isfinite(v)]
    return max(finite, default=1.0)
