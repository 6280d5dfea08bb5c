"""The way back through an array program: the calls that compute the gradient."""

from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from minigrad.lift.calls import Calls
from minigrad.lift.forward import Forward, listed, strided
from minigrad.lift.kernels import RULES, Array
from minigrad.lift.program import Operand, Operation, Piece, Program, Register

Emit: TypeAlias = Callable[[Array], None]


class Backward:
    """Emits the operations of `program` in reverse; fills `gradient`, that of the mean loss.

    A slope array is written by the first part that it receives, if that fills all of it; the
    others are added.
    """

    def __init__(self, program: Program, forward: Forward) -> None:
        self.forward, self.calls = forward, forward.calls
        self.gradient: Array = np.zeros_like(forward.parameters)
        self.adds_to_gradient = False
        self._slopes: dict[Register, Array] = {}
        self._written: set[int] = set()
        self._seed(program.loss)
        for operation, operands in zip(
            program.operations[::-1], forward.operands[::-1], strict=True
        ):
            if operation.out in self._slopes:
                self._emit(operation, operands)

    def _seed(self, loss: Operand) -> None:
        """The gradient of the mean with respect to each sample's loss: 1 / batch."""
        view = loss.view
        assert view  # sums.py gives the loss a row of its own
        assert view.register
        if view.register.has_slope:
            slope = self.calls.zeros(view.register.rows, view.register.per_sample)
            slope[..., view.rows, :] = 1 / slope.shape[-1]
            self._slopes[view.register] = slope

    def _emit(self, operation: Operation, operands: list[Any]) -> None:
        g = self._slopes[operation.out]
        if operation.op == "dot":
            self._dot_backward(operation, g, *operands)
        elif operation.op == "sum":
            for number, operand in enumerate(operation.operands):
                self._accumulate(operand, self._term(operation, g, number >= operation.plus), g)
        else:
            y = self.forward.array(operation.out)
            for operand, vjp in zip(operation.operands, RULES[operation.op].vjps, strict=False):
                self._accumulate(operand, partial(_emit_vjp, vjp, self.calls, g, y, operands), g)

    def _term(self, operation: Operation, g: Array, negative: bool) -> Emit:
        def emit(out: Array) -> None:
            if negative:
                self.calls.emit(np.negative, g, out)
            elif operation.terms > 1:
                self.calls.emit(np.copyto, self.forward.by_row(operation, out), g[..., None, :])
            else:
                self.calls.emit(np.copyto, out, g)

        return emit

    def _dot_backward(self, operation: Operation, g: Array, x: Array, weights: Array) -> None:
        index = np.array(operation.weights)
        indices = index.ravel().tolist()
        into = strided(self.gradient, index)
        if into is not None and into.strides[-1] == into.itemsize and self._is_new(indices):
            self.calls.emit(np.matmul, g, np.swapaxes(x, -1, -2), into)
        else:
            part = np.empty((*self.calls.lead, *index.shape))
            self.calls.emit(np.matmul, g, np.swapaxes(x, -1, -2), part)
            self._add_to_gradient(indices, part.reshape((*self.calls.lead, index.size, 1)))
        (operand,) = operation.operands
        transposed = np.swapaxes(weights[..., : operand.rows], -1, -2)
        self._accumulate(operand, lambda out: self.calls.emit(np.matmul, transposed, g, out), g)

    def _is_new(self, indices: list[int]) -> bool:
        """Whether these parameters differ and none has a gradient yet; from now on all have."""
        new = len(set(indices)) == len(indices) and self._written.isdisjoint(indices)
        self._written.update(indices)
        return new

    def _accumulate(self, operand: Operand, emit: Emit, g: Array) -> None:
        """Have `emit` fill an array with the operand's part of the gradient, and add it there."""
        if not operand.has_slope:
            return
        register = operand.whole
        if register and register not in self._slopes:
            slope = self.calls.zeros(register.rows, register.per_sample)
            if slope.shape[-1] == g.shape[-1]:
                self._slopes[register] = slope
                emit(slope)
                return
        shape = (*self.calls.lead, operand.rows, g.shape[-1])
        part = self.calls.buffer("part", shape)
        emit(part)
        for piece in operand.pieces:
            if piece.has_slope:
                self._add(piece, part, operand.rows)

    def _add(self, piece: Piece, part: Array, rows: int) -> None:
        """Add to the slope of a piece its rows of `part`, which has `rows` rows."""
        dest, source = listed(piece.dest), listed(piece.rows)
        if isinstance(piece.dest, slice):
            part = part[..., piece.dest, :]
        elif len(dest) < rows:
            part = self._taken(part, dest)
        if piece.register is None:
            self._add_to_gradient(source * (len(dest) // len(source)), part)
            return
        register = piece.register
        if register not in self._slopes:
            slope = self._slopes[register] = self.calls.zeros(register.rows, register.per_sample)
            if piece.rows == slice(0, register.rows) and slope.shape == part.shape:
                self.calls.emit(np.copyto, slope, part)
                return
            self.calls.emit(slope.fill, 0.0)
        slope = self._slopes[register]
        if slope.shape[-1] < part.shape[-1]:
            part = self._summed(part, -1)
        if len(source) == 1 and len(dest) > 1:
            part = self._summed(part, -2)
        if isinstance(piece.rows, slice):
            into = slope[..., piece.rows, :]
            self.calls.emit(np.add, into, part, into)
        else:
            self._scatter(slope, source, part)

    def _add_to_gradient(self, indices: list[int], part: Array) -> None:
        """Add to the parameters' gradient: [..., indices, batch], summed over the batch."""
        self._written.update(indices)
        self.adds_to_gradient = True
        if part.shape[-1] > 1:
            part = self._summed(part, -1)
        self._scatter(self.gradient[..., None], indices, part)

    def _scatter(self, into: Array, rows: list[int], part: Array) -> None:
        """Add the rows of `part` to these rows of `into`, of which some may come twice."""
        targets, counts = np.unique(rows, return_counts=True)
        if rows != targets.tolist():
            part = self._taken(part, np.argsort(rows, kind="stable"))
        if len(targets) < len(rows):
            shape = (*part.shape[:-2], len(targets), part.shape[-1])
            total = self.calls.buffer("reduced", shape)
            self.calls.emit(np.add.reduceat, part, np.cumsum(counts) - counts, -2, None, total)
            part = total
        first, last = int(targets[0]), int(targets[-1])
        if last - first == len(targets) - 1:
            view = into[..., first : last + 1, :]
            self.calls.emit(np.add, view, part, view)
        else:
            self.calls.emit(_add_rows, into, targets, part)

    def _taken(self, part: Array, dest: Any) -> Array:
        shape = (*part.shape[:-2], len(dest), part.shape[-1])
        taken = self.calls.buffer("taken", shape)
        self.calls.emit(np.take, part, np.asarray(dest), -2, taken, "clip")
        return taken

    def _summed(self, part: Array, axis: int) -> Array:
        shape = list(part.shape)
        shape[axis] = 1
        total = self.calls.buffer("summed", tuple(shape))
        self.calls.emit(np.add.reduce, part, axis, None, total, True)
        return total


def _emit_vjp(
    vjp: Callable[..., None], calls: Calls, g: Array, y: Array, operands: list[Any], out: Array
) -> None:
    vjp(calls, out, g, y, *operands)


def _add_rows(into: Array, targets: Any, part: Array) -> None:
    into[..., targets, :] += part
