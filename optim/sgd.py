"""Stochastic gradient descent."""

from collections.abc import Mapping
from typing import Any

from optim.elementwise import decay, descend
from optim.groups import Settings, State
from optim.optimizer import OPTIMIZERS, Optimizer
from optim.settings import Fraction, Penalty, Rate, Share


@OPTIMIZERS.register
class SGD(Optimizer):
    """stochastic gradient descent, with momentum, Nesterov's look-ahead and weight decay

    For each parameter x with gradient g:

        g = g + weight_decay * x
        v = momentum * v + (1 - dampening) * g        (v = g at the first step)
        x = x - lr * (g + momentum * v  if nesterov else  v)

    As torch.optim.SGD; momentum after Sutskever et al. 2013, "On the importance of initialization
    and momentum in deep learning".

    >>> from minigrad import Value
    >>> x = Value(3.0)
    >>> optimizer = SGD([x], lr=0.1)
    >>> (x * x).backward()
    >>> optimizer.step()
    >>> x.data  # 3 - 0.1 * 6
    2.4
    """

    lr: Rate = 1e-3
    momentum: Fraction = 0.0
    dampening: Share = 0.0
    weight_decay: Penalty = 0.0
    nesterov: bool = False

    @classmethod
    def check(cls, settings: Mapping[str, Any]) -> None:
        super().check(settings)
        momentum, dampening = settings["momentum"], settings["dampening"]
        if settings["nesterov"] and (momentum == 0 or dampening != 0):
            raise ValueError(
                "nesterov needs a momentum above 0 and a dampening of 0, "
                f"found momentum {momentum!r} and dampening {dampening!r}"
            )

    @staticmethod
    def rule(x: Any, g: Any, state: State, s: Settings) -> Any:
        if s.weight_decay:
            g = g + s.weight_decay * x
        if s.momentum:
            # At the first step, v is a copy of g, since the caller may reuse that array.
            added = (1 - s.dampening) * g if s.dampening else g
            v = state["v"] = decay(state["v"], s.momentum, added) if state else 1.0 * g
            g = g + s.momentum * v if s.nesterov else v
        return descend(x, s.lr, g)
