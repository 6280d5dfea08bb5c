"""Loss curves of cells that differ in one key: the median over seeds, in a band of quartiles."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from minigrad.plot import style
from minigrad.plot.style import COLORS, INK
from minigrad.sweep.pictures.look import Head
from minigrad.tracking.reading import read_file
from minigrad.tracking.store import load
from minigrad.training.seed_table import NAME, SeedTable, quartiles


@dataclass(frozen=True)
class Band:
    """Median and quartiles of the loss at each logged step, and the label of the curve."""

    label: str
    steps: list[int]
    low: list[float]
    median: list[float]
    high: list[float]


def band(label: str, runs: Sequence[Path]) -> Band:
    """The band of a cell's runs: one for each seed, or one that holds all of them.

    The loss of a seed that has diverged counts as infinite from there on. Raises StoreError for a
    run that cannot be read.
    """
    if (runs[0] / NAME).exists():
        table = SeedTable.from_bytes(read_file(runs[0], NAME))
        steps, by_step = table.steps.tolist(), table.band().tolist()
    else:
        series = [load(run).series("loss") for run in runs]
        steps = max((steps for steps, _ in series), key=len)
        rows = np.full((len(steps), len(series)), np.nan)
        for column, (_, losses) in enumerate(series):
            rows[: len(losses), column] = losses
        by_step = [[*quartiles(row)] for row in rows]
    low, median, high = ([row[i] for row in by_step] for i in range(3))
    return Band(label, steps, low, median, high)


def draw_bands(path: Path, bands: Sequence[Band], head: Head, *, loss: str) -> None:
    """Write the curves to `path` on a log axis, with labels in the order of `bands`."""
    figure = style.new_figure(7.6 + 0.08 * max(len(one.label) for one in bands), 4.4)
    style.head_of_figure(figure, head.title, head.subtitle)
    axes = figure.add_subplot()
    style.frameless(axes)
    axes.set_yscale("log", nonpositive="mask")
    finite = [v for one in bands for v in one.high + one.median if v < style.TOP]
    top = max(finite, default=1.0)
    keys = []
    for one, color in zip(bands, COLORS, strict=False):
        high = [min(value, top) for value in one.high]
        axes.fill_between(
            one.steps, [_drawn(v) for v in one.low], high, color=color, alpha=0.18, linewidth=0
        )
        axes.plot(one.steps, [_drawn(v) for v in one.median], color=color, linewidth=2)
        keys.append(style.line_key(one.label, color))
    style.step_axis(axes)
    axes.set_ylabel(f"{loss} loss: median in a band of quartiles", color=INK)
    legend = axes.legend(
        handles=keys,
        title="final median" if head.metric == "final loss" else f"median {head.metric}",
        alignment="left",
        loc="upper left",
        bbox_to_anchor=(1.01, 1.0),
        frameon=False,
        labelcolor=INK,
        handlelength=1.8,
    )
    legend.get_title().set_color(INK)
    style.literal(*legend.get_texts())
    style.log_ticks(axes.yaxis)
    style.save(figure, path)


def _drawn(loss: float) -> float:
    """The loss, or a gap where no axis can show it."""
    return loss if loss < style.TOP else math.nan
