"""Adamax."""

from typing import Any

from optim.elementwise import decay, descend, divide, maximum
from optim.groups import Settings, State
from optim.optimizer import OPTIMIZERS, Optimizer
from optim.settings import Betas, NonNegative, Penalty, Rate


@OPTIMIZERS.register
class Adamax(Optimizer):
    """Adam with the largest recent gradient instead of the root mean square

    For each parameter x with gradient g, at its step t = 1, 2, ...:

        g = g + weight_decay * x
        m = beta1 * m + (1 - beta1) * g
        u = max(beta2 * u, |g| + eps)
        x = x - lr * m / (1 - beta1^t) / u

    m and u start at 0.

    As torch.optim.Adamax; Kingma and Ba 2015, "Adam: a method for stochastic optimization".

    >>> from minigrad import Value
    >>> x = Value(3.0)
    >>> optimizer = Adamax([x], lr=0.1)
    >>> (x * x).backward()
    >>> optimizer.step()
    >>> round(x.data, 6)  # the first step is lr, whatever the gradient
    2.9
    """

    lr: Rate = 2e-3
    betas: Betas = [0.9, 0.999]  # noqa: RUF012 - a copy is kept
    eps: NonNegative = 1e-8
    weight_decay: Penalty = 0.0

    @staticmethod
    def rule(x: Any, g: Any, state: State, s: Settings) -> Any:
        t = state["t"] = state.get("t", 0) + 1
        if s.weight_decay:
            g = g + s.weight_decay * x
        beta1, beta2 = s.betas
        m = state["m"] = decay(state.get("m", 0.0), beta1, (1 - beta1) * g)
        u = state["u"] = maximum(beta2 * state.get("u", 0.0), abs(g) + s.eps)
        return descend(x, s.lr / (1 - beta1**t), divide(m, u))
