"""Adam."""

from typing import Any

from optim.elementwise import divide, maximum, sqrt
from optim.groups import Parameters
from optim.optimizer import OPTIMIZERS, Optimizer
from optim.settings import Betas, NonNegative, Penalty, Rate


@OPTIMIZERS.register
class Adam(Optimizer):
    """adaptive moments: steps by the mean gradient over its root mean square

    For each parameter x with gradient g, at its step t = 1, 2, ...:

        g = g + weight_decay * x
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g^2
        x = x - lr * m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + eps)

    m and v start at 0. With amsgrad, the largest v so far stands for v in the last line.

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

    def __init__(
        self,
        parameters: Parameters,
        lr: Rate = 1e-3,
        betas: Betas = [0.9, 0.999],  # noqa: B006 - a copy is kept
        eps: NonNegative = 1e-8,
        weight_decay: Penalty = 0.0,
        amsgrad: bool = False,
    ) -> None:
        super().__init__(
            parameters,
            lr=lr,
            betas=betas,
            eps=eps,
            weight_decay=weight_decay,
            amsgrad=amsgrad,
        )

    @staticmethod
    def rule(
        x: Any,
        g: Any,
        state: dict[str, Any],
        *,
        lr: float,
        betas: list[float],
        eps: float,
        weight_decay: float,
        amsgrad: bool,
    ) -> Any:
        t = state["t"] = state.get("t", 0) + 1
        if weight_decay:
            g = g + weight_decay * x
        beta1, beta2 = betas
        m = state["m"] = beta1 * state.get("m", 0.0) + (1 - beta1) * g
        v = state["v"] = beta2 * state.get("v", 0.0) + (1 - beta2) * g * g
        if amsgrad:
            v = state["largest_v"] = maximum(state.get("largest_v", 0.0), v)
        m, v = m / (1 - beta1**t), v / (1 - beta2**t)
        return x - lr * divide(m, sqrt(v) + eps)
