"""The public face of lifting: a hand-written loss, compiled."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minigrad.lift.agreement import Agreement
from minigrad.lift.checked import ArrayParameter, Checked
from minigrad.lift.kernels import Array
from minigrad.lift.lifted import Lifted
from minigrad.lift.printing import listing
from minigrad.value import Value


class Compiled:
    """A loss as an array program. `parameters` holds one array of all of them, for an optimizer.

    `agreement` says how far the first batch was from eager; None before.
    """

    def __init__(self, function: Callable[..., Value], parameters: Sequence[Value]) -> None:
        self._function, self._values = function, list(parameters)
        self._parameter = ArrayParameter(np.array([value.data for value in self._values]))
        self._checked: Checked | None = None

    @property
    def parameters(self) -> list[ArrayParameter]:
        return [self._parameter]

    @property
    def agreement(self) -> Agreement | None:
        return self._checked.agreement if self._checked else None

    def gradient(self, *batch: Sequence[Any]) -> float:
        """The mean loss of a batch, one sequence of samples an argument; sets `grad`.

        Raises ArithmeticError, naming the operation, where the loss has no finite answer.
        """
        return self._prepared(batch).gradient(_arrays(batch), self._eager(batch))[0]

    def loss(self, *batch: Sequence[Any]) -> float:
        """The mean loss of a batch; gradients stay as they are."""
        return self._prepared(batch).evaluate(_arrays(batch), self._eager(batch))[0]

    def write_back(self) -> None:
        """Copy the parameters' numbers from the array into the Values."""
        for value, number in zip(self._values, self._parameter.data.tolist(), strict=True):
            value.data = number

    def __str__(self) -> str:
        if self._checked is None:
            return "not traced yet: gradient() traces it on the first sample"
        return listing(self._checked.lifted.program)

    def _prepared(self, batch: Sequence[Sequence[Any]]) -> Checked:
        if not batch or any(len(argument) != len(batch[0]) for argument in batch):
            counts = ", ".join(str(len(argument)) for argument in batch) or "none"
            raise ValueError(f"each argument needs as many samples, found {counts}")
        if len(batch[0]) == 0:
            raise ValueError("a batch needs at least one sample")
        if self._checked is None:
            sample = [argument[0] for argument in batch]
            lifted = Lifted(self._function, sample, self._values)
            self._checked = Checked(lifted, self._values, self._parameter)
        return self._checked

    def _eager(self, batch: Sequence[Sequence[Any]]) -> Callable[[Sequence[int]], Any]:
        def eager(chosen: Sequence[int]) -> tuple[float, None]:
            losses = [self._function(*[_plain(arg[i]) for arg in batch]) for i in chosen]
            mean = sum(losses[1:], losses[0]) / len(losses)
            mean.backward()
            return mean.data, None

        return eager


def _plain(sample: Any) -> Any:
    return sample.tolist() if hasattr(sample, "tolist") else sample


def _arrays(batch: Sequence[Sequence[Any]]) -> list[Array]:
    """Each argument as [batch, numbers]."""
    found = []
    for argument in batch:
        array = np.asarray(argument, dtype=float)
        found.append(array.reshape(len(array), -1))
    return found
