"""The picture of a regression with one input: its curve through the data."""

import math
from pathlib import Path
from typing import Any

import numpy as np

from minigrad.data import Dataset
from minigrad.plot import style
from minigrad.plot.style import COLORS, INK, Axes, Line2D
from minigrad.plot.surface import HUGE, Predict

_POINTS = 240  # of the curve
_MARGIN = 0.05  # of the data's span, on each side
_WIDTH, _HEIGHT = 7.2, 3.4  # inches: of the figure, and of the axes


def draw_fit(
    path: Path,
    predict: Predict,
    train: Dataset,
    validation: Dataset | None,
    *,
    title: str,
    subtitle: str,
) -> None:
    """Write the model's prediction by its one input to `path`, .png or .svg: training points
    filled, validation points open. Numbers that no axis can show leave a gap.

    Raises ValueError unless there is one input.
    """
    style.check_ending(path)
    if train.n_features != 1:
        raise ValueError(f"a fit is drawn of data with 1 input, these have {train.n_features}")
    inputs = [x for part in (train, validation) if part for (x,) in part.inputs]
    low, high = max(min(inputs), -HUGE), min(max(inputs), HUGE)
    margin = _MARGIN * (high - low) or 0.5
    xs = np.linspace(low - margin, high + margin, _POINTS).tolist()
    curve = [_drawn(output) for (output,) in predict([[x] for x in xs])]
    axes = style.new_figure(_WIDTH, 0.5 + _HEIGHT + style.HEAD_INCHES, "none").add_subplot()
    style.frameless(axes)
    keys = _scatter(axes, train, validation)
    axes.plot(xs, curve, color=COLORS[1], linewidth=2.2, zorder=3)
    keys.append(style.line_key("prediction", COLORS[1]))
    axes.set_xlim(xs[0], xs[-1])
    axes.set_xlabel("x0", color=INK)
    axes.set_ylabel("target", color=INK)
    bottom, top = axes.get_ylim()
    axes.set_ylim(bottom, top + 0.12 * (top - bottom))  # room for the legend
    legend: dict[str, Any] = {"frameon": False, "fontsize": 9, "ncols": len(keys)}
    axes.legend(handles=keys, loc="upper left", labelcolor=INK, handlelength=1.6, **legend)
    left = 0.45 + style.tick_width(axes.yaxis)
    style.save_single(path, axes, title, subtitle, left, (_WIDTH, _HEIGHT))


def _scatter(axes: Axes, train: Dataset, validation: Dataset | None) -> list[Line2D]:
    """Draw the points; gives what a legend shows of them."""
    size = min(40.0, max(8.0, 4000 / len(train.inputs)))
    keys = []
    for part, name in ((train, "training"), (validation, "validation")):
        if part:
            look: dict[str, Any] = {"s": size, "edgecolors": COLORS[0], "linewidths": 1.0}
            color = COLORS[0] if name == "training" else "white"
            places = [_drawn(x) for (x,) in part.inputs], [*map(_drawn, part.targets)]
            axes.scatter(*places, c=color, **look)
            keys.append(style.marker_key(name, color, edge=COLORS[0]))
    return keys


def _drawn(number: float) -> float:
    """The number, or a gap where no axis can show it."""
    return number if abs(number) < HUGE else math.nan
