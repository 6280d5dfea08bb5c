"""A confusion matrix: what the rows of each class were taken for."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from minigrad.plot import style
from minigrad.plot.style import INK, LinearSegmentedColormap
from minigrad.terminal.text import excerpt

_PALE = LinearSegmentedColormap.from_list("counts", ["#ffffff", style.COLORS[0]])
_NUMBERED = 25
"""Classes; with more, a cell is too small for its number."""


def draw_confusion(
    path: Path,
    matrix: Sequence[Sequence[int]],
    names: Sequence[str],
    *,
    title: str,
    subtitle: str,
) -> None:
    """Write a picture to `path`: a row a class, a column an answer, in each cell how many samples.

    A cell's colour is its share of its row.
    """
    labels = [excerpt(name, 16) for name in names]
    counts = np.array(matrix, dtype=float)
    totals = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, totals, out=np.zeros_like(counts), where=totals > 0)
    size = min(7.0, max(2.4, 0.46 * len(labels)))  # inches
    widest = max(style.text_width(label, 9) for label in labels)
    upright = widest > 0.9 * size / len(labels)  # where a column is too narrow for its name
    left, bottom = 0.55 + widest, 0.55 + (widest if upright else 0.15)
    figure = style.new_figure(
        max(left + size + 0.3, 6.0), bottom + size + 0.1 + style.HEAD_INCHES, "none"
    )
    axes = figure.add_subplot()
    axes.imshow(shares, cmap=_PALE, vmin=0, vmax=1, aspect="equal")
    places = range(len(labels))
    axes.set_xticks(places, labels, rotation=90 if upright else 0, fontsize=9)
    axes.set_yticks(places, labels, fontsize=9)
    axes.tick_params(length=0)
    axes.set_xlabel("answer", color=INK)
    axes.set_ylabel("class", color=INK)
    style.literal(*axes.get_xticklabels(), *axes.get_yticklabels())
    axes.spines[:].set_color("#b8c0ca")
    if len(labels) <= _NUMBERED:
        _write_counts(axes, matrix, shares)
    style.head_of_figure(figure, title, subtitle, 0.2)
    style.place(axes, left, bottom, size, size)
    style.save(figure, path)


def _write_counts(axes: Any, matrix: Sequence[Sequence[int]], shares: Any) -> None:
    """The number of samples in each cell that has any, white where the cell is dark."""
    look: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 9}
    for row, counts in enumerate(matrix):
        for column, count in enumerate(counts):
            if count:
                color = "white" if shares[row, column] > 0.55 else INK
                axes.text(column, row, f"{count}", color=color, **look)
