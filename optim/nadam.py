"""NAdam."""

from typing import Any

from optim.elementwise import decay, descend, divide, sqrt
from optim.groups import Settings, State
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

    lr: Rate = 2e-3
    betas: Betas = [0.9, 0.999]  # noqa: RUF012 - a copy is kept
    eps: NonNegative = 1e-8
    weight_decay: Penalty = 0.0
    momentum_decay: NonNegative = 4e-3
    decoupled_weight_decay: bool = False

    @staticmethod
    def rule(x: Any, g: Any, state: State, s: Settings) -> Any:
        t = state["t"] = state.get("t", 0) + 1
        if s.weight_decay and s.decoupled_weight_decay:
            x = x * (1 - s.lr * s.weight_decay)
        elif s.weight_decay:
            g = g + s.weight_decay * x
        beta1, beta2 = s.betas
        m = state["m"] = decay(state.get("m", 0.0), beta1, (1 - beta1) * g)
        v = state["v"] = decay(state.get("v", 0.0), beta2, (1 - beta2) * g * g)
        mu, next_mu = (beta1 * (1 - 0.96 ** (i * s.momentum_decay) / 2) for i in (t, t + 1))
        p = state["p"] = state.get("p", 1.0) * mu
        d = (1 - mu) / (1 - p) * g + next_mu / (1 - p * next_mu) * m
        return descend(x, s.lr, divide(d, sqrt(v / (1 - beta2**t)) + s.eps))
