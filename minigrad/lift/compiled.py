"""The public interface of lifting: a hand-written loss, compiled."""

from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any

import numpy as np

from minigrad.lift.agreement import Agreement
from minigrad.lift.checked import ArrayParameter, AsWritten, Batch, Checked, Reference
from minigrad.lift.executors import EAGER, executor
from minigrad.lift.kernels import Array
from minigrad.lift.lifted import Lifted
from minigrad.lift.parameters import parameters_of
from minigrad.lift.printing import listing
from minigrad.lift.tracing import LiftError, as_values, numbers
from minigrad.terminal.text import excerpt
from minigrad.value import Value
from nn.losses import mean_loss


class Compiled:
    """A loss as an array program. `parameters` holds one array of all of them, for an optimizer.

    `agreement` has the deviation of the first batch from eager; None before.
    """

    def __init__(
        self, function: Callable[..., Value], parameters: Sequence[Value], engine: str = "numpy"
    ) -> None:
        self._run_by = None if engine == EAGER else executor(engine)
        self._function = function
        self._parameters = parameters_of(parameters)
        self._checked: Checked | None = None
        self._constants: list[float] = []  # those of the Values that it was traced with

    @property
    def parameters(self) -> list[ArrayParameter]:
        return [self._parameters.array]

    @property
    def agreement(self) -> Agreement | None:
        return self._checked.agreement if self._checked else None

    def gradient(self, *batch: Sequence[Any]) -> float:
        """The mean loss of a batch, one sequence of samples an argument; sets `grad`.

        Raises ArithmeticError, naming the operation, where the loss has no finite answer,
        LiftError and Disagreement where it cannot be lifted, ValueError for what is no batch.
        """
        arrays = self._arrays(batch)
        return self._ready(batch).gradient(arrays, batch)[0]

    def loss(self, *batch: Sequence[Any]) -> float:
        """The mean loss of a batch; gradients stay as they are. Raises as `gradient` does."""
        arrays = self._arrays(batch)
        return self._ready(batch).evaluate(arrays, batch)[0]

    def write_back(self) -> None:
        """Copy the parameters' numbers from the array into the Values."""
        self._parameters.write_back()

    def __str__(self) -> str:
        if self._run_by is None:
            return "not lifted: run as it is written, in eager Values"
        if self._checked is None:
            return "not traced yet: gradient() traces it on the first sample"
        return listing(self._checked.lifted.merged)

    def _arrays(self, batch: Sequence[Any]) -> list[Array]:
        """Each argument as [batch, numbers]. Raises ValueError for what is no batch."""
        for argument in batch:
            is_array = isinstance(argument, np.ndarray) and argument.ndim > 0
            is_text = isinstance(argument, (str, bytes))
            if is_text or not (is_array or isinstance(argument, Sequence)):
                raise ValueError(f"an argument is a sequence of samples, found {argument!r}")
        counts = [len(argument) for argument in batch]
        if len(set(counts)) != 1 or not counts[0]:
            sizes = ", ".join(map(str, counts)) or "no argument"
            raise ValueError(f"each argument needs as many samples, at least 1, found {sizes}")
        if self._checked and len(batch) != len(self._checked.lifted.program.arguments):
            wanted = len(self._checked.lifted.program.arguments)
            raise ValueError(f"the first batch had {wanted} arguments, found {len(batch)}")
        return [_array(argument) for argument in batch]

    def _ready(self, batch: Sequence[Sequence[Any]]) -> AsWritten:
        """What runs the loss: traced again if a Value that it takes for a constant has changed."""
        self._parameters.follow()
        values, array = self._parameters.values, self._parameters.array
        if self._run_by is None:
            return AsWritten(_reference(self._function), values, array)
        if self._checked and self._constants != _data(self._checked.lifted.constants):
            self._checked = None
        if self._checked is None:
            sample = [argument[0] for argument in batch]
            lifted = self._run_by(Lifted(_WithoutOutputs(self._function), sample, values))
            self._constants = _data(lifted.constants)
            self._checked = Checked(
                lifted, _reference(self._function), values, array, also_moved=True
            )
        return self._checked


def _reference(function: Callable[..., Value]) -> Reference:
    """The same loss in Values, its samples too, so that it may call their methods."""

    def of_sample(sample: Sequence[Any]) -> Any:
        constants: list[Value] = []
        arguments = [as_values(argument, constants) for argument in sample]
        for value in constants:
            value.op = "const"  # whose slope is not needed and may be undefined
        return function(*arguments)

    def mean(batch: Batch) -> Value:
        losses = [of_sample(sample) for sample in zip(*batch, strict=True)]
        return mean_loss([loss if isinstance(loss, Value) else _constant(loss) for loss in losses])

    def gradient(batch: Batch) -> tuple[float, None]:
        loss = mean(batch)
        loss.backward()
        return loss.data, None

    def evaluate(batch: Batch) -> tuple[float, None]:
        return mean(batch).data, None

    return Reference(gradient, evaluate)


def _constant(loss: Any) -> Value:
    """A loss that is a plain number. Raises LiftError for what is no loss."""
    try:
        return Value(loss)
    except TypeError:
        raise LiftError(
            f"the loss must be a Value, and this function gave {excerpt(repr(loss))}"
        ) from None


def _data(values: Sequence[Value]) -> list[float]:
    return [value.data for value in values]


class _WithoutOutputs:
    """The function, as `trace` wants it; it keeps its own names of arguments."""

    def __init__(self, function: Callable[..., Value]) -> None:
        self.function = self.__wrapped__ = function

    def __call__(self, *sample: Any) -> tuple[Value, list[Value]]:
        return self.function(*sample), []


def _array(samples: Sequence[Any]) -> Array:
    if isinstance(samples, np.ndarray) and samples.dtype.kind in "fiu":
        return samples.astype(float, copy=False).reshape(len(samples), -1)
    if (regular := _of_regular(samples)) is not None:
        return regular
    rows = [numbers(sample) for sample in samples]
    for index, row in enumerate(rows):
        if len(row) != len(rows[0]):
            raise ValueError(
                f"every sample needs as many numbers as the first, {len(rows[0])}: sample {index} "
                f"has {len(row)}"
            )
    return np.array(rows)


def _of_regular(samples: Sequence[Any]) -> Array | None:
    """Equally nested lists of plain numbers, without a look at each in Python; else None.

    A batch of the GPT in experiments/ takes 0.8 ms in place of 6.
    """
    members: list[Any] = list(samples)
    while set(map(type, members)) <= {list, tuple} and len(set(map(len, members))) == 1:
        members = list(chain.from_iterable(members))
    if not members or not set(map(type, members)) <= {int, float}:
        return None
    try:
        return np.array(members, dtype=float).reshape(len(samples), -1)
    except OverflowError:
        return None  # which is reported with the others
