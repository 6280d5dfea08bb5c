"""NAdam."""

from typing import Any

from optim.elementwise import divide, sqrt
from optim.groups import Parameters
from optim.optimizer import OPTIMIZERS, Optimizer
from optim.settings import Betas, NonNegative, Penalty, Rate


@OPTIMIZERS.register
class NAdam(Optimizer):
    """Adam with Nesterov's look-ahead

    For each parameter x with gradient g, at its step t = 1, 2, ...:

        g = g + weight_decay * x          (if decoupled: x = (1 - lr * weight_decay) * x)
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g^2
        mu(t) = beta1 * (1 - 0.96^(t * momentum_decay) / 2)
        p = mu(1) * mu(2) * ... * mu(t)
        d = (1 - mu(t)) / (1 - p) * g + mu(t + 1) / (1 - p * mu(t + 1)) * m
        x = x - lr * d / (sqrt(v / (1 - beta2^t)) + eps)

    m and v start at 0.

    As torch.optim.NAdam; Dozat 2016, "Incorporating Nesterov momentum into Adam".

    >>> from minigrad import Value
    >>> x = Value(3.0)
    >>> optimizer = NAdam([x], lr=0.1)
    >>> (x * x).backward()
    >>> optimizer.step()
    >>> round(x.data, 6)  # a little further than Adam's 2.9
    2.894355
    """

    def __init__(
        self,
        parameters: Parameters,
        lr: Rate = 2e-3,
        betas: Betas = [0.9, 0.999],  # noqa: B006 - a copy is kept
        eps: NonNegative = 1e-8,
        weight_decay: Penalty = 0.0,
        momentum_decay: NonNegative = 4e-3,
        decoupled_weight_decay: bool = False,
    ) -> None:
        super().__init__(
            parameters,
            lr=lr,
            betas=betas,
            eps=eps,
            weight_decay=weight_decay,
            momentum_decay=momentum_decay,
            decoupled_weight_decay=decoupled_weight_decay,
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
        momentum_decay: float,
        decoupled_weight_decay: bool,
    ) -> Any:
        t = state["t"] = state.get("t", 0) + 1
        if weight_decay and decoupled_weight_decay:
            x = x * (1 - lr * weight_decay)
        elif weight_decay:
            g = g + weight_decay * x
        beta1, beta2 = betas
        m = state["m"] = beta1 * state.get("m", 0.0) + (1 - beta1) * g
        v = state["v"] = beta2 * state.get("v", 0.0) + (1 - beta2) * g * g
        mu, next_mu = (beta1 * (1 - 0.96 ** (s * momentum_decay) / 2) for s in (t, t + 1))
        p = state["p"] = state.get("p", 1.0) * mu
        d = (1 - mu) / (1 - p) * g + next_mu / (1 - p * next_mu) * m
        return x - lr * divide(d, sqrt(v / (1 - beta2**t)) + eps)
