"""Calls of the machine are as long as an interrupt may wait, however fast steps are."""

import itertools

import pytest

from minigrad.native.pace import Pace


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def lengths(seconds_a_step: float, calls: int, fixed: float = 0.0) -> list[int]:
    clock = Clock()
    pace = Pace(seconds=0.1, clock=clock, has_fixed_cost=fixed > 0)
    steps = []
    for _ in range(calls):
        pace.start()
        steps.append(pace.steps)
        clock.now += fixed + pace.steps * seconds_a_step
        pace.stop()
    return steps


@pytest.mark.parametrize("step", [1e-7, 2e-6, 1e-3, 0.03])
def test_calls_grow_until_they_last_as_long_as_asked(step: float) -> None:
    steps = lengths(step, 12)
    assert steps[0] == 1
    assert steps[-1] * step == pytest.approx(0.1, rel=0.11)
    assert all(after <= 8 * before for before, after in itertools.pairwise(steps))


def test_slow_steps_are_taken_one_by_one() -> None:
    assert lengths(0.5, 3) == [1, 1, 1]


def test_a_clock_that_stands_still_is_no_error() -> None:
    assert lengths(0.0, 3) == [1, 8, 64]


def test_a_call_s_fixed_cost_is_told_apart_from_its_steps() -> None:
    assert lengths(0.004, 12, fixed=0.04)[-1] * 0.004 + 0.04 == pytest.approx(0.1, rel=0.05)


def test_a_fixed_cost_never_makes_a_call_longer_than_asked() -> None:
    assert all(0.09 + 0.02 * steps < 0.15 for steps in lengths(0.02, 20, fixed=0.09))


def test_calls_that_others_make_short_do_not_let_it_grow() -> None:
    clock = Clock()
    pace = Pace(seconds=0.1, clock=clock)
    for _ in range(1000):  # as where every step is validated
        pace.start()
        clock.now += 1e-6
        pace.stop(1)
    assert pace.steps == 8
