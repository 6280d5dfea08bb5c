"""Median final losses over two axes, or over three as small multiples."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from minigrad.plot import style
from minigrad.plot.style import BEST, INK, Axes, LogNorm, Rectangle
from minigrad.sweep.pictures.look import Head, is_numeric, short_key, short_loss, short_number
from minigrad.sweep.ranking import Standing
from minigrad.terminal.table import cell
from minigrad.terminal.text import excerpt

_COLORS = style.colormaps["YlGnBu_r"]  # dark where the loss is low
_DIVERGED = "#d5d9df"
_WIDTH, _HEIGHT = 0.92, 0.62  # inches of a cell
_LONGEST = 2.5  # inches of a row's name
_ACROSS = 12  # cells side by side, panels included


@dataclass(frozen=True)
class HeatmapLayout:
    """The key along each axis, and the key of the panels; None if there are two keys alone."""

    x: str
    y: str
    panel: str | None


def layout(values: Mapping[str, Sequence[Any]]) -> HeatmapLayout:
    """Numbers along x, where a trend reads best; the shortest of three axes by panels.

    >>> layout({"optimizer": ["sgd", "adam"], "lr": [0.1, 1.0], "init": ["he", "glorot", "normal"]})
    HeatmapLayout(x='lr', y='init', panel='optimizer')
    """
    keys = list(values)
    panel = None
    if len(keys) == 3:
        panel = min(keys, key=lambda key: (is_numeric(values[key]), len(values[key])))
        keys.remove(panel)
    y, x = sorted(keys, key=lambda key: (is_numeric(values[key]), len(values[key])))
    return HeatmapLayout(x, y, panel)


def draw_heatmap(
    path: Path,
    standings: Sequence[Standing],
    values: Mapping[str, Sequence[Any]],
    head: Head,
    *,
    mode: str,
) -> None:
    """Write the map to `path`: a number and a colour for each cell, and a frame for the best one.

    `values` are the values of each key, in the order of their rows and columns. With three keys
    there is a panel for each value of one of them, in a grid of `rows` by `columns` panels.
    """
    keys = layout(values)
    xs, ys = values[keys.x], values[keys.y]
    panels = values[keys.panel] if keys.panel else [None]
    rows = math.ceil(len(panels) * len(xs) / _ACROSS)
    columns = math.ceil(len(panels) / rows)
    label_width = min(_LONGEST, max(style.text_width(cell(y)) for y in ys))
    figure = style.new_figure(
        2.0 + label_width + columns * (0.2 + _WIDTH * max(2, len(xs))),
        1.2 + rows * (0.35 + _HEIGHT * max(2, len(ys))),
    )
    style.head_of_figure(figure, head.title, head.subtitle)
    grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    colors = _COLORS if mode == "min" else _COLORS.reversed()
    norm = _norm([standing.median for standing in standings])
    for axes, value in zip(grid.flat, panels, strict=False):
        in_panel = [s for s in standings if keys.panel is None or s.values[keys.panel] == value]
        for standing in in_panel:
            position = xs.index(standing.values[keys.x]), ys.index(standing.values[keys.y])
            _paint(axes, position, standing, norm, colors)
        _label(axes, xs, ys)
        if keys.panel:
            width = _WIDTH * max(2, len(xs))
            title_of_panel = _lines(f"{short_key(keys.panel)} {cell(value)}", width)
            style.literal(axes.set_title(title_of_panel, loc="left", fontsize=10, color=INK))
    _name_axes(grid, len(panels), keys)
    mappable = style.ScalarMappable(norm, colors)
    bar = figure.colorbar(mappable, ax=list(grid.flat), aspect=22, pad=0.02)
    bar.set_label(f"median {head.metric}", color=INK)
    _label_bar(bar)
    style.save(figure, path)


def _label_bar(bar: Any) -> None:
    """Its numbers written as in the cells, where two digits tell them apart."""
    style.log_ticks(bar.ax.yaxis)
    ticks = [float(tick) for tick in bar.ax.get_yticks()]
    labels = [short_number(tick) for tick in ticks]
    if len(set(labels)) == len(labels):
        bar.ax.set_yticks(ticks, labels)
    bar.outline.set_visible(False)


def _name_axes(grid: Any, panels: int, keys: HeatmapLayout) -> None:
    """The keys along the outer axes of a grid of which the first `panels` places are used."""
    columns = grid.shape[1]
    for axes in grid.flat[panels:]:
        axes.set_axis_off()
    for axes in grid.flat[max(0, panels - columns) : panels]:  # none is below them
        axes.set_xlabel(keys.x, color=INK)
        axes.tick_params(labelbottom=True)
    for axes in grid[:, 0]:
        axes.set_ylabel(keys.y, color=INK)


def _norm(medians: Sequence[float]) -> LogNorm:
    positive = [median for median in medians if 0 < median < math.inf] or [1.0]
    low, high = min(positive), max(positive)
    return LogNorm(low, high) if high > 1.01 * low else LogNorm(low / 2, high * 2)


def _paint(
    axes: Axes, place: tuple[int, int], standing: Standing, norm: LogNorm, colors: Any
) -> None:
    (x, y), median = place, standing.median
    color = _DIVERGED if math.isinf(median) else colors(norm(max(median, norm.vmin or 0.0)))
    square = Rectangle((x - 0.5, y - 0.5), 1, 1, facecolor=color, edgecolor="white", linewidth=2)
    frame = Rectangle((x - 0.45, y - 0.43), 0.9, 0.86, fill=False, edgecolor=BEST, linewidth=2)
    for patch in [square, frame] if standing.rank == 1 else [square]:
        axes.add_patch(patch)
    ink = "white" if np.dot(style.to_rgb(color), (0.299, 0.587, 0.114)) < 0.55 else INK
    centred: dict[str, Any] = {"ha": "center", "va": "center", "color": ink}
    raised = 0 if standing.met is None else 0.13
    axes.text(x, y - raised, short_loss(standing), fontsize=10, **centred)
    if standing.met is not None:
        axes.text(x, y + 0.22, f"{math.floor(100 * standing.met)}% met", fontsize=7.5, **centred)


def _label(axes: Axes, xs: Sequence[Any], ys: Sequence[Any]) -> None:
    axes.set_xlim(-0.5, len(xs) - 0.5)
    axes.set_ylim(len(ys) - 0.5, -0.5)
    columns, rows = [_lines(x, _WIDTH - 0.06) for x in xs], [_lines(y, _LONGEST) for y in ys]
    axes.set_xticks(range(len(xs)), columns, color=INK, parse_math=False)
    axes.set_yticks(range(len(ys)), rows, color=INK, parse_math=False)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


def _lines(value: Any, inches: float) -> str:
    """A value in at most three lines of so many inches."""
    lines = style.wrapped(cell(value), inches, 10)
    return "\n".join(lines[:2] + [excerpt("".join(lines[2:]), len(lines[0]))] * (len(lines) > 2))
