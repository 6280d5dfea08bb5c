"""Adadelta."""

from typing import Any

from optim.elementwise import decay, descend, divide, sqrt
from optim.groups import Settings, State
from optim.optimizer import OPTIMIZERS, Optimizer
from optim.settings import Fraction, NonNegative, Penalty, Rate


@OPTIMIZERS.register
class Adadelta(Optimizer):
    """scales the gradient by the root mean square of past steps over that of past gradients

    For each parameter x with gradient g:

        g = g + weight_decay * x
        v = rho * v + (1 - rho) * g^2
        d = g * sqrt(u + eps) / sqrt(v + eps)
        u = rho * u + (1 - rho) * d^2
        x = x - lr * d

    u and v start at 0.

    As torch.optim.Adadelta; Zeiler 2012, "Adadelta: an adaptive learning rate method".

    >>> from minigrad import Value
    >>> x = Value(3.0)
    >>> optimizer = Adadelta([x])
    >>> (x * x).backward()
    >>> optimizer.step()
    >>> round(x.data, 6)  # the first steps are small: they grow from eps
    2.996838
    """

    lr: Rate = 1.0
    rho: Fraction = 0.9
    eps: NonNegative = 1e-6
    weight_decay: Penalty = 0.0

    @staticmethod
    def rule(x: Any, g: Any, state: State, s: Settings) -> Any:
        if s.weight_decay:
            g = g + s.weight_decay * x
        u = state.get("u", 0.0)
        v = state["v"] = decay(state.get("v", 0.0), s.rho, (1 - s.rho) * g * g)
        d = divide(sqrt(u + s.eps), sqrt(v + s.eps)) * g
        state["u"] = decay(u, s.rho, (1 - s.rho) * d * d)
        return descend(x, s.lr, d)
