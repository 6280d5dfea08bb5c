"""Every rule: the same bits on floats and on arrays, and no array kept or changed."""

import json
import random
from typing import Any

import numpy as np
import pytest

from optim import OPTIMIZERS
from optim.optimizer import Optimizer
from tests.optim.make_torch_trajectories import OPTIMIZERS as CHOICES
from tests.optim.parameters import Parameter

SIZE = 24
STEPS = 50
RULES = [(name, settings) for name, choices in CHOICES.items() for settings in choices]


def case(rule: Any) -> str:
    return f"{rule}" if isinstance(rule, str) else json.dumps(rule)


def gradients(rng: random.Random) -> list[float]:
    """Of every size, zeros among them; the first is always 0."""
    scales = [0.0, 1e-320, 1e-200, 1e-20, 1e-8, 1e-3, 1.0, 1e3]
    return [0.0, *(rng.choice(scales) * rng.gauss(0, 1) for _ in range(SIZE - 1))]


def bits(numbers: Any) -> list[str]:
    return [float(number).hex() for number in numbers]


@pytest.mark.parametrize(("name", "settings"), RULES, ids=case)
def test_floats_and_arrays_get_the_same_bits(name: str, settings: dict[str, Any]) -> None:
    rng = random.Random(name)
    starts = [rng.gauss(0, 1) for _ in range(SIZE)]
    numbers = [Parameter(start) for start in starts]
    array = Parameter(np.array(starts).reshape(4, -1))
    one_by_one = OPTIMIZERS[name](numbers, **settings)
    at_once = OPTIMIZERS[name]([array], **settings)
    for _ in range(STEPS):
        slopes = gradients(rng)
        for number, slope in zip(numbers, slopes, strict=True):
            number.grad = slope
        array.grad = np.array(slopes).reshape(4, -1)
        one_by_one.step()
        with np.errstate(invalid="ignore", divide="ignore"):  # eps 0 and a gradient of 0
            at_once.step()

        assert bits(number.data for number in numbers) == bits(array.data.ravel())
        assert_same_states(one_by_one, at_once)
    assert np.isfinite(array.data).all() or settings["eps"] == 0


def assert_same_states(one_by_one: Optimizer, at_once: Optimizer) -> None:
    states = one_by_one.groups[0].states
    for key, entry in at_once.groups[0].states[0].items():
        assert bits(state[key] for state in states) == bits(np.broadcast_to(entry, (4, 6)).ravel())


@pytest.mark.parametrize(("name", "settings"), RULES, ids=case)
def test_the_callers_arrays_stay_the_callers(name: str, settings: dict[str, Any]) -> None:
    rng = random.Random(0)
    reused = np.empty(SIZE)  # one array for the gradient of every step, as an engine may have it
    subject, fresh = (Parameter(np.ones(SIZE)) for _ in range(2))
    optimizers = [OPTIMIZERS[name]([p], **settings) for p in (subject, fresh)]
    for _ in range(3):
        slopes = np.array([rng.gauss(0, 1) for _ in range(SIZE)])
        reused[:] = slopes
        subject.grad, fresh.grad = reused, slopes.copy()
        before = subject.data, subject.data.copy()
        for optimizer in optimizers:
            optimizer.step()

        assert subject.data is not before[0]
        assert bits(before[0]) == bits(before[1])
        assert bits(reused) == bits(slopes)
        assert bits(subject.data) == bits(fresh.data)
        reused[:] = 1e9


def test_every_optimizer_is_here() -> None:
    assert set(CHOICES) == set(OPTIMIZERS)
