"""Calls of numpy's functions with their arguments bound, and the arrays that they use."""

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from minigrad.lift.kernels import Array

Call: TypeAlias = tuple[Callable[..., Any], tuple[Any, ...]]


class Calls:
    """Records calls for batches of `batch` samples, and makes each array that they need once.

    With `lead` = (n,) every array has a leading axis of n replicas.
    """

    def __init__(self, lead: tuple[int, ...], batch: int) -> None:
        self.lead, self.batch = lead, batch
        self._recorded: list[Call] = []
        self._buffers: dict[object, Any] = {}

    def emit(self, function: Callable[..., Any], *arguments: Any) -> None:
        """Record a call."""
        if function is np.matmul and self._may_dot(arguments[2]):
            function = np.dot
        if isinstance(function, np.ufunc):  # it converts a number at each call, an array never
            arguments = tuple([np.array(a) if type(a) is float else a for a in arguments])
        self._recorded.append((function, arguments))

    def take(self) -> list[Call]:
        """The calls recorded since the last time."""
        recorded, self._recorded = self._recorded, []
        return recorded

    def zeros(self, rows: int, per_sample: bool) -> Array:
        """An array [..., rows, batch], or [..., rows, 1] without `per_sample`, of its own."""
        return np.zeros((*self.lead, rows, self.batch if per_sample else 1))

    def buffer(self, name: object, shape: tuple[int, ...], dtype: type = float) -> Array:
        """The array of that name, shape and type: the same one whenever it is asked for."""
        key = name, shape, dtype
        if key not in self._buffers:
            self._buffers[key] = np.empty(shape, dtype)
        array: Array = self._buffers[key]
        return array

    def scratch(self, like: Array, dtype: type = float) -> Array:
        """An array for the moment: the next operation may use it too."""
        return self.buffer("scratch", like.shape, dtype)

    def saved(self, like: Array, name: str) -> Array:
        """An array of the operation's own, whose result `like` is, for the way back."""
        return self.buffer((name, like.ctypes.data), like.shape)

    def _may_dot(self, out: Array) -> bool:
        """Whether np.dot, with half the overhead, gives the same bits: not for a batch of 1."""
        return not self.lead and self.batch > 1 and bool(out.flags.c_contiguous)
