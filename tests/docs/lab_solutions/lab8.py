# mypy: ignore-errors
"""Lab 8, solved."""

from typing import Any

from optim import OPTIMIZERS, Optimizer, Settings, State
from optim.elementwise import sqrt
from optim.settings import Fraction, Rate


@OPTIMIZERS.register
class Momentum(Optimizer):
    """gradient descent with a velocity"""

    lr: Rate = 0.1
    momentum: Fraction = 0.9

    @staticmethod
    def rule(x: Any, g: Any, state: State, s: Settings) -> Any:
        state["v"] = s.momentum * state.get("v", 0.0) + g
        return x - s.lr * state["v"]


@OPTIMIZERS.register
class MyAdam(Optimizer):
    """Adam, without weight decay"""

    lr: Rate = 0.001
    beta1: Fraction = 0.9
    beta2: Fraction = 0.999
    eps: Rate = 1e-8

    @staticmethod
    def rule(x: Any, g: Any, state: State, s: Settings) -> Any:
        state["t"] = state.get("t", 0) + 1
        state["m"] = s.beta1 * state.get("m", 0.0) + (1 - s.beta1) * g
        state["v"] = s.beta2 * state.get("v", 0.0) + (1 - s.beta2) * g * g
        m = state["m"] / (1 - s.beta1 ** state["t"])
        v = state["v"] / (1 - s.beta2 ** state["t"])
        return x - s.lr * m / (sqrt(v) + s.eps)
