# mypy: ignore-errors
"""Lab 8, solved."""

from typing import Any

from optim import OPTIMIZERS, Optimizer
from optim.elementwise import sqrt
from optim.settings import Fraction, Rate


@OPTIMIZERS.register
class Momentum(Optimizer):
    """gradient descent with a velocity"""

    def __init__(self, parameters: Any, lr: Rate = 0.1, momentum: Fraction = 0.9) -> None:
        super().__init__(parameters, lr=lr, momentum=momentum)

    @staticmethod
    def rule(x, g, state, *, lr, momentum):
        state["v"] = momentum * state.get("v", 0.0) + g
        return x - lr * state["v"]


@OPTIMIZERS.register
class MyAdam(Optimizer):
    """Adam, without weight decay"""

    def __init__(
        self,
        parameters: Any,
        lr: Rate = 0.001,
        beta1: Fraction = 0.9,
        beta2: Fraction = 0.999,
        eps: Rate = 1e-8,
    ) -> None:
        super().__init__(parameters, lr=lr, beta1=beta1, beta2=beta2, eps=eps)

    @staticmethod
    def rule(x, g, state, *, lr, beta1, beta2, eps):
        state["t"] = state.get("t", 0) + 1
        state["m"] = beta1 * state.get("m", 0.0) + (1 - beta1) * g
        state["v"] = beta2 * state.get("v", 0.0) + (1 - beta2) * g * g
        m = state["m"] / (1 - beta1 ** state["t"])
        v = state["v"] / (1 - beta2 ** state["t"])
        return x - lr * m / (sqrt(v) + eps)
