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
from optim.schedules import Schedule


@dataclass(frozen=True)
class Record:
    """One step: the mean loss and the accuracy of its batch before the update, the learning rate,
    the gradient's Euclidean norm, and the seconds since training began."""

    step: int
    loss: float
    lr: float
    grad_norm: float
    accuracy: float | None
    time: float


@dataclass(frozen=True)
class Evaluation:
    """The mean loss over a dataset, and the share of samples that are right (None: no classes)."""

    loss: float
    accuracy: float | None


class Diverged(ArithmeticError):
    """The loss or a gradient is not finite; the message names step and operation."""


@dataclass(frozen=True)
class Trainer:
    """A model on its engine, its optimizer, its data, and how they meet.

    `batch_size`: samples a step; each epoch is a new shuffle by `rng`. From the size of the
    dataset on, every step sees all samples in their own order. `correct` tells whether a sample's
    outputs are right, for the accuracy.
    """

    engine: Engine
    optimizer: Optimizer
    dataset: Dataset
    batch_size: int
    schedule: Schedule
    rng: random.Random
    correct: Callable[[Sequence[float], Any], bool] | None = None

    def train(self, steps: int) -> Iterator[Record]:
        """Train for `steps` steps, giving one record each. Raises Diverged."""
        start = time.perf_counter()
        base_lr = self.optimizer.lr
        batches = self._batches()
        for step in range(steps):
            inputs, targets = next(batches)
            self.optimizer.lr = base_lr * self.schedule(step)
            try:
                loss, outputs = self.engine.gradient(inputs, targets)
            except ArithmeticError as error:
                raise Diverged(f"training diverged at step {step}: {error}") from error
            norm = math.hypot(*(parameter.grad for parameter in self.engine.parameters))
            if not math.isfinite(norm):
                raise Diverged(f"training diverged at step {step}: the gradient's norm is {norm}")
            self.optimizer.step()
            yield Record(
                step=step,
                loss=loss,
                lr=self.optimizer.lr,
                grad_norm=norm,
                accuracy=self._accuracy(outputs, targets),
                time=time.perf_counter() - start,
            )

    def evaluate(self) -> Evaluation:
        """Loss and accuracy over the whole dataset. Raises ArithmeticError if not finite."""
        loss, outputs = self.engine.evaluate(self.dataset.inputs, self.dataset.targets)
        return Evaluation(loss, self._accuracy(outputs, self.dataset.targets))

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
