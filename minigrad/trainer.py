"""The training loop, bare. Progress bars, trackers and early stops are its consumers."""

import math
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from minigrad.data import Dataset
from minigrad.engines import Engine, Outputs
from optim import Optimizer
from optim.clipping import clip_grad_norm, clip_grad_value
from optim.schedules import Schedule


@dataclass(frozen=True)
class Record:
    """One step. Loss and accuracy of its batch, and the loss of the validation data if it was
    measured, are those before the update; `grad_norm` is the gradient's Euclidean norm before any
    clipping, `lr` the learning rate, and `time` the seconds since training began.
    """

    step: int
    loss: float
    lr: float
    grad_norm: float
    accuracy: float | None
    val_loss: float | None
    time: float


@dataclass(frozen=True)
class Evaluation:
    """The mean loss over a dataset, and the share of samples that are right (None: no labels)."""

    loss: float
    accuracy: float | None


class Diverged(ArithmeticError):
    """The loss or a gradient is not finite; the message names step and operation."""


@dataclass(frozen=True)
class Trainer:
    """A model on its engine, its optimizer, its data, and how they meet.

    `batch_size`: samples a step; each epoch is a new shuffle by `rng`. From the size of the
    dataset on, every step sees all samples in their own order. `validation` is measured every
    `validate_every` steps. `correct` tells whether a sample's outputs are right. `clip_value` and
    `clip_norm` bound each gradient and the norm of all, in this order.
    """

    engine: Engine
    optimizer: Optimizer
    dataset: Dataset
    batch_size: int
    schedule: Schedule
    rng: random.Random
    validation: Dataset | None = None
    validate_every: int = 1
    correct: Callable[[Sequence[float], Any], bool] | None = None
    clip_norm: float | None = None
    clip_value: float | None = None

    def train(self, steps: int) -> Iterator[Record]:
        """Train for `steps` steps, giving one record each. Raises Diverged."""
        start = time.perf_counter()
        batches = self._batches()
        observe = getattr(self.schedule, "observe", None)  # plateau's: it follows the loss
        for step in range(steps):
            inputs, targets = next(batches)
            self.optimizer.set_lr(self.schedule, step)
            try:
                loss, outputs = self.engine.gradient(inputs, targets)
                val_loss = self._val_loss(step)
            except ArithmeticError as error:
                raise Diverged(f"training diverged at step {step}: {error}") from error
            norm = self._clipped_norm()
            if not math.isfinite(norm):
                raise Diverged(f"training diverged at step {step}: the gradient's norm is {norm}")
            self.optimizer.step()
            if observe:
                observe(loss)
            yield Record(
                step=step,
                loss=loss,
                lr=self.optimizer.lr,
                grad_norm=norm,
                accuracy=self._accuracy(outputs, targets),
                val_loss=val_loss,
                time=time.perf_counter() - start,
            )

    def evaluate(self, dataset: Dataset | None = None) -> Evaluation:
        """Loss and accuracy over a dataset (default: all training data). Raises ArithmeticError
        if the loss is not finite.
        """
        dataset = dataset or self.dataset
        loss, outputs = self.engine.evaluate(dataset.inputs, dataset.targets)
        return Evaluation(loss, self._accuracy(outputs, dataset.targets))

    def _val_loss(self, step: int) -> float | None:
        if self.validation is None or step % self.validate_every:
            return None
        return self.evaluate(self.validation).loss

    def _clipped_norm(self) -> float:
        """Clip as asked; gives the norm before."""
        parameters = self.engine.parameters
        norm = math.hypot(*(parameter.grad for parameter in parameters))
        if self.clip_value is not None:
            clip_grad_value(parameters, self.clip_value)
        if self.clip_norm is not None:
            clip_grad_norm(parameters, self.clip_norm)
        return norm

    def _batches(self) -> Iterator[tuple[Sequence[Sequence[float]], Sequence[Any]]]:
        inputs, targets = self.dataset.inputs, self.dataset.targets
        order = list(range(len(inputs)))
        while self.batch_size >= len(inputs):
            yield inputs, targets
        while True:
            self.rng.shuffle(order)
            for start in range(0, len(order), self.batch_size):
                chosen = order[start : start + self.batch_size]
                yield [inputs[i] for i in chosen], [targets[i] for i in chosen]

    def _accuracy(self, outputs: Outputs, targets: Sequence[Any]) -> float | None:
        if self.correct is None:
            return None
        right = sum(map(self.correct, outputs, targets))
        return right / len(targets)
