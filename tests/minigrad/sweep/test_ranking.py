"""Cells in order, and what their members say."""

import math
import random

import pytest

from minigrad.sweep.cells import Cell
from minigrad.sweep.member import Member
from minigrad.sweep.ranking import rank
from minigrad.sweep.store import Ended


def ended(cell: int, seed: int, loss: float | None, met: bool | None = None) -> Ended:
    if loss is None:
        return Ended(cell, f"run{seed}", Member(seed, "diverged", None, met, "it broke"))
    return Ended(cell, f"run{seed}", Member(seed, "finished", loss, met, None))


CELLS = [Cell({"lr": rate}, {}) for rate in (0.1, 0.2, 0.3, 0.4)]


def test_the_lowest_median_is_first_and_ties_go_by_the_upper_quartile() -> None:
    losses = {0: [3.0, 3.0, 9.0], 1: [1.0, 2.0, 50.0], 2: [3.0, 3.0, 4.0]}
    members = [ended(c, seed, loss) for c, some in losses.items() for seed, loss in enumerate(some)]
    random.Random(0).shuffle(members)
    ranked = rank(CELLS, members)
    assert [(one.rank, one.cell, one.median) for one in ranked] == [(1, 1, 2), (2, 2, 3), (3, 0, 3)]
    assert ranked[0].values == {"lr": 0.2}


def test_who_diverged_counts_as_infinite_and_the_first_reason_is_told() -> None:
    members = [ended(0, seed, loss, met=loss is not None) for seed, loss in enumerate([None, 1, 2])]
    members += [ended(1, seed, loss, met=False) for seed, loss in enumerate([5, None, None, None])]
    first, second = rank(CELLS, members)
    assert (first.median, first.q1, first.q3) == (2, 1.5, math.inf)
    assert (first.diverged, first.members, first.why) == (1, 3, "seed 0: it broke")
    assert first.met == pytest.approx(2 / 3)
    assert (second.median, second.q1, second.q3, second.met) == (math.inf, math.inf, math.inf, 0.0)
    assert second.runs == ["run0", "run1", "run2", "run3"]


def test_without_expectations_nothing_is_met_and_nothing_missed() -> None:
    (only,) = rank(CELLS, [ended(2, 0, 1.0)])
    assert (only.met, only.why, only.cell) == (None, None, 2)
    assert rank(CELLS, []) == []
