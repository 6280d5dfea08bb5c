"""The choice of the picture that suits a sweep. This imports matplotlib: import it late."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from minigrad.plot.style import COLORS
from minigrad.sweep.pictures.bands import band, draw_bands
from minigrad.sweep.pictures.heatmap import draw_heatmap
from minigrad.sweep.pictures.look import Head, bounded, is_numeric, short_loss, short_name
from minigrad.sweep.pictures.points import draw_ranking, draw_trends
from minigrad.sweep.ranking import Standing
from minigrad.sweep.store import SweepStore
from minigrad.terminal.text import counted, excerpt

_LONGEST = 12  # axis of a heat map
_NAME = 70  # characters in a cell's name


def draw(sweep: SweepStore, standings: Sequence[Standing]) -> Path:
    """Draw the sweep to sweep.png in its folder and give the path.

    One key: curves with bands, or of many numbers their trend. A whole grid of two or three: a heat
    map. Draws at random: a trend a number. The rest: the best cells by rank. Raises OSError.
    """
    path = sweep.path / "sweep.png"
    standings = [bounded(standing) for standing in standings]
    values = _values(sweep)
    numbers = [key for key in values if is_numeric(values[key])]
    sizes = [len(of_key) for of_key in values.values()]
    whole = math.prod(sizes) == len(sweep.plan.cells)
    head = _head(sweep, standings)
    if len(values) <= 1 and len(standings) <= len(COLORS):
        loss = str(sweep.plan.cells[0].config["loss"])
        bands = [
            band(
                f"{excerpt(short_name(one) or 'all seeds', _NAME)}: {short_loss(one)}",
                [sweep.store / run for run in one.runs],
            )
            for one in standings
        ]
        draw_bands(path, bands, head, loss=loss)
    elif len(values) in (2, 3) and whole and max(sizes) <= _LONGEST:
        draw_heatmap(path, standings, values, head, mode=sweep.plan.mode)
    elif numbers and (len(values) == 1 or not whole):
        draw_trends(path, standings, numbers, head)
    else:
        draw_ranking(path, standings, head)
    return path


def _values(sweep: SweepStore) -> dict[str, list[Any]]:
    """Each key's values in the order of their first use."""
    values: dict[str, list[Any]] = {}
    for cell in sweep.plan.cells:
        for key, value in cell.values.items():
            if value not in values.setdefault(key, []):
                values[key].append(value)
    return values


def _head(sweep: SweepStore, standings: Sequence[Standing]) -> Head:
    plan, best = sweep.plan, standings[0]
    seeds = f" over {best.members:,} seeds" if best.members > 1 else ""
    cells = counted(len(standings), "cell")
    name = f"best: {short_name(best)}" if best.values else "all seeds"
    met = "" if best.met is None else f", {math.floor(100 * best.met)}% met the expectations"
    metric = plan.metric.replace("final_", "final ")
    return Head(
        title=f"{plan.name}: {metric} of {cells}{seeds}",
        subtitle=f"{name}, median {short_loss(best)}{met}   {sweep.id}",
        metric=metric,
    )
