"""The model with the lowest validation loss so far, and whether it is time to stop."""

import copy
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Self

from minigrad.config import Config
from minigrad.terminal.text import counted
from minigrad.training.protocol import StepMetrics
from minigrad.training.trainer import Diverged, Trainer
from optim.elementwise import listed, restored


class BestModel:
    """Follows the records of a training, for `train.keep_best` and `train.patience`.

    A validation loss is that of the parameters before the step's update, so these are copied ahead
    of every step that validates. `step` is how many steps the best of them had done. The parameters
    after the last step of all are measured by `end`, and `last` is their loss if it is the lowest.
    It has no part in `patience`, nor in what a resumed training goes on from.
    """

    def __init__(self, config: Config, trainer: Trainer) -> None:
        self.trainer, self.settings = trainer, config.train
        self.step = 0
        self.val_loss: float | None = None
        self.last: float | None = None
        self.parameters: list[Any] = []
        self._next = self._copied()

    @classmethod
    def of(cls, config: Config, trainer: Any) -> Self | None:
        """None for a config that keeps no best model and has no patience."""
        if config.train.keep_best is None and config.train.patience is None:
            return None
        assert isinstance(trainer, Trainer)
        return cls(config, trainer)

    def observe(self, record: StepMetrics) -> None:
        """Take in a record. Where a call takes many steps, others after it may be done already, of
        which none validates; at the last of them the next validation's parameters are copied.
        """
        self.last = None  # there are further steps
        val_loss = getattr(record, "val_loss", None)
        if val_loss is not None and (self.val_loss is None or val_loss < self.val_loss):
            self.step, self.val_loss, self.parameters = record.step, val_loss, self._next
        done = self.trainer.step
        if record.step + 1 == done and done % self.settings.log_every == 0:
            self._next = self._copied()

    def end(self) -> None:
        """Measure the model as the last step left it; where that is not finite, it is not best."""
        with suppress(Diverged):
            loss = self.trainer.evaluate(self.trainer.validation).loss
            self.last = loss if self.val_loss is None or loss < self.val_loss else None

    @property
    def chosen(self) -> tuple[int, float | None]:
        """How many steps the best model of all had done, and its validation loss."""
        if self.last is not None:
            return self.trainer.step, self.last
        return self.step, self.val_loss

    def next_stop(self, done: int) -> int | None:
        """The next number of done steps, above `done`, at which it may be time to stop."""
        if self.settings.patience is None:
            return None
        every = self.settings.log_every
        return ((done - 1) // every + 1) * every + 1

    @property
    def exhausted(self) -> bool:
        """Whether `patience` validations in a row had no lower loss."""
        if self.settings.patience is None or self.val_loss is None:
            return False
        last = (self.trainer.step - 1) // self.settings.log_every
        return last - self.step // self.settings.log_every >= self.settings.patience

    def use(self) -> None:
        """Give the trainer's model the best parameters, where the config keeps them."""
        if self.settings.keep_best and self.val_loss is not None and self.last is None:
            for parameter, number in zip(
                self.trainer.engine.parameters, self.parameters, strict=True
            ):
                parameter.data = copy.copy(number)

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint keeps, ready for JSON; the parameters only if they are to be used."""
        parameters = {"parameters": [listed(one) for one in self.parameters]}
        numbers = {"step": self.step, "val_loss": self.val_loss, "last": self.last}
        return numbers | (parameters if self.settings.keep_best else {})

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a state, after the trainer has."""
        self.step, self.val_loss, self.last = state["step"], state["val_loss"], state.get("last")
        parameters = self.trainer.engine.parameters
        if self.settings.keep_best and self.val_loss is not None:
            self.parameters = [
                restored(number, parameter.data)
                for number, parameter in zip(state["parameters"], parameters, strict=True)
            ]
        self._next = self._copied()

    def sentence(self) -> str:
        """What came of it, for the end of the training."""
        settings = self.settings
        what = "is kept" if settings.keep_best else "was the best"
        step, val_loss = self.chosen
        best = f"val_loss {val_loss:.4g} after {counted(step, 'step')} {what}"
        if not self.exhausted:
            return best
        return f"stopped early: {best}, and {settings.patience} validations since were no better"

    def _copied(self) -> list[Any]:
        return [copy.copy(parameter.data) for parameter in self.trainer.engine.parameters]
