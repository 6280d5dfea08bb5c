"""Stochastic gradient descent."""

from collections.abc import Iterable
from typing import Any

from optim.optimizer import OPTIMIZERS, Fraction, Optimizer, Parameter, Penalty, Rate


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

    def __init__(
        self,
        parameters: Iterable[Parameter],
        lr: Rate = 1e-3,
        momentum: Fraction = 0.0,
        dampening: Fraction = 0.0,
        weight_decay: Penalty = 0.0,
        nesterov: bool = False,
    ) -> None:
        super().__init__(
            parameters,
            lr=lr,
            momentum=momentum,
            dampening=dampening,
            weight_decay=weight_decay,
            nesterov=nesterov,
        )
        if nesterov and (momentum == 0 or dampening != 0):
            raise ValueError(
                "nesterov needs a momentum above 0 and a dampening of 0, "
                f"found momentum {momentum!r} and dampening {dampening!r}"
            )

    @staticmethod
    def rule(
        x: Any,
        g: Any,
        state: dict[str, Any],
        *,
        lr: float,
        momentum: float,
        dampening: float,
        weight_decay: float,
        nesterov: bool,
    ) -> Any:
        if weight_decay:
            g = g + weight_decay * x
        if momentum:
            v = momentum * state["v"] + (1 - dampening) * g if state else g
            state["v"] = v
            g = g + momentum * v if nesterov else v
        return x - lr * g
