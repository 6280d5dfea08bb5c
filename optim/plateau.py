"""The one schedule with a state: it depends on the loss."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from minigrad.settings import Range, check, check_number
from optim.schedules import SCHEDULES, Whole
from optim.settings import NonNegative


@SCHEDULES.register
class Plateau:
    """lr times factor each time the loss has stopped falling

    A loss is better where it is below

        best * (1 - threshold)        threshold_mode "rel"
        best - threshold              threshold_mode "abs"

    After more than `patience` steps in a row without a better loss, rate = max(rate * factor,
    min_lr), unless that lowers it by no more than `eps`. Then `cooldown` steps are not counted.

    As torch.optim.lr_scheduler.ReduceLROnPlateau with mode="min".

    >>> rate = Plateau(patience=1, factor=0.5)
    >>> for loss in (3.0, 2.0, 2.0, 2.0):
    ...     rate.observe(loss)  # after each step
    >>> rate(4, 1.0)
    0.5
    """

    def __init__(
        self,
        *,
        factor: Annotated[float, Range("(0, 1)")] = 0.1,
        patience: Whole = 10,
        threshold: NonNegative = 1e-4,
        threshold_mode: Literal["rel", "abs"] = "rel",
        cooldown: Whole = 0,
        min_lr: NonNegative = 0.0,
        eps: NonNegative = 1e-8,
    ) -> None:
        check(Plateau, locals())
        self.factor, self.min_lr, self.eps = factor, min_lr, eps
        self.patience, self.cooldown = patience, cooldown
        self.threshold, self.threshold_mode = threshold, threshold_mode
        self.best: float | None = None
        self.bad_steps = 0
        self.cooldown_left = 0
        self.reductions = 0

    def __call__(self, _step: int, lr: float) -> float:
        rate = lr
        for _ in range(self.reductions):
            lower = max(rate * self.factor, self.min_lr)
            if rate - lower <= self.eps:
                break  # later reductions would not change the rate either
            rate = lower
        return rate

    def steady_steps(self) -> int:
        """How many steps from here on have the same rate, whatever their losses.

        >>> Plateau(patience=3).steady_steps()
        4
        """
        own = type(self)
        if own.__call__ is not Plateau.__call__ or own.observe is not Plateau.observe:
            return 1  # a rule of one's own, of which nothing is known
        if self.cooldown_left:
            return self.cooldown_left + self.patience + 1
        return self.patience + 1 - self.bad_steps

    def observe(self, loss: float) -> None:
        """Take note of the loss of a step, after the step."""
        if self._is_better(loss):
            self.best = loss
            self.bad_steps = 0
        else:
            self.bad_steps += 1
        if self.cooldown_left:
            self.cooldown_left -= 1
            self.bad_steps = 0
        if self.bad_steps > self.patience:
            self.reductions += 1
            self.cooldown_left = self.cooldown
            self.bad_steps = 0

    def _is_better(self, loss: float) -> bool:
        if self.best is None:
            return loss < float("inf")
        if self.threshold_mode == "rel":
            return loss < self.best * (1 - self.threshold)
        return loss < self.best - self.threshold

    def state_dict(self) -> dict[str, Any]:
        """What the next rates depend on, ready for JSON."""
        return {
            "best": self.best,
            "bad_steps": self.bad_steps,
            "cooldown_left": self.cooldown_left,
            "reductions": self.reductions,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from a `state_dict()`. Raises ValueError, and changes nothing, if it is none."""
        if state.keys() != self.state_dict().keys():
            raise ValueError(
                f"the state must have {', '.join(self.state_dict())}, found {', '.join(state)}"
            )
        for name, value in state.items():
            if name == "best" and value is not None:
                check_number(name, value, "[-inf, inf]")
            elif name != "best" and (type(value) is not int or value < 0):
                raise ValueError(f"{name} must be a whole number in [0, inf), found {value!r}")
        vars(self).update(state)
