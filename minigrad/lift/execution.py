"""An array program with its arrays: straight-line code, forward and back.

Every array is made once, and every operation becomes a call of one of numpy's functions with its
arguments bound. To run the program is to make these calls, one after the other.

Arrays have the shape [..., rows, batch], and [..., rows, 1] where a number is no sample's; the
leading axis, if any, is one of replicas. Parameters have the shape [..., parameters].
"""

from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from minigrad.lift.kernels import RULES, Array
from minigrad.lift.program import Operand, Operation, Piece, Program, Register, Rows

Emit: TypeAlias = Callable[[Array], None]
Call: TypeAlias = tuple[Callable[..., Any], tuple[Any, ...]]


class Execution:
    """A program for batches of `batch` samples and, with `lead` = (n,), for n replicas at once.

    Fill `parameters` and `inputs`, call `forward()`, read `outputs` and `total`, the loss summed
    over `terms` samples; call `backward()` and read `gradient`, that of the mean loss.
    """

    def __init__(self, program: Program, lead: tuple[int, ...], batch: int, slopes: bool) -> None:
        self.lead, self.batch = lead, batch
        self.parameters: Array = np.zeros((*lead, program.parameters))
        self.gradient: Array = np.zeros_like(self.parameters)
        self._arrays: dict[Register, Array] = {}
        self._slopes: dict[Register, Array] = {}
        self._scratch: dict[object, Any] = {}
        self._written: set[int] = set()
        self._adds_to_gradient = False
        self._calls: list[Call] = []
        self.given: Any = None  # the list of arrays that the inputs were copied from
        self.inputs = [self._array(register) for register in program.arguments]
        operands = [self._forward(operation) for operation in program.operations]
        self.total: Array = np.zeros((*lead, 1))
        self.terms = 1
        if program.loss is not program.outputs:  # else it is a program of the outputs alone
            losses = self._read(program.loss)
            self.terms = losses.shape[-1]
            self(np.add.reduce, losses, -1, None, self.total)
        outputs = self._read(program.outputs)
        self.outputs = np.broadcast_to(outputs, (*lead, program.outputs.rows, batch))
        self._forward_calls, self._calls = self._calls, []
        if slopes:
            self._seed(program.loss)
            for operation, read in zip(program.operations[::-1], operands[::-1], strict=True):
                if operation.out in self._slopes:
                    self._backward(operation, read)
        clear: list[Call] = [(self.gradient.fill, (0.0,))] if self._adds_to_gradient else []
        self._backward_calls = clear + self._calls

    def forward(self) -> None:
        for function, arguments in self._forward_calls:
            function(*arguments)

    def backward(self) -> None:
        for function, arguments in self._backward_calls:
            function(*arguments)

    # What the rules in kernels.py use.

    def __call__(self, function: Callable[..., Any], *arguments: Any) -> None:
        if function is np.matmul and self._may_dot(arguments[2]):
            function = np.dot
        if isinstance(function, np.ufunc):  # it converts a number at each call, an array never
            arguments = tuple([np.array(a) if type(a) is float else a for a in arguments])
        self._calls.append((function, arguments))

    def _may_dot(self, out: Array) -> bool:
        """Whether np.dot, with half the overhead, gives the same bits: not for a batch of 1."""
        return not self.lead and self.batch > 1 and bool(out.flags.c_contiguous)

    def scratch(self, like: Array, dtype: type = float) -> Array:
        return self._made((dtype, like.shape), like.shape, dtype)

    def kept(self, like: Array, name: str) -> Array:
        return self._made((name, like.ctypes.data), like.shape, float)

    def _made(self, key: object, shape: tuple[int, ...], dtype: type) -> Array:
        if key not in self._scratch:
            self._scratch[key] = np.empty(shape, dtype)
        found: Array = self._scratch[key]
        return found

    # Forward.

    def _array(self, register: Register) -> Array:
        """The register's rows: the same array whenever it is asked for."""
        if register not in self._arrays:
            whole = self._shaped(register.rows + register.ones, register.per_sample)
            whole[..., register.rows :, :] = 1.0
            self._arrays[register] = whole
        return self._arrays[register][..., : register.rows, :]

    def _shaped(self, rows: int, per_sample: bool) -> Array:
        return np.zeros((*self.lead, rows, self.batch if per_sample else 1))

    def _forward(self, operation: Operation) -> list[Any]:
        """Emit the operation; gives its operands as arrays."""
        y = self._array(operation.out)
        if operation.op == "dot":
            x, weights = self._inputs(operation), self._weights(operation)
            self(np.matmul, weights, x, y)
            return [x, weights]
        operands = [self._read(operand) for operand in operation.operands]
        if operation.op == "sum":
            self._sum(operation, y, operands)
        else:
            RULES[operation.op].forward(self, y, *operands)
        return operands

    def _read(self, operand: Operand) -> Any:
        """An operand as an array, or as a float if it is one constant."""
        if not operand.pieces:
            numbers = list(operand.constants.values())
            return numbers[0] if len(set(numbers)) == 1 else np.array(numbers)[:, None]
        if view := operand.view:
            return self._rows(view)
        gathered = self._shaped(operand.rows, operand.per_sample)
        gathered[..., list(operand.constants), :] = np.array([*operand.constants.values()])[:, None]
        for piece in operand.pieces:
            self._gather(gathered, piece)
        return gathered

    def _rows(self, piece: Piece) -> Array:
        if piece.register is None:
            found: Array = self.parameters[..., piece.rows, None]
            return found
        return self._array(piece.register)[..., piece.rows, :]

    def _gather(self, into: Array, piece: Piece) -> None:
        if isinstance(piece.rows, slice) and isinstance(piece.dest, slice):
            self(np.copyto, into[..., piece.dest, :], self._rows(piece))
            return
        register = piece.register
        source = self.parameters[..., None] if register is None else self._array(register)
        if isinstance(piece.dest, slice) and source.shape[-1] == into.shape[-1]:
            index = np.array(_listed(piece.rows))
            self(np.take, source, index, -2, into[..., piece.dest, :], "clip")
        else:
            self(_copy_rows, into, piece.dest, source, piece.rows)

    def _sum(self, operation: Operation, y: Array, operands: list[Any]) -> None:
        if operation.terms > 1:
            self(np.add.reduce, self._by_row(operation, operands[0]), -2, None, y)
            return
        plus, minus = operands[: operation.plus], operands[operation.plus :]
        if not plus:
            self(np.negative, minus.pop(0), y)
        else:
            first = plus.pop(0)
            if plus:
                self(np.add, first, plus.pop(0), y)
            elif minus:
                self(np.subtract, first, minus.pop(0), y)
            else:
                self(np.copyto, y, first)
        for term in plus:
            self(np.add, y, term, y)
        for term in minus:
            self(np.subtract, y, term, y)

    def _by_row(self, operation: Operation, terms: Array) -> Array:
        """Terms of many rows, [..., rows, terms, batch]."""
        if terms.shape[-2] == 1:  # the same term over and over
            rows = operation.operands[0].rows
            terms = np.broadcast_to(terms, (*self.lead, rows, terms.shape[-1]))
        shape = (*self.lead, operation.out.rows, operation.terms, terms.shape[-1])
        return np.reshape(terms, shape)

    def _inputs(self, operation: Operation) -> Array:
        """The inputs of a dot, with the row of ones if it has a bias."""
        (operand,) = operation.operands
        x: Array = self._read(operand)
        has_bias = len(operation.weights[0]) > operand.rows
        if not has_bias and x.shape[-2] == operand.rows:
            return x
        if has_bias and (register := operand.whole):
            return self._arrays[register]
        with_ones = self._shaped(operand.rows + has_bias, per_sample=True)
        with_ones[..., operand.rows :, :] = 1.0
        self(np.copyto, with_ones[..., : operand.rows, :], x)
        return with_ones

    def _weights(self, operation: Operation) -> Array:
        """The matrix of a dot: a view of the flat parameters if they lie in equal distances."""
        index = np.array(operation.weights)
        if (view := strided(self.parameters, index)) is not None:
            return view
        weights = np.empty((*self.lead, *index.shape))
        self(np.take, self.parameters, index, -1, weights, "clip")
        return weights

    # Backward. A slope array is written by the first share, if that fills all of it; others add.

    def _seed(self, loss: Operand) -> None:
        """The gradient of the mean with respect to each sample's loss: 1 / batch."""
        view = loss.view
        assert view  # sums.py gives the loss a row of its own
        assert view.register
        if view.register.has_slope:
            slope = self._shaped(view.register.rows, view.register.per_sample)
            slope[..., view.rows, :] = 1 / slope.shape[-1]
            self._slopes[view.register] = slope

    def _backward(self, operation: Operation, operands: list[Any]) -> None:
        g = self._slopes[operation.out]
        if operation.op == "dot":
            self._dot_backward(operation, g, *operands)
        elif operation.op == "sum":
            for number, operand in enumerate(operation.operands):
                self._share(operand, self._term_share(operation, g, number >= operation.plus), g)
        else:
            y = self._array(operation.out)
            for operand, share in zip(operation.operands, RULES[operation.op].shares, strict=False):
                self._share(operand, partial(_emit_share, share, self, g, y, operands), g)

    def _term_share(self, operation: Operation, g: Array, negative: bool) -> Emit:
        def emit(out: Array) -> None:
            if negative:
                self(np.negative, g, out)
            elif operation.terms > 1:
                self(np.copyto, self._by_row(operation, out), g[..., None, :])
            else:
                self(np.copyto, out, g)

        return emit

    def _dot_backward(self, operation: Operation, g: Array, x: Array, weights: Array) -> None:
        index = np.array(operation.weights)
        indices = index.ravel().tolist()
        into = strided(self.gradient, index)
        if into is not None and into.strides[-1] == into.itemsize and self._is_new(indices):
            self(np.matmul, g, np.swapaxes(x, -1, -2), into)
        else:
            share = np.empty((*self.lead, *index.shape))
            self(np.matmul, g, np.swapaxes(x, -1, -2), share)
            self._add_to_gradient(indices, share.reshape((*self.lead, index.size, 1)))
        (operand,) = operation.operands
        transposed = np.swapaxes(weights[..., : operand.rows], -1, -2)
        self._share(operand, lambda out: self(np.matmul, transposed, g, out), g)

    def _is_new(self, indices: list[int]) -> bool:
        """Whether these parameters differ and none has received a share; from now on all have."""
        new = len(set(indices)) == len(indices) and self._written.isdisjoint(indices)
        self._written.update(indices)
        return new

    def _share(self, operand: Operand, emit: Emit, g: Array) -> None:
        """Have `emit` fill an array with the operand's share, and add it where it belongs."""
        if not operand.has_slope:
            return
        register = operand.whole
        if register and register not in self._slopes:
            slope = self._shaped(register.rows, register.per_sample)
            if slope.shape[-1] == g.shape[-1]:
                self._slopes[register] = slope
                emit(slope)
                return
        shape = (*self.lead, operand.rows, g.shape[-1])
        share = self._made(("share", shape), shape, float)
        emit(share)
        for piece in operand.pieces:
            if piece.has_slope:
                self._add(piece, share, operand.rows)

    def _add(self, piece: Piece, share: Array, rows: int) -> None:
        """Add a piece's part of a share of `rows` rows."""
        dest, source = _listed(piece.dest), _listed(piece.rows)
        if isinstance(piece.dest, slice):
            share = share[..., piece.dest, :]
        elif len(dest) < rows:
            share = self._taken(share, dest)
        if piece.register is None:
            self._add_to_gradient(source * (len(dest) // len(source)), share)
            return
        register = piece.register
        if register not in self._slopes:
            slope = self._slopes[register] = self._shaped(register.rows, register.per_sample)
            if piece.rows == slice(0, register.rows) and slope.shape == share.shape:
                self(np.copyto, slope, share)
                return
            self(slope.fill, 0.0)
        slope = self._slopes[register]
        if slope.shape[-1] < share.shape[-1]:
            share = self._summed(share, -1)
        if len(source) == 1 and len(dest) > 1:
            share = self._summed(share, -2)
        if isinstance(piece.rows, slice):
            into = slope[..., piece.rows, :]
            self(np.add, into, share, into)
        else:
            self._scatter(slope, source, share)

    def _add_to_gradient(self, indices: list[int], share: Array) -> None:
        """Add to the parameters' gradient: [..., indices, batch], summed over the batch."""
        self._written.update(indices)
        self._adds_to_gradient = True
        if share.shape[-1] > 1:
            share = self._summed(share, -1)
        self._scatter(self.gradient[..., None], indices, share)

    def _scatter(self, into: Array, rows: list[int], share: Array) -> None:
        """Add rows of a share to these rows, of which some may come twice."""
        targets, counts = np.unique(rows, return_counts=True)
        if rows != targets.tolist():
            share = self._taken(share, np.argsort(rows, kind="stable"))
        if len(targets) < len(rows):
            shape = (*share.shape[:-2], len(targets), share.shape[-1])
            total = self._made(("reduced", shape), shape, float)
            self(np.add.reduceat, share, np.cumsum(counts) - counts, -2, None, total)
            share = total
        first, last = int(targets[0]), int(targets[-1])
        if last - first == len(targets) - 1:
            view = into[..., first : last + 1, :]
            self(np.add, view, share, view)
        else:
            self(_add_rows, into, targets, share)

    def _taken(self, share: Array, dest: Any) -> Array:
        shape = (*share.shape[:-2], len(dest), share.shape[-1])
        taken = self._made(("taken", shape), shape, float)
        self(np.take, share, np.asarray(dest), -2, taken, "clip")
        return taken

    def _summed(self, share: Array, axis: int) -> Array:
        shape = list(share.shape)
        shape[axis] = 1
        total = self._made(("summed", axis, tuple(shape)), tuple(shape), float)
        self(np.add.reduce, share, axis, None, total, True)
        return total


def strided(flat: Array, index: NDArray[np.int64]) -> Array | None:
    """flat[..., index] as a view, for an `index` of equal steps along rows and along columns."""
    start = index[0, 0]
    down = int(index[1, 0] - start) if index.shape[0] > 1 else index.shape[1]
    along = int(index[0, 1] - start) if index.shape[1] > 1 else 1
    rows, columns = np.indices(index.shape)
    if min(down, along) < 1 or not np.array_equal(start + down * rows + along * columns, index):
        return None
    shape = (*flat.shape[:-1], *index.shape)
    item = flat.itemsize
    return as_strided(flat[..., start:], shape, (*flat.strides[:-1], down * item, along * item))


def _emit_share(
    share: Callable[..., None], e: Execution, g: Array, y: Array, operands: list[Any], out: Array
) -> None:
    share(e, out, g, y, *operands)


def _listed(rows: Rows) -> list[int]:
    return list(range(rows.start, rows.stop, rows.step or 1)) if isinstance(rows, slice) else rows


def _copy_rows(into: Array, dest: Rows, source: Array, rows: Rows) -> None:
    into[..., dest, :] = source[..., rows, :]


def _add_rows(into: Array, targets: Any, share: Array) -> None:
    into[..., targets, :] += share
