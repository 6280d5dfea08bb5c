"""Lifted numbers compared with eager Values: on the first step, and if one is not finite."""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from minigrad.lift.agreement import SAMPLES, Agreement, Gradient, agreement
from minigrad.lift.kernels import Array
from minigrad.lift.lifted import Lifted
from minigrad.value import Value

Batch: TypeAlias = Sequence[Sequence[Any]]
"""For each argument of the loss, one member a sample."""


@dataclass(frozen=True)
class Reference:
    """Runs a batch with Values: the mean loss, and whatever outputs.

    `gradient` leaves slopes in the Values. Both raise ArithmeticError as eager does.
    """

    gradient: Callable[[Batch], tuple[float, Any]]
    evaluate: Callable[[Batch], tuple[float, Any]]


class ArrayParameter:
    """All parameters as one array [..., parameters], for an optimizer to step."""

    def __init__(self, data: Array, grad: Array | None = None) -> None:
        self.data = data
        self.grad = np.zeros_like(data) if grad is None else grad


class Checked:
    """A lifted loss over `values`, whose numbers are stored in one array `parameter`.

    `eager` computes the same loss. Batches come twice: as arrays, and as eager takes them.
    """

    def __init__(
        self,
        lifted: Lifted,
        eager: Reference,
        values: Sequence[Value],
        parameter: ArrayParameter,
    ) -> None:
        self.lifted, self.eager, self.values, self.parameter = lifted, eager, values, parameter
        self.agreement: Agreement | None = None

    def gradient(self, inputs: Sequence[Array], batch: Batch) -> tuple[float, Any]:
        """Mean loss and outputs [batch, outputs] of a batch; sets the parameter's `grad`.

        Raises Disagreement at the first call, ArithmeticError as eager does.
        """
        with flags_raise():
            try:
                if self.agreement is None:
                    self.compare(inputs, batch)
                loss, outputs, slopes = self.lifted.gradient(self.parameter.data, inputs)
            except FloatingPointError:
                return self._eagerly(batch)
        if not math.isfinite(loss):
            return self._eagerly(batch)
        self.parameter.grad = slopes
        return float(loss), outputs

    def evaluate(self, inputs: Sequence[Array], batch: Batch) -> tuple[float, Any]:
        """Mean loss and outputs, without gradients."""
        with flags_raise():
            try:
                if self.agreement is None:
                    self._agree_on_loss(inputs, batch)
                loss, outputs = self.lifted.evaluate(self.parameter.data, inputs)
            except FloatingPointError:
                loss, outputs = np.array(math.nan), None
        if not math.isfinite(loss):
            with self._lent():
                return self.eager.evaluate(batch)
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

    def _eagerly(self, batch: Batch) -> tuple[float, Any]:
        # It names the operation that broke; or, where a flag was raised on the way to numbers that
        # are finite all the same, gives the right ones.
        with self._lent():
            result = self.eager.gradient(batch)
            self.parameter.grad = np.array([value.grad for value in self.values])
        return result

    def compare(self, inputs: Sequence[Array], batch: Batch) -> None:
        """Compare some samples with eager, for `agreement`. Raises Disagreement, and
        FloatingPointError at a flag.
        """
        chosen = spread(inputs[0].shape[-2], SAMPLES)
        with self._lent():
            loss, _ = self.eager.gradient(_chosen(batch, chosen))
            slopes = [value.grad for value in self.values]
        some = [array[chosen] for array in inputs]
        self.agreement = agree(self.lifted, self.parameter.data, some, loss, slopes)

    def _agree_on_loss(self, inputs: Sequence[Array], batch: Batch) -> None:
        """The same for the loss alone: a slope may be undefined."""
        try:
            self.compare(inputs, batch)
        except FloatingPointError:
            raise
        except ArithmeticError:
            chosen = spread(inputs[0].shape[-2], SAMPLES)
            with self._lent():
                loss, _ = self.eager.evaluate(_chosen(batch, chosen))
            lifted, _ = self.lifted.evaluate(
                self.parameter.data, [array[chosen] for array in inputs]
            )
            ours, none = Gradient(float(lifted), []), Gradient(0.0, [])
            agreement(ours, Gradient(loss, []), noise=none, samples=len(chosen))


def _chosen(batch: Batch, indices: Sequence[int]) -> list[list[Any]]:
    return [[argument[index] for index in indices] for argument in batch]


def spread(count: int, wanted: int) -> list[int]:
    """At most `wanted` of the indices below `count`, at equal distances."""
    return sorted({round(i * (count - 1) / max(wanted - 1, 1)) for i in range(wanted)})


def agree(
    lifted: Lifted, parameters: Array, inputs: Sequence[Array], loss: float, slopes: Sequence[float]
) -> Agreement:
    """How far a batch's lifted numbers are from eager's. Raises Disagreement.

    What changes as much when every number moves by a few units in its last place is rounding: it
    is what is left of a loss that has converged, or of slopes that cancel each other.
    """
    ours, _, our_slopes = lifted.gradient(parameters, inputs)
    rng = np.random.default_rng(0)
    moved = [array * (1 + rng.choice([-1, 1], array.shape) * 2**-49) for array in inputs]
    nudged = parameters * (1 + rng.choice([-1, 1], parameters.shape) * 2**-49)
    with np.errstate(all="ignore"):  # the nudge alone may leave a domain, as that of 0 ** 0
        near, _, near_slopes = lifted.gradient(nudged, moved)
        loss_noise, noise = 16 * abs(near - ours), 16 * abs(near_slopes - our_slopes)
    return agreement(
        Gradient(float(ours), our_slopes.tolist()),
        Gradient(loss, slopes),
        noise=Gradient(_finite(loss_noise), [_finite(one) for one in noise]),
        samples=inputs[0].shape[-2],
    )


def _finite(noise: Any) -> float:
    return float(noise) if math.isfinite(noise) else 0.0


def flags_raise() -> Any:
    """A context in which division by 0, overflow and undefined operations raise."""
    return np.errstate(divide="raise", over="raise", invalid="raise")
