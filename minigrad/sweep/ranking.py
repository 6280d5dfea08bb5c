"""The results of all cells, ranked."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from minigrad.sweep.cells import Cell
from minigrad.sweep.store import Ended


@dataclass(frozen=True)
class Standing:
    """The results of a cell's members.

    `median`, `q1` and `q3` are quartiles of the final loss over seeds; a member that diverged or
    failed counts as infinite. `met` is the share of members that met the config's expectations, or
    None where it has none. `why` is the first error, with its seed.
    """

    rank: int
    values: dict[str, Any]
    median: float
    q1: float
    q3: float
    met: float | None
    members: int
    diverged: int
    failed: int
    why: str | None
    cell: int
    runs: list[str] = field(repr=False)


def rank(cells: Sequence[Cell], ended: Iterable[Ended]) -> list[Standing]:
    """The cells of which any member has ended, by median, then by upper quartile."""
    by_cell: dict[int, list[Ended]] = {}
    for one in ended:
        by_cell.setdefault(one.cell, []).append(one)
    ordered = sorted(by_cell, key=lambda cell: (*_quartiles(by_cell[cell])[1:], cell))
    return [
        _standing(place, cell, cells[cell], by_cell[cell])
        for place, cell in enumerate(ordered, start=1)
    ]


def _standing(place: int, number: int, cell: Cell, ended: Sequence[Ended]) -> Standing:
    members = sorted((one.member for one in ended), key=lambda member: member.seed)
    q1, median, q3 = _quartiles(ended)
    met = [member.met for member in members if member.met is not None]
    errors = [f"seed {member.seed}: {member.error}" for member in members if member.error]
    statuses = [member.status for member in members]
    return Standing(
        rank=place,
        values=cell.values,
        median=median,
        q1=q1,
        q3=q3,
        met=sum(met) / len(met) if met else None,
        members=len(members),
        diverged=statuses.count("diverged"),
        failed=statuses.count("failed"),
        why=errors[0] if errors else None,
        cell=number,
        runs=list(dict.fromkeys(one.run for one in ended)),
    )


def _quartiles(ended: Sequence[Ended]) -> tuple[float, float, float]:
    import numpy as np  # here, so that the workers start first

    from minigrad.training.seed_table import quartiles

    losses = [one.member.final_loss for one in ended]
    low, median, high, _ = quartiles(np.array([math.inf if x is None else x for x in losses]))
    return low, median, high
