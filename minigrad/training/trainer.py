"""The training loop alone. Progress bars, trackers and early stops are its consumers."""

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, runtime_checkable

from minigrad.data import Dataset
from minigrad.engines import Engine, Outputs
from minigrad.engines.prediction import predictor
from minigrad.training.batches import Batches
from minigrad.training.plan import EVERY_STEP, Plan
from optim import Optimizer
from optim.clipping import clip_grad_norm, clip_grad_value, grad_norm
from optim.elementwise import listed, restored
from optim.schedules import Schedule


@dataclass(frozen=True)
class StepRecord:
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


@runtime_checkable
class Stateful(Protocol):
    """A schedule with a state, such as plateau."""

    def state_dict(self) -> dict[str, Any]: ...

    def load_state_dict(self, state: Mapping[str, Any]) -> None: ...


class Diverged(ArithmeticError):
    """The loss or a gradient is not finite; the message names step and operation."""


@dataclass
class Trainer:
    """A model on its engine, its optimizer and its data, and the loop that trains it.

    `validation` is measured every `validate_every` steps, and `test` by the caller alone. `correct`
    tells whether a sample's outputs are right. `clip_value` and `clip_norm` bound each gradient and
    the norm of all, in this order. `step` is the next step, and `seconds` the training time of
    those before it. Every state has the `description`, which says what one needs to know of the
    model to use it.
    """

    engine: Engine
    optimizer: Optimizer
    dataset: Dataset
    batches: Batches
    schedule: Schedule
    validation: Dataset | None = None
    test: Dataset | None = None
    validate_every: int = 1
    correct: Callable[[Sequence[float], Any], bool] | None = None
    clip_norm: float | None = None
    clip_value: float | None = None
    step: int = 0
    seconds: float = 0.0
    failures: dict[int, str] = field(default_factory=dict)  # of many seeds: one raises Diverged
    description: Mapping[str, Any] | None = None

    def train(self, steps: int, plan: Plan = EVERY_STEP) -> Iterator[StepRecord]:  # noqa: ARG002
        """Train until `steps` steps are done, giving a record of each: more than the plan asks.

        When a record is given its step is done, so the state may be saved. Raises Diverged.
        """
        start = time.perf_counter() - self.seconds
        for step in range(self.step, steps):
            record = self.take_step(step)
            self.seconds = time.perf_counter() - start
            yield replace(record, time=self.seconds)

    def take_step(self, step: int) -> StepRecord:
        """One step, by the engine's gradient and the optimizer's rule. Raises Diverged."""
        inputs, targets = next(self.batches)
        self.optimizer.set_lr(self.schedule, step)
        try:
            # clears the gradients, forward, backward: engines/eager.py shows how
            loss, outputs = self.engine.gradient(inputs, targets)
        except ArithmeticError as error:
            raise Diverged(f"training diverged at step {step}: {error}") from error
        accuracy = self._accuracy(outputs, targets)  # now: the outputs may be written over
        val_loss = self.val_loss(step)
        norm = self._clipped_norm()
        if not math.isfinite(norm):
            raise Diverged(f"training diverged at step {step}: the gradient's norm is {norm}")
        self.optimizer.step()
        if observe := getattr(self.schedule, "observe", None):  # plateau's: it follows the loss
            observe(loss)
        self.step = step + 1
        return StepRecord(step, loss, self.optimizer.lr, norm, accuracy, val_loss, self.seconds)

    def evaluate(self, dataset: Dataset | None = None) -> Evaluation:
        """Loss and accuracy over a dataset (default: all training data). Raises Diverged."""
        dataset = dataset or self.dataset
        try:
            loss, outputs = self.engine.evaluate(dataset.inputs, dataset.targets)
        except ArithmeticError as error:
            raise Diverged(f"training diverged before step {self.step}: {error}") from error
        return Evaluation(loss, self._accuracy(outputs, dataset.targets))

    def results(self, initial_loss: float) -> dict[str, Any]:
        """The results of the training, by the names of a run's summary. Raises Diverged."""
        final = self.evaluate()
        summary = {
            "initial_loss": initial_loss,
            "final_loss": final.loss,
            "final_accuracy": final.accuracy,
        }
        if self.validation:
            val = self.evaluate(self.validation)
            summary |= {"val_loss": val.loss, "val_accuracy": val.accuracy}
        return {**summary, "steps": self.step}

    @property
    def agreement(self) -> Any:
        """The deviation of the engine's first step from eager; None for eager itself."""
        return self.engine.agreement

    @property
    def predict(self) -> Callable[[list[list[float]]], Outputs]:
        """The model's outputs for some inputs, one list a sample."""
        return predictor(self.engine)

    def table(self) -> None:
        """Each seed's numbers are a table; one seed has none."""

    def state_dict(self) -> dict[str, Any]:
        """The state on which the next steps depend, ready for JSON."""
        schedule = self.schedule.state_dict() if isinstance(self.schedule, Stateful) else None
        description = {"model": self.description} if self.description else {}
        return {
            "step": self.step,
            "seconds": self.seconds,
            "parameters": [listed(parameter.data) for parameter in self.engine.parameters],
            "optimizer": self.optimizer.state_dict(),
            "schedule": schedule,
            "batches": self.batches.state_dict(),
            **description,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on, bit for bit, as the trainer that gave the state would have.

        Raises ValueError, and changes nothing, for the state of another model or optimizer.
        """
        before = self.state_dict()
        try:
            self._load(state)
        except Exception:
            self._load(before)
            raise

    def _load(self, state: Mapping[str, Any]) -> None:
        parameters = self.engine.parameters
        _check_shapes(state["parameters"], [listed(parameter.data) for parameter in parameters])
        self.optimizer.load_state_dict(state["optimizer"])
        if isinstance(self.schedule, Stateful):
            self.schedule.load_state_dict(state["schedule"])
        self.batches.load_state_dict(state["batches"])
        for parameter, number in zip(parameters, state["parameters"], strict=True):
            parameter.data = restored(number, parameter.data)
        self.step, self.seconds = state["step"], state["seconds"]

    def files(self) -> dict[str, bytes]:
        """What is kept beside the checkpoint, by file name: for one seed, nothing."""
        return {}

    def load_files(self, files: Mapping[str, bytes]) -> None:
        """Take over what `files()` gave, after `load_state_dict()`."""

    def val_loss(self, step: int) -> float | None:
        """The loss of the validation data, at the steps at which it is measured."""
        if self.validation is None or step % self.validate_every:
            return None
        return self.evaluate(self.validation).loss

    def _clipped_norm(self) -> float:
        """Clip as asked; gives the norm before."""
        parameters = self.engine.parameters
        norm = grad_norm(parameters)
        if self.clip_value is not None:
            clip_grad_value(parameters, self.clip_value)
        if self.clip_norm is not None:
            clip_grad_norm(parameters, self.clip_norm)
        return norm

    def _accuracy(self, outputs: Any, targets: Sequence[Any]) -> float | None:
        if self.correct is None:
            return None
        right = sum(map(self.correct, listed(outputs), targets))
        return right / len(targets)


def _check_shapes(saved: Sequence[Any], ours: Sequence[Any]) -> None:
    """Raise ValueError where numbers and (nested) lists of them are not alike."""
    if [*map(_shape, saved)] == [*map(_shape, ours)]:
        return
    count, expected = (sum(map(_size, data)) for data in (saved, ours))
    if count == expected:
        raise ValueError("the state has the parameters of another engine or layer layout")
    raise ValueError(f"the state has {count} parameters, this model has {expected}")


def _shape(data: Any) -> list[int]:
    return [len(data), *_shape(data[0])] if isinstance(data, list) and data else []


def _size(data: Any) -> int:
    return math.prod(_shape(data))
