"""Expectations: met and missed, by how much."""

from minigrad.config import Expectations
from minigrad.expectations import judge


def test_no_expectations_give_no_verdicts() -> None:
    assert judge(Expectations(), 0.7, 0.1) == []


def test_met_expectations_say_the_numbers() -> None:
    verdicts = judge(Expectations(initial_loss=[0.6, 0.8], final_loss_below=0.001), 0.7, 0.0005)
    assert all(verdict.met for verdict in verdicts)
    assert [verdict.sentence for verdict in verdicts] == [
        "initial loss 0.7 within [0.6, 0.8]",
        "final loss 0.0005 below 0.001",
    ]


def test_missed_expectations_say_by_how_much() -> None:
    verdicts = judge(Expectations(initial_loss=[0.6, 0.8], final_loss_below=0.001), 0.9, 0.0015)
    assert not any(verdict.met for verdict in verdicts)
    assert [verdict.sentence for verdict in verdicts] == [
        "initial loss 0.9 lies 0.1 above [0.6, 0.8]",
        "final loss 0.0015 misses 0.001 by 0.0005",
    ]
    (below,) = judge(Expectations(initial_loss=[0.6, 0.8]), 0.5, 0.1)
    assert below.sentence == "initial loss 0.5 lies 0.1 below [0.6, 0.8]"


def test_the_bound_itself_is_not_below_it() -> None:
    (verdict,) = judge(Expectations(final_loss_below=0.001), 0.7, 0.001)
    assert not verdict.met
