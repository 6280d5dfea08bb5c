"""Expectations: met and missed, by how much."""

import json
import math
from dataclasses import asdict

import numpy as np
import pytest

from minigrad.config.models import Expectations
from minigrad.runner.expectations import judge, judge_seeds, met_by
from minigrad.training.seed_table import SeedTable

BOTH = Expectations(initial_loss=[0.6, 0.8], final_loss_below=0.01)
NAN = math.nan


def table(initial: list[float], final: list[float]) -> SeedTable:
    """Of seeds 10, 11, ...; one without a final loss has diverged at step 3."""
    unknown = np.full(len(initial), NAN)
    return SeedTable(
        seeds=np.arange(len(initial)) + 10,
        steps=np.array([], dtype=np.int64),
        loss=np.empty((0, len(initial))),
        initial_loss=np.array(initial),
        final_loss=np.array(final),
        final_accuracy=unknown,
        val_loss=unknown,
        val_accuracy=unknown,
        diverged_at=np.where(np.isnan(final), 3, -1),
    )


def sentences(initial: list[float], final: list[float]) -> list[str]:
    return [verdict.sentence for verdict in judge_seeds(BOTH, table(initial, final))]


def test_no_expectations_give_no_verdicts() -> None:
    assert judge(Expectations(), 0.7, 0.1) == []


def test_met_expectations_say_the_numbers() -> None:
    verdicts = judge(Expectations(initial_loss=[0.6, 0.8], final_loss_below=0.001), 0.7, 0.0005)
    assert all(verdict.met for verdict in verdicts)
    assert [verdict.sentence for verdict in verdicts] == [
        "initial loss 0.7 within [0.6, 0.8]",
        "final loss 0.0005 below 0.001",
    ]


@pytest.mark.parametrize(
    ("initial", "final", "met"),
    [
        (0.6, 0.0, [True, True]),
        (0.8, 0.0, [True, True]),
        (math.nextafter(0.6, 0), 0.0, [False, True]),
        (math.nextafter(0.8, 1), 0.0, [False, True]),
        (0.7, 0.01, [True, False]),
        (0.7, math.nextafter(0.01, 0), [True, True]),
    ],
)
def test_the_ends_of_the_interval_belong_to_it_and_below_is_below(
    initial: float, final: float, met: list[bool]
) -> None:
    assert [verdict.met for verdict in judge(BOTH, initial, final)] == met
    of_seeds = judge_seeds(BOTH, table([initial, 0.7], [final, 0.0]))
    assert [verdict.met for verdict in of_seeds] == met
    assert met_by(BOTH, table([initial, 0.7], [final, 0.0])) == 1 + all(met)


def test_missed_expectations_say_by_how_much() -> None:
    verdicts = judge(Expectations(initial_loss=[0.6, 0.8], final_loss_below=0.001), 0.9, 0.0015)
    assert not any(verdict.met for verdict in verdicts)
    assert [verdict.sentence for verdict in verdicts] == [
        "initial loss 0.9 lies 0.1 above [0.6, 0.8]",
        "final loss 0.0015 is not below 0.001",
    ]
    (below,) = judge(Expectations(initial_loss=[0.6, 0.8]), 0.5, 0.1)
    assert below.sentence == "initial loss 0.5 lies 0.1 below [0.6, 0.8]"


def test_the_bound_itself_is_not_below_it() -> None:
    (verdict,) = judge(Expectations(final_loss_below=0.001), 0.7, 0.001)
    assert not verdict.met


# Over many seeds.


def test_a_promise_is_met_if_every_seed_meets_it() -> None:
    found = judge_seeds(BOTH, table([0.7, 0.65, 0.79], [0.002, 0.009, 0.001]))
    assert all(verdict.met for verdict in found)
    assert [(verdict.name, verdict.expected, verdict.found) for verdict in found] == [
        ("initial_loss", [0.6, 0.8], 0.79),  # the one closest to a bound
        ("final_loss_below", 0.01, 0.009),
    ]
    assert [verdict.sentence for verdict in found] == [
        "initial loss within [0.6, 0.8] in 3 of 3 seeds, worst 0.79 (seed 12)",
        "final loss below 0.01 in 3 of 3 seeds, worst 0.009 (seed 11)",
    ]


def test_a_promise_that_some_seeds_miss_is_missed_and_names_the_worst() -> None:
    initial, final = judge_seeds(BOTH, table([0.5, 0.7, 0.85], [0.01, 0.001, 0.002]))
    assert not initial.met
    assert not final.met
    assert initial.sentence == (
        "initial loss within [0.6, 0.8] in 1 of 3 seeds, worst 0.5 (seed 10)"
    )
    assert final.sentence == "final loss below 0.01 in 2 of 3 seeds, worst 0.01 (seed 10)"


def test_a_seed_that_diverged_is_the_worst_wherever_it_stands() -> None:
    for order in ([0, 1, 2], [1, 0, 2], [1, 2, 0]):
        finals = [[NAN, 5.0, 0.001][index] for index in order]
        _, final = sentences([0.7] * 3, finals)
        seed = 10 + order.index(0)
        assert final == f"final loss below 0.01 in 1 of 3 seeds, worst inf (seed {seed})"
        initial, _ = sentences([[NAN, 0.1, 0.7][index] for index in order], [NAN] * 3)
        told = f"in 1 of 3 seeds, worst inf (seed {seed})"
        assert initial == f"initial loss within [0.6, 0.8] {told}"


def test_verdicts_over_seeds_that_diverged_can_be_written_as_json() -> None:
    found = judge_seeds(BOTH, table([NAN, 0.7], [NAN, NAN]))
    text = json.dumps([asdict(verdict) for verdict in found], allow_nan=False)
    assert [verdict["found"] for verdict in json.loads(text)] == [None, None]


def test_no_expectations_give_no_verdicts_over_seeds() -> None:
    assert judge_seeds(Expectations(), table([0.7, NAN], [0.1, NAN])) == []


def test_the_count_is_of_seeds_that_meet_every_promise() -> None:
    many = table([0.7, 0.5, 0.7, 0.5, NAN], [0.001, 0.001, 0.5, 0.5, NAN])
    assert met_by(BOTH, many) == 1
    assert met_by(Expectations(final_loss_below=0.01), many) == 2
    assert met_by(Expectations(initial_loss=[0.6, 0.8]), many) == 2


def test_a_seed_that_diverged_meets_nothing() -> None:
    lost = table([0.7, 0.7], [NAN, 0.001])
    assert met_by(Expectations(initial_loss=[0.6, 0.8]), lost) == 1


def test_many_seeds_are_counted_in_thousands() -> None:
    (verdict,) = judge_seeds(
        Expectations(final_loss_below=0.01), table([0.7] * 1200, [0.001] * 1199 + [0.5])
    )
    assert verdict.sentence == (
        "final loss below 0.01 in 1,199 of 1,200 seeds, worst 0.5 (seed 1209)"
    )
