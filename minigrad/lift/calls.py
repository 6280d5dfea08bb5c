"""Calls of numpy's functions with their arguments bound, and the arrays that they use."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

import numpy as np

from minigrad.lift.kernels import Array

ArrayCall: TypeAlias = tuple[Callable[..., Any], tuple[Any, ...]]

_LINE = 64  # bytes of a line of the cache


class Calls:
    """Records calls for batches of `batch` samples, and makes each array that they need once.

    With `lead` = (n,) every array has a leading axis of n replicas. `setup` has the calls that
    depend on the batch alone, not on the parameters.
    """

    def __init__(self, lead: tuple[int, ...], batch: int) -> None:
        self.lead, self.batch = lead, batch
        self.setup: list[ArrayCall] = []
        self._each_time: list[ArrayCall] = []
        self._into = self._each_time
        self._buffers: dict[object, Any] = {}

    def emit(self, function: Callable[..., Any], *arguments: Any) -> None:
        """Record a call."""
        if isinstance(function, np.ufunc):  # it converts a number at each call, an array never
            arguments = tuple([np.array(a) if type(a) is float else a for a in arguments])
        self._into.append((function, arguments))

    def emit_matmul(self, a: Array, b: Array, out: Array) -> None:
        """Record a product of matrices, one a replica, with the bits that each has alone.

        BLAS gives the same bits where it is called with matrices of the same shape and layout, but
        for a row times a column: there some of its kernels ask how the numbers lie in memory.
        """
        if out.shape[-2:] == (1, 1) and a.shape[-1] > 1:
            row, column = a[..., 0, :], b[..., :, 0]
            products = np.empty(row.shape)
            self.emit(np.multiply, row, column, products)
            self.emit(np.add.reduce, products, -1, None, out[..., 0], True)
        else:
            self.emit(np.dot if self._may_dot(a, b, out) else np.matmul, a, b, out)

    @contextmanager
    def for_data(self, condition: bool) -> Iterator[None]:
        """Within, if the condition holds, calls are recorded in `setup`."""
        before = self._into
        if condition:
            self._into = self.setup
        try:
            yield
        finally:
            self._into = before

    def take(self) -> list[ArrayCall]:
        """The calls recorded since the last time, but for those in `setup`."""
        recorded, self._each_time = self._each_time, []
        self._into = self._each_time
        return recorded

    def columns(self, per_sample: bool) -> int:
        """How long a row is."""
        return self.batch if per_sample else 1

    def zeros(self, rows: int, columns: int, dtype: type = float) -> Array:
        """An array [..., rows, columns] of its own."""
        return self.array(rows, columns, dtype=dtype)

    def array(self, *shape: int, dtype: type = float) -> Array:
        """An array [..., *shape] of its own."""
        return _aligned((*self.lead, *shape), dtype)

    def side_by_side(self, matrices: Array, times: int) -> Array:
        """So many rows in succession as one long row: [..., rows / times, times * batch]."""
        if times == 1:
            return matrices
        *lead, rows, columns = matrices.shape
        whole = matrices
        if not matrices.flags.c_contiguous:
            whole = np.empty(matrices.shape)
            self.emit(np.copyto, whole, matrices)
        return whole.reshape(*lead, rows // times, times * columns)

    @contextmanager
    def written_side_by_side(self, out: Array, times: int) -> Iterator[Array]:
        """An array of that shape to write to, from which `out` is filled."""
        if times == 1:
            yield out
            return
        *lead, rows, columns = out.shape
        whole = out if out.flags.c_contiguous else np.empty(out.shape)
        yield whole.reshape(*lead, rows // times, times * columns)
        if whole is not out:
            self.emit(np.copyto, out, whole)

    def buffer(self, name: object, rows: int, columns: int, dtype: type = float) -> Array:
        """The array [..., rows, columns] of that name: the same one whenever it is asked for."""
        key = name, rows, columns, dtype
        if key not in self._buffers:
            self._buffers[key] = self.zeros(rows, columns, dtype)
        array: Array = self._buffers[key]
        return array

    def scratch(self, like: Array, dtype: type = float) -> Array:
        """A temporary array: the next operation may use it too."""
        rows, columns = like.shape[-2:]
        return self.buffer("scratch", rows, columns, dtype)

    def saved(self, like: Array, name: str) -> Array:
        """An array for the backward pass of the operation whose result is `like`."""
        return self.buffer((name, like.ctypes.data), *like.shape[-2:])

    def _may_dot(self, a: Array, b: Array, out: Array) -> bool:
        """Whether np.dot, with half the overhead of np.matmul, gives the same bits.

        Both call BLAS in the same way if no matrix is transposed and none is a vector. A column
        times a row is exact.
        """
        if self.lead or not out.flags.c_contiguous:
            return False
        as_they_are = a.flags.c_contiguous and b.flags.c_contiguous
        return bool(a.shape[1] == 1 or (as_they_are and min(a.shape + b.shape) > 1))


def _aligned(shape: tuple[int, ...], dtype: type) -> Array:
    """Zeros that begin with a line of the processor's cache, as its widest loads are fastest."""
    size = math.prod(shape) * np.dtype(dtype).itemsize
    raw = np.zeros(size + _LINE, np.uint8)
    start = -raw.ctypes.data % _LINE
    array: Array = raw[start : start + size].view(dtype).reshape(shape)
    return array
