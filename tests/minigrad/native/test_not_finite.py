"""A step that has no finite answer is not taken: the machine stops before it and says where."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from minigrad import Value
from minigrad.lift.kernels import Array
from minigrad.native.machine import Machine, Steps, Update, stacked
from minigrad.native.rules import RULES
from tests.minigrad.native.running import MACHINES, arrays, lifted

LOSSES: dict[str, Callable[[Value, Value], Value]] = {
    "exp beyond the largest float, inverted": lambda a, x: 1.0 / (a * x - 195.0).exp(),
    "log of 0": lambda a, x: (a * x - 800.0).log(),
    "log of a negative number, squared": lambda a, x: ((a * x - 900.0).log()) ** 2,
    "sqrt of a negative number": lambda a, x: (a * x - 900.0).sqrt(),
    "division by 0": lambda a, x: a / (a * x - 800.0),
    "a whole power of 0 below 0": lambda a, x: (a * x - 800.0) ** -1,
    "a power of a negative base": lambda a, x: (a * x - 900.0) ** 0.5,
    "a slope that is infinite": lambda a, x: (a * x - 800.0).sqrt(),
    "a sum that overflows": lambda a, x: a * x * 1e308 + a * x * 1e308,
}


@pytest.mark.parametrize("name", sorted(LOSSES))
@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("replicas", [1, 5])
def test_a_batch_without_an_answer_is_not_finite(name: str, machine: str, replicas: int) -> None:
    a = Value(1.0)
    program = lifted(lambda x: LOSSES[name](a, x), [[901.0]], [a]).program
    inputs = stacked(arrays([[901.0, 906.0, 800.0, 903.0] * 5]))
    result = Machine(program, name=machine).gradient(np.ones((replicas, 1)), inputs)
    assert not result.finite.any()
    harmless = stacked(arrays([[901.0, 902.0, 903.0] * 5]))
    good = Machine(program, name=machine).gradient(np.full((replicas, 1), 0.999), harmless)
    assert good.finite.all() == (name != "a sum that overflows")


def test_finite_numbers_beside_infinite_ones_are_no_trouble() -> None:
    a = Value(1.0)
    program = lifted(lambda x: (a * x).tanh() + (a * x).softplus() * 0.0, [[1.0]], [a]).program
    result = Machine(program).gradient(np.ones((1, 1)), stacked(arrays([[1e300, -1e300, 0.0]])))
    assert result.finite.all()


def diverging(rates: Sequence[float], machine: str) -> tuple[Array, Update, Steps]:
    """Replicas of loss exp(a x), each at a rate of its own: a large one overflows soon."""
    a = Value(1.0)
    program = lifted(lambda x: (a * x).exp(), [[1.0]], [a]).program
    parameters = np.full((len(rates), 1), 2.0)
    rule = RULES["SGD"]
    settings = {"weight_decay": 0.0, "momentum": 0.5, "dampening": 0.0, "nesterov": False}
    update = Update(rule, rule.settings(settings), np.zeros((1, *parameters.shape)))
    steps = Machine(program, name=machine).train(
        parameters, stacked(arrays([[1.0, -1.0, 0.5]])), update, np.tile(rates, (40, 1))
    )
    return parameters, update, steps


@pytest.mark.parametrize("machine", MACHINES)
def test_the_state_is_that_before_the_step_that_broke(machine: str) -> None:
    parameters, update, steps = diverging([1000.0], machine)
    (done,) = steps.done
    assert 0 < done < 40
    assert update.t == done
    assert np.isfinite(parameters).all()
    assert np.isfinite(update.states).all()
    assert np.isfinite(steps.losses[:done]).all()
    assert np.isnan(steps.losses[done + 1 :]).all()
    assert abs(parameters[0, 0]) > 709.0  # which no exp can take


@pytest.mark.parametrize("machine", MACHINES)
def test_replicas_that_break_stop_alone(machine: str) -> None:
    rates = [0.01 if n % 3 else 100.0 * (n + 1) for n in range(13)]
    parameters, update, steps = diverging(rates, machine)
    assert (steps.done == 40).sum() == 8
    for index, rate in enumerate(rates):
        alone = diverging([rate], machine)
        assert alone[2].done[0] == steps.done[index]
        assert alone[0][0] == parameters[index]
        assert alone[1].states[:, 0] == update.states[:, index]
        assert np.array_equal(alone[2].losses[:, 0], steps.losses[:, index], equal_nan=True)


@pytest.mark.parametrize("scale", [1e-200, 1e-310, 1e160, 1e300])
def test_the_norm_of_tiny_and_huge_gradients_neither_vanishes_nor_overflows(scale: float) -> None:
    a, b = Value(1.0), Value(1.0)
    program = lifted(lambda x: a * x + b * x, [[scale]], [a, b]).program
    rule = RULES["SGD"]
    settings = {"weight_decay": 0.0, "momentum": 0.0, "dampening": 0.0, "nesterov": False}
    for replicas in (1, 9):
        update = Update(rule, rule.settings(settings), np.zeros((1, replicas, 2)))
        steps = Machine(program).train(
            np.zeros((replicas, 2)), stacked(arrays([[scale]])), update, np.zeros((1, 1))
        )
        assert steps.norms == pytest.approx(np.full((1, replicas), scale * 2**0.5), rel=1e-6)
