"""Lab 8: optimizers of your own. What to do is in 8-your-own-optimizer.md."""

from typing import Any

from optim import OPTIMIZERS, Optimizer  # noqa: F401
from optim.settings import Fraction, Rate

# `x` is a parameter and `g` its gradient: plain floats, or whole arrays of numpy. `state` is a dict
# of this parameter's own, empty at first: what you put in is there at the next step.


class Momentum(Optimizer):
    """gradient descent with a velocity"""

    def __init__(self, parameters: Any, lr: Rate = 0.1, momentum: Fraction = 0.9) -> None:
        super().__init__(parameters, lr=lr, momentum=momentum)

    @staticmethod
    def rule(x: Any, g: Any, state: dict[str, Any], *, lr: float, momentum: float) -> Any:
        raise NotImplementedError("lab 8, task 1: the new velocity, then the new x")


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
    def rule(
        x: Any, g: Any, state: dict[str, Any], *, lr: float, beta1: float, beta2: float, eps: float
    ) -> Any:
        raise NotImplementedError("lab 8, task 3: both means, corrected, then the new x")
