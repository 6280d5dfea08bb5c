"""Cells in order, and what their members say."""

import math
import random
from dataclasses import replace

import pytest

from minigrad.config import ConfigError
from minigrad.sweep.cells import Cell
from minigrad.sweep.member import Member
from minigrad.sweep.plan import SweepPlan
from minigrad.sweep.ranking import rank, ranked_by, scores
from minigrad.sweep.store import Ended


def ended(cell: int, seed: int, loss: float | None, met: bool | None = None) -> Ended:
    if loss is None:
        return Ended(cell, f"run{seed}", Member(seed, "diverged", None, met, "it broke"))
    return Ended(cell, f"run{seed}", Member(seed, "finished", loss, met, None))


CELLS = [Cell({"lr": rate}, {}) for rate in (0.1, 0.2, 0.3, 0.4)]
PLAN = SweepPlan("c.yaml", [], [], CELLS)


def test_the_lowest_median_is_first_and_ties_go_by_the_upper_quartile() -> None:
    losses = {0: [3.0, 3.0, 9.0], 1: [1.0, 2.0, 50.0], 2: [3.0, 3.0, 4.0]}
    members = [ended(c, seed, loss) for c, some in losses.items() for seed, loss in enumerate(some)]
    random.Random(0).shuffle(members)
    ranked = rank(PLAN, members)
    assert [(one.rank, one.cell, one.median) for one in ranked] == [(1, 1, 2), (2, 2, 3), (3, 0, 3)]
    assert ranked[0].values == {"lr": 0.2}


def test_where_more_is_better_ties_go_by_the_lower_quartile() -> None:
    plan = replace(PLAN, metric="val_accuracy", mode="max")
    shares = {0: [0.1, 0.5, 0.9], 1: [0.4, 0.5, 0.6], 2: [0.2, 0.5, 0.8]}
    members = [
        Ended(c, "run", Member(seed, "finished", 1.0, None, None, {"val_accuracy": share}))
        for c, some in shares.items()
        for seed, share in enumerate(some)
    ]
    assert [one.cell for one in rank(plan, members)] == [1, 2, 0]


def test_less_is_better_among_scores_whatever_the_mode() -> None:
    members = [measured(0, 1.0, val_accuracy=0.9), measured(1, 1.0, val_accuracy=0.4)]
    plan = replace(PLAN, metric="val_accuracy", mode="max")
    assert scores(plan, members) == {0: -0.9, 1: -0.4}
    assert scores(replace(plan, mode="min"), members) == {0: 0.9, 1: 0.4}


def test_quartiles_are_in_order_where_more_is_better_and_a_member_is_lost() -> None:
    plan = replace(PLAN, metric="val_accuracy", mode="max")
    members = [measured(0, 1.0, val_accuracy=share) for share in (0.2, 0.6, 0.8, 0.9)]
    (only,) = rank(plan, [*members, ended(0, 9, None)])
    assert (only.q1, only.median, only.q3) == (0.2, 0.6, 0.8)
    (only,) = rank(plan, [*members, ended(0, 8, None), ended(0, 9, None)])
    assert only.q1 == -math.inf
    assert only.q3 == pytest.approx(0.75)


def test_the_reason_told_is_that_of_the_lowest_seed_and_a_run_of_many_is_named_once() -> None:
    members = [
        Ended(0, "one", Member(seed, "failed", None, None, f"fault {seed}")) for seed in (2, 0, 1)
    ]
    (only,) = rank(PLAN, members)
    assert (only.why, only.runs) == ("seed 0: fault 0", ["one"])


def test_who_diverged_counts_as_infinite_and_the_first_reason_is_told() -> None:
    members = [ended(0, seed, loss, met=loss is not None) for seed, loss in enumerate([None, 1, 2])]
    members += [ended(1, seed, loss, met=False) for seed, loss in enumerate([5, None, None, None])]
    first, second = rank(PLAN, members)
    assert (first.median, first.q1, first.q3) == (2, 1.5, math.inf)
    assert (first.diverged, first.members, first.why) == (1, 3, "seed 0: it broke")
    assert first.met == pytest.approx(2 / 3)
    assert (second.median, second.q1, second.q3, second.met) == (math.inf, math.inf, math.inf, 0.0)
    assert second.runs == ["run0", "run1", "run2", "run3"]


def test_without_expectations_nothing_is_met_and_nothing_missed() -> None:
    (only,) = rank(PLAN, [ended(2, 0, 1.0)])
    assert (only.met, only.why, only.cell) == (None, None, 2)
    assert rank(PLAN, []) == []


def measured(cell: int, loss: float, **numbers: float) -> Ended:
    return Ended(cell, "run", Member(0, "finished", loss, None, None, numbers))


def test_validation_ranks_and_the_final_loss_and_the_test_stand_beside_it() -> None:
    plan = replace(PLAN, metric="val_loss")
    worse = measured(0, 0.048, val_loss=4.87, test_loss=0.1)
    better = measured(1, 0.9, val_loss=0.95, test_loss=9.0)
    first, second = rank(plan, [worse, better, ended(2, 0, None)])[:2]
    assert (first.cell, first.median, second.cell) == (1, 0.95, 0)
    assert first.others == {"final_loss": 0.9, "test_loss": 9.0}


def test_more_is_better_where_the_mode_is_max_and_who_diverged_is_last() -> None:
    plan = replace(PLAN, metric="val_accuracy", mode="max")
    members = [measured(0, 1.0, val_accuracy=0.7), measured(1, 1.0, val_accuracy=0.9)]
    ranked = rank(plan, [ended(2, 0, None), *members])
    assert [one.cell for one in ranked] == [1, 0, 2]
    assert ranked[2].median == -math.inf


def held_out(share: float) -> SweepPlan:
    return replace(PLAN, cells=[Cell({"lr": 0.1}, {"data": {"val_fraction": share}})])


def test_the_metric_is_the_validation_loss_where_rows_are_held_out() -> None:
    assert ranked_by(held_out(0.2), None, None).metric == "val_loss"
    assert ranked_by(held_out(0.0), None, None).metric == "final_loss"
    assert ranked_by(held_out(0.2), "val_accuracy", None).mode == "max"
    assert ranked_by(held_out(0.2), "val_accuracy", "min").mode == "min"


@pytest.mark.parametrize(
    ("share", "metric", "sentence"),
    [
        (0.2, "test_loss", "test figures never rank"),
        (0.0, "val_loss", "no rows are held out: add data.val_fraction"),
        (0.2, "fnal_loss", "no such metric: did you mean 'final_loss'"),
    ],
)
def test_what_cannot_rank_is_refused(share: float, metric: str, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        ranked_by(held_out(share), metric, None)
