"""Lab 8: your own optimizers. What to do is in 8-your-own-optimizer.md."""

from typing import Any

from optim import OPTIMIZERS, Optimizer, Settings, State  # noqa: F401
from optim.settings import Fraction, Rate

# `x` is a parameter and `g` its gradient: plain floats, or whole arrays of numpy. `state` is a dict
# for this parameter, empty at first: what you store is available at the next step. `s` has the
# settings that the class lists: s.lr, s.momentum.


class Momentum(Optimizer):
    """gradient descent with a velocity"""

    lr: Rate = 0.1
    momentum: Fraction = 0.9

    @staticmethod
    def rule(x: Any, g: Any, state: State, s: Settings) -> Any:
        raise NotImplementedError("lab 8, task 1: the new velocity, then the new x")


class MyAdam(Optimizer):
    """Adam, without weight decay"""

    lr: Rate = 0.001
    beta1: Fraction = 0.9
    beta2: Fraction = 0.999
    eps: Rate = 1e-8

    @staticmethod
    def rule(x: Any, g: Any, state: State, s: Settings) -> Any:
        raise NotImplementedError("lab 8, task 3: both means, corrected, then the new x")
