"""Lifted numbers held against eager Values: on the first step, and wherever one is not finite."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from minigrad.lift.kernels import Array
from minigrad.lift.lifted import Lifted
from minigrad.value import Value

TOLERANCE = 1e-9
"""Of the loss, and of the largest slope: more than this is no rounding."""

SAMPLES = 16
"""Of the first batch are run eagerly too."""

Eager: TypeAlias = Callable[[Sequence[int]], tuple[float, Any]]
"""Runs the chosen samples of a batch with Values, leaving gradients there; loss and outputs."""


class Disagreement(Exception):
    """The array program gives other numbers than the Values it was lifted from."""


@dataclass(frozen=True)
class Agreement:
    """The largest deviation from eager found in `samples` samples, and where.

    It is that of the loss relative to the loss, or that of a slope relative to the largest slope.
    """

    deviation: float
    samples: int
    where: str


class ArrayParameter:
    """All parameters as one array [..., parameters], for an optimizer to step."""

    def __init__(self, data: Array) -> None:
        self.data = data
        self.grad = np.zeros_like(data)


class Checked:
    """A lifted loss over `values`, whose numbers stand in one array `parameter`."""

    def __init__(self, lifted: Lifted, values: Sequence[Value], parameter: ArrayParameter) -> None:
        self.lifted, self.values, self.parameter = lifted, values, parameter
        self.agreement: Agreement | None = None

    def gradient(self, inputs: Sequence[Array], eager: Eager) -> tuple[float, Any]:
        """Mean loss and outputs [batch, outputs] of a batch; sets the parameter's `grad`.

        Raises Disagreement at the first call, ArithmeticError as `eager` does.
        """
        if self.agreement is None:
            self.agreement = self._agree(inputs, eager)
        with np.errstate(divide="raise", over="raise", invalid="raise"):
            try:
                loss, outputs, slopes = self.lifted.gradient(self.parameter.data, inputs)
            except FloatingPointError:
                return self._eagerly(inputs, eager)
        if not math.isfinite(loss):
            return self._eagerly(inputs, eager)
        self.parameter.grad = slopes.copy()
        return float(loss), outputs

    def evaluate(self, inputs: Sequence[Array], eager: Eager) -> tuple[float, Any]:
        """Mean loss and outputs, without gradients."""
        with np.errstate(divide="raise", over="raise", invalid="raise"):
            try:
                loss, outputs = self.lifted.evaluate(self.parameter.data, inputs)
            except FloatingPointError:
                loss, outputs = np.array(math.nan), None
        if not math.isfinite(loss):
            self.write_back()
            return eager(range(inputs[0].shape[-2]))
        return float(loss), outputs

    def write_back(self) -> None:
        """Give the numbers back to the Values."""
        for value, number in zip(self.values, self.parameter.data.tolist(), strict=True):
            value.data = number

    def _eagerly(self, inputs: Sequence[Array], eager: Eager) -> tuple[float, Any]:
        # It names the operation that broke; or, where a flag was raised on the way to numbers that
        # are finite all the same, gives the right ones.
        self.write_back()
        result = eager(range(inputs[0].shape[-2]))
        self.parameter.grad = np.array([value.grad for value in self.values])
        return result

    def _agree(self, inputs: Sequence[Array], eager: Eager) -> Agreement:
        batch = inputs[0].shape[-2]
        chosen = sorted({round(i * (batch - 1) / (SAMPLES - 1)) for i in range(SAMPLES)})
        self.write_back()
        loss, _ = eager(chosen)
        slopes = [value.grad for value in self.values]
        some = [given[chosen] for given in inputs]
        with np.errstate(all="ignore"):
            lifted_loss, _, lifted = self.lifted.gradient(self.parameter.data, some)
        return agreement(float(lifted_loss), lifted, loss, slopes, len(chosen))


def agreement(
    lifted_loss: float, lifted: Array, loss: float, slopes: Sequence[float], samples: int
) -> Agreement:
    """How far loss and slopes are from eager's. Raises Disagreement beyond TOLERANCE."""
    found = Agreement(abs(lifted_loss - loss) / (abs(loss) or 1.0), samples, "the loss")
    said = f"{lifted_loss!r}, eager {loss!r}"
    eager = np.array(slopes)
    if eager.size:
        deviations = np.abs(lifted - eager) / (np.abs(eager).max() or 1.0)
        worst = int(np.argmax(np.where(np.isnan(deviations), math.inf, deviations)))
        if not deviations[worst] <= found.deviation:
            where = f"the slope of parameter {worst}"
            found = Agreement(float(deviations[worst]), samples, where)
            said = f"{float(lifted[worst])!r}, eager {slopes[worst]!r}"
    if not found.deviation <= TOLERANCE:
        raise Disagreement(
            f"lifted and eager disagree: {found.where} is {said} over {samples} samples: does the "
            "loss branch on its data? train.engine=eager runs it as it is written"
        )
    return found
