"""RMSprop."""

from typing import Any

from optim.elementwise import decay, descend, divide, maximum, sqrt
from optim.groups import Settings, State
from optim.optimizer import OPTIMIZERS, Optimizer
from optim.settings import Fraction, NonNegative, Penalty, Rate


@OPTIMIZERS.register
class RMSprop(Optimizer):
    """divides the gradient by its root mean square

    For each parameter x with gradient g:

        g = g + weight_decay * x
        v = alpha * v + (1 - alpha) * g^2
        d = g / (sqrt(v) + eps)
        d = momentum * the last step's d + d
        x = x - lr * d

    v starts at 0. If centered, the variance v - m^2 replaces v in the third line, where

        m = alpha * m + (1 - alpha) * g

    As torch.optim.RMSprop, except that a variance made negative by rounding is taken as 0 here; its
    root is nan there. Tieleman and Hinton 2012, lecture 6.5 of "Neural networks for machine
    learning"; centered after Graves 2013, "Generating sequences with recurrent neural networks".

    >>> from minigrad import Value
    >>> x = Value(3.0)
    >>> optimizer = RMSprop([x], lr=0.1)
    >>> (x * x).backward()
    >>> optimizer.step()
    >>> round(x.data, 6)  # v is a hundredth of g^2 at first, so the step is 10 * lr
    2.0
    """

    lr: Rate = 1e-2
    alpha: Fraction = 0.99
    eps: NonNegative = 1e-8
    weight_decay: Penalty = 0.0
    momentum: Fraction = 0.0
    centered: bool = False

    @staticmethod
    def rule(x: Any, g: Any, state: State, s: Settings) -> Any:
        if s.weight_decay:
            g = g + s.weight_decay * x
        v = state["v"] = decay(state.get("v", 0.0), s.alpha, (1 - s.alpha) * g * g)
        if s.centered:
            m = state["m"] = decay(state.get("m", 0.0), s.alpha, (1 - s.alpha) * g)
            v = maximum(v - m * m, 0.0)
        d = divide(g, sqrt(v) + s.eps)
        if s.momentum:
            d = state["d"] = decay(state.get("d", 0.0), s.momentum, d)
        return descend(x, s.lr, d)
