"""The shares of variance are those of the functional ANOVA."""

import math
import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from minigrad.sweep.cells import Cell
from minigrad.sweep.importance import Importance, importance_of
from minigrad.sweep.member import Member
from minigrad.sweep.plan import SweepPlan
from minigrad.sweep.ranking import rank
from minigrad.sweep.store import Ended


def of(
    points: Sequence[dict[str, Any]], score: Callable[..., float], **plan: Any
) -> Importance | None:
    """Of cells with these values, each with a final accuracy, which has no log scale."""
    cells = [Cell(values, {"train": {"steps": 9}}) for values in points]
    made = SweepPlan("c.yaml", [], [], cells, "final_accuracy", "max", **plan)
    ended = [
        Ended(n, f"run{n}", Member(0, "finished", 1.0, None, None, _numbers(score(**values))))
        for n, values in enumerate(points)
    ]
    return importance_of(made, rank(made, ended))


def _numbers(score: float) -> dict[str, float]:
    return {"final_accuracy": score} if math.isfinite(score) else {}


def shares(result: Importance | None) -> dict[tuple[str, ...], float]:
    assert result is not None
    return {one.keys: one.share for one in result.shares}


GRID = [{"a": a, "b": b, "c": c} for a in (0, 1) for b in (0, 1) for c in ("x", "y", "z")]


def test_of_a_sum_each_axis_has_its_own_variance_and_pairs_have_none() -> None:
    got = shares(of(GRID, lambda a, b, c: 4 * a + 2 * b))  # variances 4 and 1
    assert got["a",] == pytest.approx(0.8)
    assert got["b",] == pytest.approx(0.2)
    assert max(got["c",], got["a", "b"], got["a", "c"], got["b", "c"]) < 1e-12


def test_of_an_exclusive_or_all_belongs_to_the_pair() -> None:
    got = of(GRID, lambda a, b, c: a ^ b)
    assert shares(got)["a", "b"] == pytest.approx(1)
    assert got is not None
    assert (got.rest, got.fit, got.lost) == (0, None, 0)


def test_what_takes_three_axes_is_the_rest() -> None:
    grid = [{"a": a, "b": b, "c": c} for a in (0, 1) for b in (0, 1) for c in (0, 1)]
    got = of(grid, lambda a, b, c: a ^ b ^ c)
    assert got is not None
    assert got.rest == pytest.approx(1)


def test_the_shares_of_a_fit_come_near_those_of_the_function_behind_random_draws() -> None:
    rng = random.Random(0)
    points = [{"a": rng.random(), "b": rng.random(), "c": rng.choice("xy")} for _ in range(150)]
    got = of(points, lambda a, b, c: 2 * a + b + a * (c == "x"))
    # by integration: 2a + b + a I(c=x) has the variances below, a x c that of (a - 1/2) (I - 1/2)
    total = 2.5**2 / 12 + 1 / 12 + 1 / 16 + 1 / 48
    assert got is not None
    assert got.fit is not None
    assert got.fit > 0.95
    assert shares(got)["a",] == pytest.approx(2.5**2 / 12 / total, abs=0.05)
    assert shares(got)["b",] == pytest.approx(1 / 12 / total, abs=0.05)
    assert shares(got)["c",] == pytest.approx(1 / 16 / total, abs=0.05)
    assert sum(shares(got).values()) + got.rest == pytest.approx(1, abs=1e-6)


def test_a_lost_cell_counts_as_the_worst_of_the_others() -> None:
    got = of(GRID, lambda a, b, c: math.nan if a == 0 and c == "x" else a)
    assert got is not None
    assert got.lost == 2
    assert shares(got)["a",] == pytest.approx(1)


def test_nothing_is_said_where_nothing_varies_or_cells_had_unequal_steps() -> None:
    assert of(GRID, lambda a, b, c: 1.0) is None
    assert of(GRID[:3], lambda a, b, c: float(a)) is None
    assert of(GRID, lambda a, b, c: float(a), search={"kind": "halving"}) is None


def test_four_cells_are_the_fewest_that_say_anything() -> None:
    points = [{"a": n} for n in range(4)]
    assert of(points[:3], lambda a: a) is None
    assert of(points, lambda a: a) is not None


def test_the_noise_of_the_fit_is_the_one_that_predicts_best() -> None:
    """A smooth score is predicted to 0.97, and with the largest noise to 0.91."""
    rng = random.Random(0)
    points = [{"a": rng.random(), "b": rng.random()} for _ in range(60)]
    result = of(points, lambda a, b: math.sin(3 * a) + b)
    assert result is not None
    assert result.fit is not None
    assert result.fit > 0.95
