"""RMSprop: the variance that rounding makes negative."""

import numpy as np

from optim import RMSprop
from tests.optim.parameters import Parameter


def test_a_centered_variance_is_never_below_0() -> None:
    number, array = Parameter(1.0), Parameter(np.array([1.0]))
    optimizers = [RMSprop([p], alpha=0.5, eps=0.1, centered=True) for p in (number, array)]
    variances = []
    for _ in range(200):
        number.grad, array.grad = 0.7, np.array([0.7])
        for optimizer in optimizers:
            optimizer.step()
        state = optimizers[0].groups[0].states[0]
        variances.append(state["v"] - state["m"] * state["m"])
        assert number.data == array.data[0]
    assert min(variances) < 0  # else this tests nothing
