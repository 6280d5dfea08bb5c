"""Lifted numbers compared with eager Values: on the first step, and if one is not finite."""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from minigrad.lift.agreement import SAMPLES, Agreement, Disagreement, Gradient, compare_gradients
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


class AsWritten:
    """A loss in eager Values, whose numbers are those of one array `parameter`."""

    agreement: Agreement | None = None

    def __init__(
        self, eager: Reference, values: Sequence[Value], parameter: ArrayParameter
    ) -> None:
        self.eager, self.values, self.parameter = eager, values, parameter

    def gradient(self, _inputs: Sequence[Array], batch: Batch) -> tuple[float, Any]:
        """Mean loss and outputs [batch, outputs] of a batch; sets the parameter's `grad`."""
        with self._lent():
            result = self.eager.gradient(batch)
            self.parameter.grad = np.array([value.grad for value in self.values])
        return result

    def evaluate(self, _inputs: Sequence[Array], batch: Batch) -> tuple[float, Any]:
        """Mean loss and outputs, without gradients."""
        with self._lent():
            return self.eager.evaluate(batch)

    @contextmanager
    def _lent(self, array: Array | None = None) -> Iterator[None]:
        """Within, the Values have the array's numbers, or the parameter's; then their own again."""
        before = [(value.data, value.grad) for value in self.values]
        array = self.parameter.data if array is None else array
        for value, number in zip(self.values, array.tolist(), strict=True):
            value.data, value.grad = number, 0.0
        try:
            yield
        finally:
            for value, (number, slope) in zip(self.values, before, strict=True):
                value.data, value.grad = number, slope


class Checked(AsWritten):
    """A lifted loss over `values`, whose numbers are stored in one array `parameter`.

    `eager` computes the same loss; with `also_moved` it is compared with other parameters too, as
    a loss may read their `.data`. Batches come twice: as arrays, and as eager takes them. Where a
    number is not finite, eager names the operation that broke; or, where a flag was raised on the
    way to numbers that are finite all the same, it gives the right ones.
    """

    def __init__(
        self,
        lifted: Lifted,
        eager: Reference,
        values: Sequence[Value],
        parameter: ArrayParameter,
        also_moved: bool = False,
    ) -> None:
        super().__init__(eager, values, parameter)
        self.lifted, self.also_moved = lifted, also_moved

    def gradient(self, inputs: Sequence[Array], batch: Batch) -> tuple[float, Any]:
        """Mean loss and outputs [batch, outputs] of a batch; sets the parameter's `grad`.

        Raises Disagreement at the first call, ArithmeticError as eager does.
        """
        try:
            if self.agreement is None:
                with flags_raise():
                    self.compare(inputs, batch)
            loss, outputs, slopes = _gradient(self.lifted, self.parameter.data, inputs)
        except FloatingPointError:
            return super().gradient(inputs, batch)
        if not math.isfinite(loss):
            return super().gradient(inputs, batch)
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
            return super().evaluate(inputs, batch)
        return float(loss), outputs

    def compare(self, inputs: Sequence[Array], batch: Batch) -> None:
        """Compare some samples with eager, for `agreement`. Raises Disagreement, and
        FloatingPointError at a flag.
        """
        chosen = spread(inputs[0].shape[-2], SAMPLES)
        with self._lent():
            loss, _ = self.eager.gradient(_chosen(batch, chosen))
            slopes = [value.grad for value in self.values]
        some = [array[chosen] for array in inputs]
        agreed = agree(self.lifted, self.parameter.data, some, loss, slopes)
        if self.also_moved:
            self._compare_moved([array[:1] for array in inputs], _chosen(batch, [0]))
        self.agreement = agreed

    def _compare_moved(self, inputs: Sequence[Array], batch: Batch) -> None:
        """Compare one sample with the parameters moved, as a step moves them: what the loss read by
        `.data` is a constant of the graph, and would keep its number. Raises Disagreement.
        """
        data = self.parameter.data
        moved = data + 2.0**-10 * np.maximum(abs(data), 1.0) * (-1.0) ** np.arange(len(data))
        try:
            with self._lent(moved):
                loss, _ = self.eager.gradient(batch)
                slopes = [value.grad for value in self.values]
            agree(self.lifted, moved, inputs, loss, slopes)
        except ArithmeticError:
            return  # there is no answer where they are now
        except Disagreement as error:
            raise Disagreement(
                "lifted and eager disagree once the parameters have changed: does the loss read "
                "their .data, or branch on it? train.engine=eager runs it as it is written"
            ) from error

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
            compare_gradients(ours, Gradient(loss, []), noise=none, samples=len(chosen))


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
    return compare_gradients(
        Gradient(float(ours), our_slopes.tolist()),
        Gradient(loss, slopes),
        noise=_noise(lifted, parameters, inputs, ours, our_slopes),
        samples=inputs[0].shape[-2],
    )


def _noise(
    lifted: Lifted, parameters: Array, inputs: Sequence[Array], loss: Array, slopes: Array
) -> Gradient:
    """How much loss and slopes change when every number moves; 0 where they are not finite then,
    since the nudge alone may leave a domain, as that of 0 ** 0.
    """
    rng = np.random.default_rng(0)
    moved = [array * (1 + rng.choice([-1, 1], array.shape) * 2**-49) for array in inputs]
    nudged = parameters * (1 + rng.choice([-1, 1], parameters.shape) * 2**-49)
    with np.errstate(all="ignore"):
        try:
            near, _, near_slopes = lifted.gradient(nudged, moved)
        except FloatingPointError:  # an engine that has no flags to ignore
            return Gradient(0.0, [0.0] * len(slopes))
        loss_noise, noise = 16 * abs(near - loss), 16 * abs(near_slopes - slopes)
    return Gradient(_finite(loss_noise), [_finite(one) for one in noise])


def _finite(noise: Any) -> float:
    return float(noise) if math.isfinite(noise) else 0.0


def flags_raise() -> Any:
    """A context in which division by 0, overflow and undefined operations raise."""
    return np.errstate(divide="raise", over="raise", invalid="raise")


# As a decorator, since a `with` block takes twice as long.
_gradient: Callable[[Lifted, Array, Sequence[Array]], tuple[Array, Array, Array]] = flags_raise()(
    lambda lifted, parameters, inputs: lifted.gradient(parameters, inputs)
)
