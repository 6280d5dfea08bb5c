"""RMSprop."""

from typing import Any

from optim.elementwise import divide, maximum, sqrt
from optim.groups import Parameters
from optim.optimizer import OPTIMIZERS, Optimizer
from optim.settings import Fraction, NonNegative, Penalty, Rate


@OPTIMIZERS.register
class RMSprop(Optimizer):
    """steps by the gradient over its root mean square

    For each parameter x with gradient g:

        g = g + weight_decay * x
        v = alpha * v + (1 - alpha) * g^2
        d = g / (sqrt(v) + eps)
        d = momentum * the last step's d + d
        x = x - lr * d

    v starts at 0. If centered, v - m^2 stands for v in the third line, a variance, where

        m = alpha * m + (1 - alpha) * g

    As torch.optim.RMSprop, but where rounding makes the variance negative: it is 0 here, the root
    nan there. Tieleman and Hinton 2012, lecture 6.5 of "Neural networks for machine learning";
    centered after Graves 2013, "Generating sequences with recurrent neural networks".

    >>> from minigrad import Value
    >>> x = Value(3.0)
    >>> optimizer = RMSprop([x], lr=0.1)
    >>> (x * x).backward()
    >>> optimizer.step()
    >>> round(x.data, 6)  # v is a hundredth of g^2 at first, so the step is 10 * lr
    2.0
    """

    def __init__(
        self,
        parameters: Parameters,
        lr: Rate = 1e-2,
        alpha: Fraction = 0.99,
        eps: NonNegative = 1e-8,
        weight_decay: Penalty = 0.0,
        momentum: Fraction = 0.0,
        centered: bool = False,
    ) -> None:
        super().__init__(
            parameters,
            lr=lr,
            alpha=alpha,
            eps=eps,
            weight_decay=weight_decay,
            momentum=momentum,
            centered=centered,
        )

    @staticmethod
    def rule(
        x: Any,
        g: Any,
        state: dict[str, Any],
        *,
        lr: float,
        alpha: float,
        eps: float,
        weight_decay: float,
        momentum: float,
        centered: bool,
    ) -> Any:
        if weight_decay:
            g = g + weight_decay * x
        v = state["v"] = alpha * state.get("v", 0.0) + (1 - alpha) * g * g
        if centered:
            m = state["m"] = alpha * state.get("m", 0.0) + (1 - alpha) * g
            v = maximum(v - m * m, 0.0)
        d = divide(g, sqrt(v) + eps)
        if momentum:
            d = state["d"] = momentum * state.get("d", 0.0) + d
        return x - lr * d
