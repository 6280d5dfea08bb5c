"""AdamW."""

from typing import Any

from optim.adam import Adam
from optim.groups import Parameters
from optim.optimizer import OPTIMIZERS, Optimizer
from optim.settings import Betas, NonNegative, Penalty, Rate


@OPTIMIZERS.register
class AdamW(Optimizer):
    """Adam whose weight decay bypasses the moments

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

    def __init__(
        self,
        parameters: Parameters,
        lr: Rate = 1e-3,
        betas: Betas = [0.9, 0.999],  # noqa: B006 - a copy is kept
        eps: NonNegative = 1e-8,
        weight_decay: Penalty = 1e-2,
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
        x = (1 - lr * weight_decay) * x
        return Adam.rule(
            x, g, state, lr=lr, betas=betas, eps=eps, weight_decay=0.0, amsgrad=amsgrad
        )
