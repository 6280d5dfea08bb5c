"""AdamW."""

from typing import Any

from optim.adam import Adam
from optim.groups import Settings, State
from optim.optimizer import OPTIMIZERS
from optim.settings import Penalty


@OPTIMIZERS.register
class AdamW(Adam):
    """Adam with weight decay that does not enter the moments

    For each parameter x with gradient g:

        x = (1 - lr * weight_decay) * x
        x = Adam's step from there, with a weight_decay of 0

    As torch.optim.AdamW; Loshchilov and Hutter 2019, "Decoupled weight decay regularization".

    >>> from minigrad import Value
    >>> x = Value(3.0)
    >>> optimizer = AdamW([x], lr=0.1)
    >>> (x * x).backward()
    >>> optimizer.step()
    >>> round(x.data, 6)  # 3 shrinks to 2.997, then Adam's step
    2.897
    """

    weight_decay: Penalty = 1e-2

    @staticmethod
    def rule(x: Any, g: Any, state: State, s: Settings) -> Any:
        x = (1 - s.lr * s.weight_decay) * x
        return Adam.undecayed(x, g, state, s)
