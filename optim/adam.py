"""Adam."""

from typing import Any

from optim.elementwise import decay, descend, divide, maximum, sqrt
from optim.groups import Settings, State
from optim.optimizer import OPTIMIZERS, Optimizer
from optim.settings import Betas, NonNegative, Penalty, Rate


@OPTIMIZERS.register
class Adam(Optimizer):
    """adaptive moments: divides the mean gradient by its root mean square

    For each parameter x with gradient g, at its step t = 1, 2, ...:

        g = g + weight_decay * x
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g^2
        x = x - lr * m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + eps)

    m and v start at 0. With amsgrad, the largest v so far replaces v in the last line.

    As torch.optim.Adam; Kingma and Ba 2015, "Adam: a method for stochastic optimization", and Reddi
    et al. 2018, "On the convergence of Adam and beyond", for amsgrad.

    >>> from minigrad import Value
    >>> x = Value(3.0)
    >>> optimizer = Adam([x], lr=0.1)
    >>> (x * x).backward()
    >>> optimizer.step()
    >>> round(x.data, 6)  # the first step is lr, whatever the gradient
    2.9
    """

    lr: Rate = 1e-3
    betas: Betas = [0.9, 0.999]  # noqa: RUF012 - a copy is kept
    eps: NonNegative = 1e-8
    weight_decay: Penalty = 0.0
    amsgrad: bool = False

    @staticmethod
    def rule(x: Any, g: Any, state: State, s: Settings) -> Any:
        if s.weight_decay:
            g = g + s.weight_decay * x
        return Adam.undecayed(x, g, state, s)

    @staticmethod
    def undecayed(x: Any, g: Any, state: State, s: Settings) -> Any:
        """The rule without weight decay."""
        t = state["t"] = state.get("t", 0) + 1
        beta1, beta2 = s.betas
        m = state["m"] = decay(state.get("m", 0.0), beta1, (1 - beta1) * g)
        v = state["v"] = decay(state.get("v", 0.0), beta2, (1 - beta2) * g * g)
        if s.amsgrad:
            v = state["largest_v"] = maximum(state.get("largest_v", 0.0), v)
        return descend(x, s.lr, divide(m / (1 - beta1**t), sqrt(v / (1 - beta2**t)) + s.eps))
