"""Adadelta."""

from typing import Any

from optim.elementwise import divide, sqrt
from optim.groups import Parameters
from optim.optimizer import OPTIMIZERS, Optimizer
from optim.settings import Fraction, NonNegative, Penalty, Rate


@OPTIMIZERS.register
class Adadelta(Optimizer):
    """steps by the gradient, in the units of the steps before

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

    def __init__(
        self,
        parameters: Parameters,
        lr: Rate = 1.0,
        rho: Fraction = 0.9,
        eps: NonNegative = 1e-6,
        weight_decay: Penalty = 0.0,
    ) -> None:
        super().__init__(
            parameters,
            lr=lr,
            rho=rho,
            eps=eps,
            weight_decay=weight_decay,
        )

    @staticmethod
    def rule(
        x: Any,
        g: Any,
        state: dict[str, Any],
        *,
        lr: float,
        rho: float,
        eps: float,
        weight_decay: float,
    ) -> Any:
        if weight_decay:
            g = g + weight_decay * x
        u = state.get("u", 0.0)
        v = state["v"] = rho * state.get("v", 0.0) + (1 - rho) * g * g
        d = divide(sqrt(u + eps), sqrt(v + eps)) * g
        state["u"] = rho * u + (1 - rho) * d * d
        return x - lr * d
