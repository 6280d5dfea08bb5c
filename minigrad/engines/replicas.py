"""Many models of one shape in one array program, each with its own numbers and its own data."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from minigrad.engines.eager import EagerEngine
from minigrad.engines.numpy import lift, takes_classes
from minigrad.lift.agreement import SAMPLES, Agreement, agreement
from minigrad.lift.checked import ArrayParameter
from minigrad.lift.kernels import Array
from nn import Module
from nn.losses import Loss

_CHECKED = 4  # replicas are held against eager at the first step


@dataclass
class Step:
    """Each replica's mean loss, and what broke in those that have none."""

    losses: Array
    failures: dict[int, str] = field(default_factory=dict)


class ReplicaEngine:
    """Runs `models`, which differ in their numbers alone, side by side.

    Batches are arrays: inputs [replicas, batch, features], targets [replicas, batch, numbers].
    """

    def __init__(self, models: Sequence[Module], loss: Loss, features: Sequence[float]) -> None:
        self.models, self.loss = list(models), loss
        first = EagerEngine(self.models[0], loss)
        self.classes = len(first.model(features)) if takes_classes(loss) else None
        self.lifted = lift(first, features, 0.0)
        numbers = [[value.data for value in model.parameters()] for model in self.models]
        self.parameter = ArrayParameter(np.array(numbers))
        self.agreement: Agreement | None = None

    def gradient(self, inputs: Array, targets: Array) -> Step:
        """Each replica's loss and gradient; one that breaks fails alone."""
        if self.agreement is None:
            self.agreement = self._agree(inputs, targets)
        with np.errstate(divide="raise", over="raise", invalid="raise"):
            try:
                losses, _, slopes = self.lifted.gradient(self.parameter.data, [inputs, targets])
                if np.isfinite(losses).all():
                    self.parameter.grad = slopes.copy()
                    return Step(losses)
            except FloatingPointError:
                pass
        return self._one_by_one(inputs, targets)

    def evaluate(self, inputs: Array, targets: Array) -> tuple[Array, Array]:
        """Each replica's loss (nan where it has none) and outputs [replicas, batch, outputs]."""
        with np.errstate(all="ignore"):
            losses, outputs = self.lifted.evaluate(self.parameter.data, [inputs, targets])
            return np.where(np.isfinite(losses), losses, np.nan), outputs

    def keep(self, replicas: Sequence[int]) -> None:
        """Go on with these alone."""
        self.models = [self.models[replica] for replica in replicas]
        self.parameter.data = self.parameter.data[list(replicas)]
        self.parameter.grad = self.parameter.grad[list(replicas)]

    def _one_by_one(self, inputs: Array, targets: Array) -> Step:
        step = Step(np.full(len(self.models), np.nan))
        slopes = np.zeros_like(self.parameter.data)
        for replica in range(len(self.models)):
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
        with np.errstate(divide="raise", over="raise", invalid="raise"):
            try:
                numbers = self.parameter.data[replica]
                loss, _, slopes = self.lifted.gradient(numbers, [inputs, targets])
                if math.isfinite(loss):
                    return float(loss), slopes
            except FloatingPointError:
                pass
        eager_loss, found = self._eagerly(replica, inputs, targets)
        return eager_loss, np.array(found)

    def _eagerly(self, replica: int, inputs: Array, targets: Array) -> tuple[float, list[float]]:
        eager = EagerEngine(self.models[replica], self.loss)
        for value, number in zip(eager.parameters, self.parameter.data[replica], strict=True):
            value.data = float(number)
        flat = targets.tolist() if targets.shape[-1] > 1 else targets[:, 0].tolist()
        loss, _ = eager.gradient(inputs.tolist(), flat)
        return loss, [value.grad for value in eager.parameters]

    def _agree(self, inputs: Array, targets: Array) -> Agreement:
        """Some replicas' first samples, held against eager: the largest deviation."""
        chosen = _spread(len(self.models), _CHECKED)
        samples = _spread(inputs.shape[1], SAMPLES // len(chosen))
        found = []
        for replica in chosen:
            some = inputs[replica][samples], targets[replica][samples]
            loss, slopes = self._eagerly(replica, *some)
            with np.errstate(all="ignore"):
                lifted_loss, _, lifted = self.lifted.gradient(self.parameter.data[replica], some)
            found.append(agreement(float(lifted_loss), lifted, loss, slopes, len(samples)))
        worst = max(found, key=lambda one: one.deviation)
        return Agreement(worst.deviation, len(chosen) * len(samples), worst.where)


def _spread(count: int, wanted: int) -> list[int]:
    """At most `wanted` of the indices below `count`, at equal distances."""
    return sorted({round(i * (count - 1) / max(wanted - 1, 1)) for i in range(wanted)})
