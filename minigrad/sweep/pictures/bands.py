"""Loss curves of cells that differ in one key: the median over seeds, in a band of quartiles."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from minigrad.plot.style import COLORS, INK, new_figure, save
from minigrad.sweep.pictures.look import headed, quiet
from minigrad.tracking.reading import read_file
from minigrad.tracking.store import load
from minigrad.training.seed_table import NAME, SeedTable, quartiles


@dataclass(frozen=True)
class Band:
    """Median and quartiles of the loss at each logged step, and what to call them."""

    label: str
    steps: list[int]
    low: list[float]
    median: list[float]
    high: list[float]


def band(label: str, runs: Sequence[Path]) -> Band:
    """Of a cell's runs: one a seed, or one with all of them. A seed that has diverged counts as
    infinite from there on. Raises StoreError where a run cannot be read.
    """
    if (runs[0] / NAME).exists():
        table = SeedTable.from_bytes(read_file(runs[0], NAME))
        steps, rows = table.steps.tolist(), table.loss
    else:
        series = [load(run).series("loss") for run in runs]
        steps = max((steps for steps, _ in series), key=len)
        rows = np.full((len(steps), len(series)), np.nan)
        for column, (_, losses) in enumerate(series):
            rows[: len(losses), column] = losses
    found = [quartiles(row) for row in rows]
    low, median, high = ([row[i] for row in found] for i in range(3))
    return Band(label, steps, low, median, high)


def draw_bands(path: Path, bands: Sequence[Band], *, loss: str, title: str, subtitle: str) -> None:
    """Write the curves to `path`, on a log axis, the labels in the order given."""
    figure = new_figure(7.6 + 0.08 * max(len(one.label) for one in bands), 4.4)
    headed(figure, title, subtitle)
    axes = figure.add_subplot()
    quiet(axes)
    axes.set_yscale("log", nonpositive="mask")
    finite = [v for one in bands for v in one.high + one.median if math.isfinite(v)]
    top = max(finite, default=1.0)
    keys = []
    for one, color in zip(bands, COLORS, strict=False):
        high = [min(value, top) for value in one.high]
        axes.fill_between(one.steps, one.low, high, color=color, alpha=0.18, linewidth=0)
        median = [value if math.isfinite(value) else math.nan for value in one.median]
        axes.plot(one.steps, median, color=color, linewidth=2)
        keys.append(Line2D([], [], color=color, linewidth=2.5, label=f" {one.label}"))
    axes.set_xlabel("step", color=INK)
    axes.set_ylabel(f"{loss} loss: median in a band of quartiles", color=INK)
    axes.xaxis.set_major_locator(MaxNLocator("auto", steps=[1, 2, 2.5, 5, 10], integer=True))
    axes.margins(x=0.01)
    legend = axes.legend(
        handles=keys,
        title="final median",
        alignment="left",
        loc="upper left",
        bbox_to_anchor=(1.01, 1.0),
        frameon=False,
        labelcolor=INK,
        handlelength=1.8,
    )
    legend.get_title().set_color(INK)
    for text in legend.get_texts():
        text.set_parse_math(False)
    save(figure, path)
