"""A run of many seeds: its band, its worst seeds, and the histogram of its final losses."""

import functools
import math
import os
from pathlib import Path
from typing import Any

from minigrad.page.html import Html, element
from minigrad.report.parts import Subject, run_head, section
from minigrad.report.tables import plain_table
from minigrad.report.thin import Thinner, rounded
from minigrad.terminal.table import cell
from minigrad.tracking import layout
from minigrad.tracking.reading import read_file
from minigrad.tracking.store import StoreError

_WORST = 5
_BINS = 30
_WIDTH, _HEIGHT = 640, 180  # of the histogram, in its own units
_COLUMNS = 300  # steps of the band that are drawn


def seeds_section(one: Subject) -> tuple[Html, dict[str, Any]] | None:
    """The section and the data of its chart; None for a run of one seed or of a damaged table."""
    try:
        status = os.stat(one.run.path / layout.SEEDS, follow_symlinks=False)
    except OSError:
        return None
    version = (status.st_ino, status.st_size, status.st_mtime_ns)
    return _section_once(one.run.path, one.run.id, one.label, one.color, version)


@functools.lru_cache(maxsize=16)
def _section_once(
    run: Path, identity: str, label: str, color: int, _version: tuple[int, ...]
) -> tuple[Html, dict[str, Any]] | None:
    """Drawn once for each version of the file: a live page is loaded again and again."""
    try:
        raw = read_file(run, layout.SEEDS)
        from minigrad.training.seed_table import SeedTable  # here, since it imports numpy

        table = SeedTable.from_bytes(raw)
    except (StoreError, ValueError):
        return None
    if not len(table.seeds):
        return None
    worst = _worst(table.final_loss.tolist())
    key = f"seeds {identity}"
    chart = element("div", class_="chart", data_metric=key)
    content = section(
        f"{len(table.seeds):,} seeds",
        element("h3", run_head(label, color)),
        element(
            "p",
            "The line is the median loss, the band holds the middle half of all seeds, and the "
            f"thin lines are the {len(worst)} worst seeds.",
            class_="hint",
        ),
        element("figure", chart),
        element("h3", "Final losses"),
        histogram([float(x) for x in table.final_loss]),
        _table_of(table, worst),
        id_=f"seeds-{color}",
    )
    return content, {key: _band(table, worst, color)}


def _table_of(table: Any, places: list[int]) -> Html:
    header = ["seed", "initial loss", "final loss", "accuracy", "diverged at"]
    rows = [
        [
            int(table.seeds[i]),
            float(table.initial_loss[i]),
            float(table.final_loss[i]),
            float(table.final_accuracy[i]),
            int(table.diverged_at[i]) if table.diverged_at[i] >= 0 else None,
        ]
        for i in places
    ]
    return plain_table("Worst seeds", header, rows, sortable=True)


def _worst(losses: list[float]) -> list[int]:
    """Where the largest are, nan first."""
    order = sorted(range(len(losses)), key=lambda i: (math.isfinite(losses[i]), -losses[i]))
    return order[:_WORST]


def _band(table: Any, worst: list[int], color: int) -> dict[str, Any]:
    from minigrad.training.seed_table import quartiles

    every = range(0, len(table.steps), max(1, len(table.steps) // _COLUMNS))
    steps = [int(table.steps[i]) for i in every]
    bands = [quartiles(table.loss[i]) for i in every]
    low, median, high = ([rounded(band[k]) for band in bands] for k in range(3))
    series = [
        {"label": "first quartile", "x": steps, "y": low, "color": color, "role": "low"},
        {"label": "third quartile", "x": steps, "y": high, "color": color, "role": "high"},
        {"label": "median", "x": steps, "y": median, "color": color},
    ]
    for place in worst:
        curve = Thinner(_COLUMNS)
        for step, value in zip(table.steps.tolist(), table.loss[:, place].tolist(), strict=True):
            curve.add(step, value)
        x, y = curve.points()
        label = f"seed {int(table.seeds[place])}"
        series.append({"label": label, "x": x, "y": y, "color": (color + 1) % 8, "role": "thin"})
    return {"series": series}


def histogram(losses: list[float]) -> Html:
    """Bars over a log axis where all losses are above 0; those not finite are counted in words."""
    finite = [loss for loss in losses if math.isfinite(loss)]
    lost = len(losses) - len(finite)
    rest = element("p", f"{lost:,} seeds have no finite loss.", class_="hint") if lost else None
    if not finite:
        return element("div", rest)
    is_log = min(finite) > 0 and max(finite) > 10 * min(finite)
    edges, counts = _bins(finite, is_log)
    drawing = element(
        "svg",
        [_bar(i, count, max(counts), edges) for i, count in enumerate(counts) if count],
        element("line", class_="axis", x1=0, x2=_WIDTH, y1=_HEIGHT, y2=_HEIGHT),
        _below(cell(edges[0]), x=0),
        _below(cell(edges[-1]), x=_WIDTH, text_anchor="end"),
        _below(
            "final loss, log scale" if is_log else "final loss", x=_WIDTH / 2, text_anchor="middle"
        ),
        viewBox=f"0 0 {_WIDTH} {_HEIGHT + 26}",
        class_="histogram",
        role="img",
        aria_label=f"Histogram of {len(finite):,} final losses, from {cell(min(finite))} to "
        f"{cell(max(finite))}; the table below has its numbers",
    )
    rows = [
        [element("td", f"{cell(edges[i])} to {cell(edges[i + 1])}"), count]
        for i, count in enumerate(counts)
        if count
    ]
    numbers = element(
        "details",
        element("summary", "Numbers"),
        plain_table("Final losses by bin", ["final loss", "seeds"], rows),
    )
    return element("div", drawing, rest, numbers)


def _bins(losses: list[float], is_log: bool) -> tuple[list[float], list[int]]:
    """The edges of the bins, equally far apart on the axis, and how many losses are in each."""
    places = [math.log10(loss) for loss in losses] if is_log else losses
    low, high = min(places), max(places)
    width = (high - low) / _BINS or 1.0
    counts = [0] * _BINS
    for place in places:
        counts[min(_BINS - 1, int((place - low) / width))] += 1
    edges = [10 ** (low + i * width) if is_log else low + i * width for i in range(_BINS + 1)]
    return edges, counts


def _below(words: str, x: float, **anchor: Any) -> Html:
    """Words below the axis."""
    return element("text", words, x=x, y=_HEIGHT + 18, **anchor)


def _bar(i: int, count: int, most: int, edges: list[float]) -> Html:
    high = _HEIGHT * count / most
    return element(
        "rect",
        element("title", f"{cell(edges[i])} to {cell(edges[i + 1])}: {count:,} seeds"),
        x=f"{i * _WIDTH / _BINS + 1:.2f}",
        y=f"{_HEIGHT - high:.2f}",
        width=f"{_WIDTH / _BINS - 2:.2f}",
        height=f"{high:.2f}",
    )
