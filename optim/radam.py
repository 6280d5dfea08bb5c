"""RAdam."""

import math
from typing import Any

from optim.elementwise import decay, descend, divide, sqrt
from optim.groups import Settings, State
from optim.optimizer import OPTIMIZERS, Optimizer
from optim.settings import Betas, NonNegative, Penalty, Rate


@OPTIMIZERS.register
class RAdam(Optimizer):
    """Adam that uses the mean gradient alone until its variance can be estimated

    For each parameter x with gradient g, at its step t = 1, 2, ...:

        g = g + weight_decay * x          (if decoupled: x = (1 - lr * weight_decay) * x)
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g^2
        h = 2 / (1 - beta2) - 1
        r = h - 2 * t * beta2^t / (1 - beta2^t)
        d = m / (1 - beta1^t)
        if r > 5:
            d = d * sqrt(1 - beta2^t) / (sqrt(v) + eps)
            d = d * sqrt((r - 4) * (r - 2) * h / ((h - 4) * (h - 2) * r))
        x = x - lr * d

    m and v start at 0. r is the length of the simple moving average that v approximates, and
    h its limit for large t.

    As torch.optim.RAdam; Liu et al. 2020, "On the variance of the adaptive learning rate and
    beyond".

    >>> from minigrad import Value
    >>> x = Value(3.0)
    >>> optimizer = RAdam([x], lr=0.1)
    >>> (x * x).backward()
    >>> optimizer.step()
    >>> round(x.data, 6)  # 3 - 0.1 * 6: plain descent at first
    2.4
    """

    lr: Rate = 1e-3
    betas: Betas = [0.9, 0.999]  # noqa: RUF012 - a copy is kept
    eps: NonNegative = 1e-8
    weight_decay: Penalty = 0.0
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
        d = m / (1 - beta1**t)
        h = 2 / (1 - beta2) - 1
        r = h - 2 * t * beta2**t / (1 - beta2**t)
        if r > 5:
            rectified = math.sqrt((r - 4) * (r - 2) * h / ((h - 4) * (h - 2) * r))
            d = d * divide(math.sqrt(1 - beta2**t) * rectified, sqrt(v) + s.eps)
        return descend(x, s.lr, d)
