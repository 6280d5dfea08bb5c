"""Plateau: when it counts, when it falls, and its state."""

import json
import math
from typing import Any

import pytest

from optim.plateau import Plateau


def rates(schedule: Plateau, losses: list[float], lr: float = 1.0) -> list[float]:
    """The rate of the first step, and after each loss."""
    answers = [schedule(0, lr)]
    for step, loss in enumerate(losses):
        schedule.observe(loss)
        answers.append(schedule(step + 1, lr))
    return answers


def test_it_falls_after_more_than_patience_bad_steps_in_a_row() -> None:
    schedule = Plateau(factor=0.5, patience=2)
    assert rates(schedule, [3, 3, 3, 2, 2, 2, 2, 2]) == [1, 1, 1, 1, 1, 1, 1, 0.5, 0.5]


def test_a_relative_threshold() -> None:
    assert rates(Plateau(factor=0.5, patience=0, threshold=0.1), [10, 8.9]) == [1, 1, 1]
    assert rates(Plateau(factor=0.5, patience=0, threshold=0.1), [10, 9]) == [1, 1, 0.5]


def test_an_absolute_threshold() -> None:
    settings: dict[str, Any] = {"factor": 0.5, "patience": 0, "threshold_mode": "abs"}
    assert rates(Plateau(**settings, threshold=2.0), [10, 7.9]) == [1, 1, 1]
    assert rates(Plateau(**settings, threshold=2.0), [10, 8.0]) == [1, 1, 0.5]


def test_a_cooldown_does_not_count() -> None:
    schedule = Plateau(factor=0.5, patience=0, cooldown=2)
    assert rates(schedule, [1, 1, 1, 1, 1, 1]) == [1, 1, 0.5, 0.5, 0.5, 0.25, 0.25]


def test_it_ends_at_min_lr_and_never_rises_to_it() -> None:
    schedule = Plateau(factor=0.1, patience=0, min_lr=0.05)
    assert rates(schedule, [1] * 4) == pytest.approx([1, 1, 0.1, 0.05, 0.05])
    assert schedule(0, 0.01) == 0.01


def test_a_fall_of_less_than_eps_is_left_out() -> None:
    schedule = Plateau(factor=0.5, patience=0, eps=0.2)
    assert rates(schedule, [1] * 5) == [1, 1, 0.5, 0.25, 0.25, 0.25]


def test_a_fall_of_eps_is_left_out_too_as_in_torch() -> None:
    schedule = Plateau(factor=0.5, patience=0, eps=0.25)
    assert rates(schedule, [1] * 4) == [1, 1, 0.5, 0.5, 0.5]


def test_many_reductions_cost_nothing() -> None:
    schedule = Plateau(factor=0.5, patience=0)
    schedule.reductions = 10**15
    assert 0 < schedule(0, 1.0) < 3e-8


@pytest.mark.parametrize("loss", [math.nan, math.inf])
def test_a_loss_that_is_no_number_is_bad(loss: float) -> None:
    assert rates(Plateau(factor=0.5, patience=0), [loss, 1, loss]) == [1, 0.5, 0.5, 0.25]


def test_it_goes_on_from_its_state() -> None:
    losses = [5, 4, 4, 4, 3.9, 4, 4, 4, 4, 1, 2, 2, 2, 2, 2.0]
    settings: dict[str, Any] = {"factor": 0.7, "patience": 1, "cooldown": 1}
    expected = rates(Plateau(**settings), losses)
    for cut in range(len(losses)):
        first, second = Plateau(**settings), Plateau(**settings)
        before = rates(first, losses[:cut])
        second.load_state_dict(json.loads(json.dumps(first.state_dict(), allow_nan=False)))
        assert before[:-1] + rates(second, losses[cut:]) == expected


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"factor": 0.5}, "found best, bad_steps, cooldown_left, reductions, factor"),
        ({"best": math.nan}, "best must be a number in [-inf, inf], found nan"),
        ({"best": "1"}, "best must be a number in [-inf, inf], found '1'"),
        ({"bad_steps": -1}, "bad_steps must be a whole number in [0, inf), found -1"),
        ({"cooldown_left": 1.0}, "cooldown_left must be a whole number in [0, inf), found 1.0"),
        ({"reductions": True}, "reductions must be a whole number in [0, inf), found True"),
    ],
)
def test_a_state_that_is_none_is_refused_and_nothing_changed(
    change: dict[str, Any], message: str
) -> None:
    schedule = Plateau()
    rates(schedule, [3, 3, 3])
    before = schedule.state_dict()
    with pytest.raises(ValueError) as caught:
        schedule.load_state_dict({**before, "best": 1.0, **change})
    assert message in str(caught.value)
    assert schedule.state_dict() == before


def test_a_state_that_lacks_something_is_refused() -> None:
    with pytest.raises(ValueError, match="must have best, bad_steps, cooldown_left, reductions,"):
        Plateau().load_state_dict({"best": 1.0})


@pytest.mark.parametrize("cooldown", [0, 3])
@pytest.mark.parametrize("patience", [0, 1, 4])
def test_steady_steps_have_one_rate_and_the_next_may_have_another(
    patience: int, cooldown: int
) -> None:
    schedule = Plateau(factor=0.5, patience=patience, cooldown=cooldown, eps=0.0)
    schedule.observe(1.0)
    for step in range(60):  # a loss that is better now and then, and long flat stretches
        ahead = Plateau(factor=0.5, patience=patience, cooldown=cooldown, eps=0.0)
        ahead.load_state_dict(schedule.state_dict())
        answers = rates(ahead, [9.0] * schedule.steady_steps())
        assert len(set(answers[:-1])) == 1
        assert answers[-1] < answers[-2]
        schedule.observe(0.9**step if step % 7 == 0 and step < 30 else 5.0)


def test_a_plateau_with_a_rule_of_its_own_is_asked_at_every_step() -> None:
    class Warm(Plateau):
        def __call__(self, step: int, lr: float) -> float:
            return super().__call__(step, lr) * min(1.0, (step + 1) / 10)

    assert Plateau(patience=5).steady_steps() > 1
    assert Warm(patience=5).steady_steps() == 1
