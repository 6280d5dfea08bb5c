"""Adagrad."""

from typing import Any

from optim.elementwise import descend, divide, sqrt
from optim.groups import Settings, State
from optim.optimizer import OPTIMIZERS, Optimizer
from optim.settings import NonNegative, Penalty, Rate


@OPTIMIZERS.register
class Adagrad(Optimizer):
    """divides the gradient by the root of the sum of all its squares so far

    For each parameter x with gradient g, at its step t = 1, 2, ...:

        g = g + weight_decay * x
        s = s + g^2
        x = x - lr / (1 + (t - 1) * lr_decay) * g / (sqrt(s) + eps)

    s starts at initial_accumulator_value.

    As torch.optim.Adagrad; Duchi et al. 2011, "Adaptive subgradient methods for online learning and
    stochastic optimization".

    >>> from minigrad import Value
    >>> x = Value(3.0)
    >>> optimizer = Adagrad([x], lr=0.1)
    >>> (x * x).backward()
    >>> optimizer.step()
    >>> round(x.data, 6)  # the first step is lr, whatever the gradient
    2.9
    """

    lr: Rate = 1e-2
    lr_decay: NonNegative = 0.0
    weight_decay: Penalty = 0.0
    initial_accumulator_value: NonNegative = 0.0
    eps: NonNegative = 1e-10

    @staticmethod
    def rule(x: Any, g: Any, state: State, s: Settings) -> Any:
        t = state["t"] = state.get("t", 0) + 1
        if s.weight_decay:
            g = g + s.weight_decay * x
        squares = state.get("s", 1.0 * s.initial_accumulator_value)
        squares += g * g
        state["s"] = squares
        rate = s.lr / (1 + (t - 1) * s.lr_decay)
        return descend(x, rate, divide(g, sqrt(squares) + s.eps))
