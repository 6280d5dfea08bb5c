"""Lifted numbers held against eager Values: on the first step, and wherever one is not finite."""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeAlias

import numpy as np

from minigrad.lift.agreement import SAMPLES, Agreement, agreement
from minigrad.lift.kernels import Array
from minigrad.lift.lifted import Lifted
from minigrad.value import Value

Eager: TypeAlias = Callable[[Sequence[int]], tuple[float, Any]]
"""Runs the chosen samples of a batch with Values, leaving gradients there; loss and outputs."""


class ArrayParameter:
    """All parameters as one array [..., parameters], for an optimizer to step."""

    def __init__(self, data: Array, grad: Array | None = None) -> None:
        self.data = data
        self.grad = np.zeros_like(data) if grad is None else grad


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
            with self._lent():
                return eager(range(inputs[0].shape[-2]))
        return float(loss), outputs

    @contextmanager
    def _lent(self) -> Iterator[None]:
        """Within, the Values have the array's numbers; then their own again."""
        before = [(value.data, value.grad) for value in self.values]
        for value, number in zip(self.values, self.parameter.data.tolist(), strict=True):
            value.data, value.grad = number, 0.0
        try:
            yield
        finally:
            for value, (number, slope) in zip(self.values, before, strict=True):
                value.data, value.grad = number, slope

    def _eagerly(self, inputs: Sequence[Array], eager: Eager) -> tuple[float, Any]:
        # It names the operation that broke; or, where a flag was raised on the way to numbers that
        # are finite all the same, gives the right ones.
        with self._lent():
            result = eager(range(inputs[0].shape[-2]))
            self.parameter.grad = np.array([value.grad for value in self.values])
        return result

    def _agree(self, inputs: Sequence[Array], eager: Eager) -> Agreement:
        batch = inputs[0].shape[-2]
        chosen = sorted({round(i * (batch - 1) / (SAMPLES - 1)) for i in range(SAMPLES)})
        with self._lent():
            loss, _ = eager(chosen)
            slopes = [value.grad for value in self.values]
        some = [given[chosen] for given in inputs]
        with np.errstate(all="ignore"):
            lifted_loss, _, lifted = self.lifted.gradient(self.parameter.data, some)
        return agreement(float(lifted_loss), lifted, loss, slopes, len(chosen))
