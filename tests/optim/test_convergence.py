"""Every optimizer finds the lowest point of a parabola and of Rosenbrock's valley."""

from collections.abc import Callable
from typing import Any

import pytest

from optim import OPTIMIZERS
from optim.schedules import cosine
from tests.optim.parameters import Parameter

SETTINGS: dict[str, dict[str, Any]] = {
    "sgd": {"lr": 1e-3, "momentum": 0.9},
    "adam": {"lr": 0.03},
    "adamw": {"lr": 0.03, "weight_decay": 1e-4},
    "rmsprop": {"lr": 0.01},
    "adagrad": {"lr": 1.0},
    "adadelta": {"lr": 1.0},
    "adamax": {"lr": 0.1},
    "nadam": {"lr": 0.03},
    "radam": {"lr": 0.01, "betas": [0.9, 0.99]},
}
STEPS = 6000


def parabola(x: float, y: float) -> tuple[float, float]:
    """The slopes of (x - 3)^2 / 2 + 5 (y + 1)^2."""
    return x - 3, 10 * (y + 1)


def rosenbrock(x: float, y: float) -> tuple[float, float]:
    """The slopes of (1 - x)^2 + 100 (y - x^2)^2: a curved valley that falls slowly to (1, 1)."""
    return 2 * (x - 1) - 400 * x * (y - x * x), 200 * (y - x * x)


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize(
    ("slopes", "lowest", "near"),
    [(parabola, (3.0, -1.0), 1e-4), (rosenbrock, (1.0, 1.0), 0.05)],
)
def test_it_is_found(
    name: str,
    slopes: Callable[[float, float], tuple[float, float]],
    lowest: tuple[float, float],
    near: float,
) -> None:
    point = [Parameter(-1.0), Parameter(1.0)]
    optimizer = OPTIMIZERS[name](point, **SETTINGS[name])
    schedule = cosine(T_max=STEPS)
    for step in range(STEPS):
        x, y = point
        x.grad, y.grad = slopes(x.data, y.data)
        optimizer.set_lr(schedule, step)
        optimizer.step()
    assert [coordinate.data for coordinate in point] == pytest.approx(lowest, abs=near)
