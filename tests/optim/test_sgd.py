"""SGD: its update rule term by term, and the settings it refuses."""

import math
from dataclasses import dataclass

import pytest

from optim import OPTIMIZERS, SGD


@dataclass
class Parameter:
    data: float
    grad: float = 0.0


def trajectory(steps: int, **settings: float) -> list[float]:
    """Positions on the parabola x^2 from 1.0."""
    x = Parameter(1.0)
    optimizer = SGD([x], **settings)  # type: ignore[arg-type]
    positions = []
    for _ in range(steps):
        x.grad = 2 * x.data
        optimizer.step()
        positions.append(x.data)
    return positions


def test_plain_descent_steps_against_the_gradient() -> None:
    assert trajectory(2, lr=0.1) == [1 - 0.1 * 2.0, 0.8 - 0.1 * 1.6]


def test_momentum_starts_with_the_gradient_and_adds_the_past() -> None:
    first = 1 - 0.1 * 2.0
    velocity = 0.9 * 2.0 + 2 * first
    assert trajectory(2, lr=0.1, momentum=0.9) == [first, first - 0.1 * velocity]


def test_dampening_shrinks_every_gradient_after_the_first() -> None:
    first = 1 - 0.1 * 2.0
    velocity = 0.9 * 2.0 + (1 - 0.5) * (2 * first)
    assert trajectory(2, lr=0.1, momentum=0.9, dampening=0.5)[1] == first - 0.1 * velocity


def test_nesterov_looks_ahead() -> None:
    assert trajectory(1, lr=0.1, momentum=0.9, nesterov=True) == [1 - 0.1 * (2.0 + 0.9 * 2.0)]


def test_weight_decay_pulls_towards_0() -> None:
    assert trajectory(1, lr=0.1, weight_decay=0.5) == [1 - 0.1 * (2.0 + 0.5 * 1.0)]


def test_zero_grad_clears_all() -> None:
    parameters = [Parameter(1.0, 2.0), Parameter(1.0, 3.0)]
    SGD(parameters, lr=0.1).zero_grad()
    assert [p.grad for p in parameters] == [0.0, 0.0]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"lr": -0.1}, "lr must be a number in (0, inf), found -0.1"),
        ({"lr": math.nan}, "lr must be a number in (0, inf), found nan"),
        ({"lr": math.inf}, "lr must be a number in (0, inf), found inf"),
        ({"lr": "0.1"}, "lr must be a number in (0, inf), found '0.1'"),
        ({"lr": True}, "lr must be a number in (0, inf), found True"),
        ({"momentum": 1.5}, "momentum must be a number in [0, 1), found 1.5"),
        ({"momentum": 1}, "momentum must be a number in [0, 1), found 1"),
        ({"weight_decay": -1}, "weight_decay must be a number in [0, inf), found -1"),
        ({"nesterov": True}, "nesterov needs a momentum above 0"),
        ({"nesterov": True, "momentum": 0.9, "dampening": 0.1}, "a dampening of 0"),
    ],
)
def test_bad_settings_are_refused_by_name_range_and_value(
    settings: dict[str, float], message: str
) -> None:
    with pytest.raises(ValueError) as caught:
        SGD([Parameter(1.0)], **settings)  # type: ignore[arg-type]
    assert message in str(caught.value)


def test_no_parameters_are_refused() -> None:
    with pytest.raises(ValueError, match="no parameters"):
        SGD([], lr=0.1)


def test_an_unknown_optimizer_is_answered_with_the_nearest_name() -> None:
    with pytest.raises(ValueError, match="did you mean 'sgd'"):
        OPTIMIZERS["sdg"]
