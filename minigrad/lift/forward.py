"""The forward pass of an array program: the calls that compute every register."""

from collections import Counter
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from minigrad.lift.calls import Calls
from minigrad.lift.kernels import RULES, Array
from minigrad.lift.program import Operand, Operation, Piece, Program, Register, Rows, listed


class Forward:
    """Emits the operations of `program`; `operands` has for each of them what it reads.

    Where an operand is gathered from several registers, their rows are made in the gathered array
    itself if they can be, so that nothing has to be copied.
    """

    def __init__(self, program: Program, calls: Calls) -> None:
        self.calls = calls
        self.parameters: Array = calls.array(program.parameters)
        self._arrays: dict[Register, Array] = {}
        self._gathered: dict[int, Array] = {}  # by the operand's id
        self._place_of = _in_place(program)
        for operation in program.operations:
            for operand in operation.operands:
                self._place(operand, ones=operation.times * operation.has_bias)
        self.inputs = [self.array(register) for register in program.arguments]
        self.operands = []
        for operation in program.operations:
            with calls.for_data(not operation.out.has_slope):
                self.operands.append(self._emit(operation))

    def array(self, register: Register) -> Array:
        """The register's rows: the same array whenever it is asked for."""
        if register in self._place_of:
            return self.array(self._place_of[register])
        if register not in self._arrays:
            whole = self.calls.zeros(
                register.rows + register.ones, self.calls.columns(register.per_sample)
            )
            whole[..., register.rows :, :] = 1.0
            self._arrays[register] = whole
        return self._arrays[register][..., : register.rows, :]

    def _place(self, operand: Operand, ones: int = 0) -> None:
        """Make the array that an operand is gathered in, with rows of ones if a bias needs them."""
        if operand.view or not operand.pieces:
            return
        whole = self.calls.zeros(operand.rows + ones, self.calls.columns(operand.per_sample))
        whole[..., operand.rows :, :] = 1.0
        whole[..., list(operand.constants), :] = np.array([*operand.constants.values()])[:, None]
        self._gathered[id(operand)] = whole
        for piece in operand.pieces:
            register = piece.register
            if register is None or register in self._arrays or register.ones:
                continue
            if piece.is_copy_of(register) and register.per_sample == operand.per_sample:
                self._arrays[register] = whole[..., piece.dest, :]

    def _emit(self, operation: Operation) -> list[Any]:
        """Emit the operation; gives its operands as arrays."""
        y = self.array(operation.out)
        if operation.op == "dot":
            x, weights = self._inputs(operation), self._weights(operation)
            with self.calls.for_data(not operation.operands[0].has_slope):
                x = self.calls.side_by_side(x, operation.times)
            with self.calls.written_side_by_side(y, operation.times) as out:
                self.calls.emit_matmul(weights, x, out)
            return [x, weights]
        operands = [self.read(operand) for operand in operation.operands]
        if operation.op == "sum":
            self._sum(operation, y, operands)
        else:
            RULES[operation.op].forward(self.calls, y, *operands)
        return operands

    def read(self, operand: Operand) -> Any:
        """An operand as an array, or as a float if it is one constant."""
        if not operand.pieces:
            numbers = list(operand.constants.values())
            return numbers[0] if len(set(numbers)) == 1 else np.array(numbers)[:, None]
        if view := operand.view:
            return self._rows(view)
        if id(operand) not in self._gathered:  # the program's outputs
            self._place(operand)
        gathered = self._gathered[id(operand)]
        for piece in operand.pieces:
            with self.calls.for_data(not piece.has_slope):
                self._gather(gathered, piece)
        return gathered[..., : operand.rows, :]

    def _rows(self, piece: Piece) -> Array:
        if piece.register is None:
            rows: Array = self.parameters[..., piece.rows, None]
            return rows
        return self.array(piece.register)[..., piece.rows, :]

    def _gather(self, into: Array, piece: Piece) -> None:
        register = piece.register
        if isinstance(piece.rows, slice) and isinstance(piece.dest, slice):
            source, rows = self._rows(piece), into[..., piece.dest, :]
            if source.ctypes.data != rows.ctypes.data:  # else they are made there
                self.calls.emit(np.copyto, rows, source)
            return
        source = self.parameters[..., None] if register is None else self.array(register)
        if isinstance(piece.dest, slice) and source.shape[-1] == into.shape[-1]:
            index = np.array(listed(piece.rows))
            self.calls.emit(np.take, source, index, -2, into[..., piece.dest, :], "clip")
        else:
            self.calls.emit(_copy_rows, into, piece.dest, source, piece.rows)

    def _sum(self, operation: Operation, y: Array, operands: list[Any]) -> None:
        if operation.terms:
            self._sum_by_row(operation, y, operands[0])
            return
        plus, minus = operands[: operation.plus], operands[operation.plus :]
        if not plus:
            self.calls.emit(np.negative, minus.pop(0), y)
        else:
            first = plus.pop(0)
            if plus:
                self.calls.emit(np.add, first, plus.pop(0), y)
            elif minus:
                self.calls.emit(np.subtract, first, minus.pop(0), y)
            else:
                self.calls.emit(np.copyto, y, first)
        for term in plus:
            self.calls.emit(np.add, y, term, y)
        for term in minus:
            self.calls.emit(np.subtract, y, term, y)

    def _sum_by_row(self, operation: Operation, y: Array, terms: Array) -> None:
        if terms.shape[-2] == 1:  # the same term over and over
            rows = operation.operands[0].rows
            terms = np.broadcast_to(terms, (*self.calls.lead, rows, terms.shape[-1]))
        if operation.are_equally_many:
            self.calls.emit(np.add.reduce, self.by_row(operation, terms), -2, None, y)
        else:
            starts = np.cumsum([0, *operation.terms[:-1]])
            self.calls.emit(np.add.reduceat, terms, starts, -2, None, y)

    def by_row(self, operation: Operation, terms: Array) -> Array:
        """Equally many terms of each row, [..., rows, terms, batch]."""
        shape = (*self.calls.lead, operation.out.rows, operation.terms[0], terms.shape[-1])
        return np.reshape(terms, shape)

    def _inputs(self, operation: Operation) -> Array:
        """The inputs of a dot, with the row of ones if it has a bias."""
        (operand,) = operation.operands
        x: Array = self.read(operand)
        has_bias = operation.has_bias
        if not has_bias and x.shape[-2] == operand.rows:
            return x
        if has_bias and operation.times == 1 and (register := operand.whole):
            return self._arrays[register]
        if has_bias and id(operand) in self._gathered:
            return self._gathered[id(operand)]
        with_ones = self.calls.zeros(operand.rows + has_bias * operation.times, self.calls.batch)
        with_ones[..., operand.rows :, :] = 1.0
        with self.calls.for_data(not operand.has_slope):
            self.calls.emit(np.copyto, with_ones[..., : operand.rows, :], x)
        return with_ones

    def _weights(self, operation: Operation) -> Array:
        """The matrix of a dot: a view of the flat parameters if they lie in equal distances."""
        index = np.array(operation.weights)
        if (view := strided(self.parameters, index)) is not None:
            return view
        weights = self.calls.array(*index.shape)
        self.calls.emit(np.take, self.parameters, index, -1, weights, "clip")
        return weights


def _in_place(program: Program) -> dict[Register, Register]:
    """Registers that are read once, by an operation that can write over them: by what it makes."""
    operands = [operand for operation in program.operations for operand in operation.operands]
    reads = Counter(
        p.register for o in (*operands, program.loss, program.outputs) for p in o.pieces
    )
    sums = {operation.out for operation in program.operations if operation.op in ("dot", "sum")}
    places = {}
    for operation in program.operations:
        if operation.op in RULES and RULES[operation.op].in_place:
            register, out = operation.operands[0].whole, operation.out
            if register in sums and reads[register] == 1 and register.per_sample == out.per_sample:
                places[register] = out
    return places


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


def _copy_rows(into: Array, dest: Rows, source: Array, rows: Rows) -> None:
    into[..., dest, :] = source[..., rows, :]
