"""Many models of one shape in one array program, each with its own numbers and its own data."""

import math
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from minigrad.engines.eager import EagerEngine
from minigrad.lift.agreement import SAMPLES, Agreement
from minigrad.lift.checked import ArrayParameter, agree, flags_raise, spread
from minigrad.lift.kernels import Array
from minigrad.lift.lifted import Lifted
from minigrad.lift.models import lift_model, takes_classes
from nn import Module
from nn.losses import Loss

_CHECKED = 4  # replicas that are compared with eager at the first step


@dataclass
class Step:
    """Each replica's mean loss, and the error of those that have none."""

    losses: Array
    failures: dict[int, str] = field(default_factory=dict)


@dataclass
class Evaluated(Step):
    """The same, the outputs [replicas, batch, outputs], and how many of them are right, if the
    engine counts them.
    """

    outputs: Array = field(kw_only=True)
    correct: Array | None = None


class ReplicaEngine:
    """Runs a model with many rows of parameters, [replicas, parameters], at once.

    The numbers are in `parameter`; the model's own Values are written over. Batches are arrays:
    inputs [replicas, batch, features], targets [replicas, batch, numbers].
    """

    shares_data = False
    """Whether replicas that have the same data have them once, as [1, batch, ...]."""

    def __init__(
        self, model: Module, numbers: Array, loss: Loss, features: Sequence[float]
    ) -> None:
        self.eager = EagerEngine(model, loss)
        self.parameter = ArrayParameter(numbers)
        self.lifted = self._lifted(features)
        self.classes = self.lifted.program.outputs.rows if takes_classes(loss) else None
        self.agreement: Agreement | None = None

    def _lifted(self, features: Sequence[float]) -> Lifted:
        """Traced with the first numbers for which the sample has a finite loss."""
        last = len(self.parameter.data) - 1
        for replica in range(last):
            with suppress(ArithmeticError):
                return lift_model(self._eager(replica).model, self.eager.loss, features, 0.0)
        return lift_model(self._eager(last).model, self.eager.loss, features, 0.0)

    def gradient(self, inputs: Array, targets: Array) -> Step:
        """Each replica's loss and gradient; an error in one does not affect the others."""
        with flags_raise():
            try:
                if self.agreement is None:
                    self.agreement = self._agree(inputs, targets)
                losses, _, slopes = self.lifted.gradient(
                    self.parameter.data, [inputs, targets], copy=False
                )
                if np.isfinite(losses).all():
                    self.parameter.grad = slopes
                    return Step(losses)
            except ArithmeticError:  # a flag, or eager's own
                pass
        return self._one_by_one(inputs, targets)

    def evaluate(self, inputs: Array, targets: Array) -> Evaluated:
        """Each replica's loss and outputs, without gradients; an error in one affects no other."""
        with flags_raise():
            try:
                losses, outputs = self.lifted.evaluate(self.parameter.data, [inputs, targets])
                if np.isfinite(losses).all():
                    return Evaluated(losses, outputs=outputs)
            except FloatingPointError:
                pass
        return self._evaluate_one_by_one(inputs, targets)

    def keep(self, replicas: Sequence[int]) -> None:
        """Continue with these only."""
        self.parameter.data = self.parameter.data[list(replicas)]
        self.parameter.grad = self.parameter.grad[list(replicas)]

    def _one_by_one(self, inputs: Array, targets: Array) -> Step:
        step = Step(np.full(len(self.parameter.data), np.nan))
        slopes = np.zeros_like(self.parameter.data)
        for replica in range(len(self.parameter.data)):
            try:
                loss, slope = self._alone(replica, inputs[replica], targets[replica])
            except ArithmeticError as error:
                step.failures[replica] = str(error)
            else:
                step.losses[replica], slopes[replica] = loss, slope
        self.parameter.grad = slopes
        return step

    def _alone(self, replica: int, inputs: Array, targets: Array) -> tuple[float, Array]:
        """One replica's loss and gradient. Raises ArithmeticError as eager does."""
        with flags_raise():
            try:
                numbers = self.parameter.data[replica]
                loss, _, slopes = self.lifted.gradient(numbers, [inputs, targets])
                if math.isfinite(loss):
                    return float(loss), slopes
            except FloatingPointError:
                pass
        eager_loss, eager_slopes = self._eagerly(replica, inputs, targets)
        return eager_loss, np.array(eager_slopes)

    def _evaluate_one_by_one(self, inputs: Array, targets: Array) -> Evaluated:
        count, outputs = len(self.parameter.data), self.lifted.program.outputs.rows
        result = Evaluated(
            np.full(count, np.nan), outputs=np.full((count, inputs.shape[1], outputs), np.nan)
        )
        for replica in range(count):
            try:
                loss, output = self._evaluate_alone(replica, inputs[replica], targets[replica])
            except ArithmeticError as error:
                result.failures[replica] = str(error)
            else:
                result.losses[replica], result.outputs[replica] = loss, output
        return result

    def _evaluate_alone(self, replica: int, inputs: Array, targets: Array) -> tuple[float, Any]:
        """One replica's loss and outputs. Raises ArithmeticError as eager does."""
        with flags_raise():
            try:
                numbers = self.parameter.data[replica]
                loss, outputs = self.lifted.evaluate(numbers, [inputs, targets])
                if math.isfinite(loss):
                    return float(loss), outputs
            except FloatingPointError:
                pass
        return self._eager(replica).evaluate(inputs.tolist(), self._listed(targets))

    def _eager(self, replica: int) -> EagerEngine:
        """Eager with one replica's numbers."""
        numbers = self.parameter.data[replica].tolist()
        for value, number in zip(self.eager.parameters, numbers, strict=True):
            value.data = number
        return self.eager

    def _eagerly(self, replica: int, inputs: Array, targets: Array) -> tuple[float, list[float]]:
        eager = self._eager(replica)
        loss, _ = eager.gradient(inputs.tolist(), self._listed(targets))
        return loss, [value.grad for value in eager.parameters]

    def _listed(self, targets: Array) -> list[Any]:
        """Targets as a dataset has them: a number or the index of a class each."""
        listed = targets[:, 0] if self.classes is None else targets.argmax(axis=-1)
        return list(listed.tolist())

    def _agree(self, inputs: Array, targets: Array) -> Agreement | None:
        """The largest deviation from eager, for the first samples of some replicas.

        Replicas that fail there are left out; None if all of them fail.
        """
        chosen = spread(len(self.parameter.data), _CHECKED)
        samples = spread(inputs.shape[1], SAMPLES // len(chosen))
        agreements = []
        for replica in chosen:
            some = of_replica(inputs, replica)[samples], of_replica(targets, replica)[samples]
            try:
                loss, slopes = self._eagerly(replica, *some)
                agreements.append(
                    agree(self.lifted, self.parameter.data[replica], some, loss, slopes)
                )
            except ArithmeticError:
                continue
        if not agreements:
            return None
        worst = max(agreements, key=lambda one: one.deviation)
        return Agreement(worst.deviation, len(agreements) * len(samples), worst.where)


def of_replica(array: Array, replica: int) -> Any:
    """A replica's own part of an array [replicas, ...], or [1, ...] if all have the same."""
    return array[replica if len(array) > 1 else 0]
