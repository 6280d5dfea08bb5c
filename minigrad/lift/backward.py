"""The backward pass of an array program: the calls that compute the gradient."""

from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from minigrad.lift.calls import Calls
from minigrad.lift.forward import Forward, strided
from minigrad.lift.kernels import RULES, Array
from minigrad.lift.program import Operand, Operation, Piece, Program, Register, Rows, listed

Emit: TypeAlias = Callable[[Array], None]


class Backward:
    """Emits the operations of `program` in reverse; fills `gradient`, that of the mean loss.

    A register's slopes are one array, like its numbers. The first part that a row receives is
    written there, the others are added, and a row that receives none stays 0. The slopes of the
    parameters, which have no register, are the gradient.
    """

    def __init__(self, program: Program, forward: Forward) -> None:
        self.forward, self.calls = forward, forward.calls
        self.gradient: Array = self.calls.array(program.parameters)
        self._slopes: dict[Register | None, Array] = {None: self.gradient[..., None]}
        self._filled: dict[Register | None, set[int]] = {}
        self._shared: set[Register | None] = set()  # their array must not be written to again
        self._varying: set[Register | None] = set()  # their slopes depend on the parameters
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
            slopes = self._slopes_of(view.register)
            slopes[..., view.rows, :] = 1 / slopes.shape[-1]
            self._filled[view.register] = set(listed(view.rows))
            self._shared.add(view.register)

    def _emit(self, operation: Operation, operands: list[Any]) -> None:
        g = self._slopes[operation.out]
        if operation.op == "dot":
            self._dot(operation, g, *operands)
        elif operation.op == "sum" and operation.terms:
            (terms,) = operation.operands
            self._send(terms, g.shape[-1], lambda out: self._spread(operation, g, out))
        elif operation.op in ("sum", "neg"):
            for number, operand in enumerate(operation.operands):
                self._pass_on(operation, operand, g, negative=number >= operation.plus)
        else:
            y = self.forward.array(operation.out)
            for number, vjp in enumerate(RULES[operation.op].vjps[: len(operands)]):
                emit = partial(_emit_vjp, vjp, self.calls, g, y, operands)
                once = operation.op == "*" and not operation.operands[1 - number].has_slope
                once = once and operation.out not in self._varying
                if not self._write_over(operation, g, emit):
                    self._send(operation.operands[number], g.shape[-1], emit, once)

    def _write_over(self, operation: Operation, g: Array, emit: Emit) -> bool:
        """Use the array of the result's slopes for the operand's slopes too, if possible."""
        register = operation.operands[0].whole
        if (
            register is None
            or not RULES[operation.op].elementwise
            or not register.has_slope
            or register in self._slopes
            or operation.out in self._shared
            or len(self._filled[operation.out]) < register.rows  # a nan would remain in the others
            or self._columns(register) != g.shape[-1]
        ):
            return False
        self._slopes[register] = g
        self._filled[register] = set(range(register.rows))
        self._varying.add(register)
        emit(g)
        return True

    def _spread(self, operation: Operation, g: Array, out: Array) -> None:
        if operation.are_equally_many:
            self.calls.emit(np.copyto, self.forward.by_row(operation, out), g[..., None, :])
        else:
            rows = np.repeat(np.arange(operation.out.rows), operation.terms)
            self.calls.emit(np.take, g, rows, -2, out, "clip")

    def _pass_on(self, operation: Operation, operand: Operand, g: Array, negative: bool) -> None:
        """Send g itself, or its negative."""
        register, once = operand.whole, operation.out not in self._varying
        if register and register.has_slope and self._columns(register) == g.shape[-1]:
            if register not in self._slopes and not negative:
                self._slopes[register] = g
                self._filled[register] = set(range(register.rows))
                self._shared |= {register, operation.out}
                self._varying |= set() if once else {register}
                return
            if len(self._filled.get(register, ())) == register.rows:
                old, new = self._slopes[register], self._replaced(register)
                self.calls.emit(np.subtract if negative else np.add, old, g, new)
                return
        move = np.negative if negative else _copy
        self._send(operand, g.shape[-1], lambda out: self.calls.emit(move, g, out), once)

    def _dot(self, operation: Operation, g: Array, x: Array, weights: Array) -> None:
        """For y = weights @ x: add g @ x.T to the parameters' gradient, send weights.T @ g to x.

        The first product is written straight into the gradient where that is possible. A dot that
        applies its weights several `times` is computed as one with rows that much longer.
        """
        (operand,) = operation.operands
        index = np.array(operation.weights)
        indices = index.ravel().tolist()
        inputs, times = operand.rows // operation.times, operation.times
        columns = g.shape[-1]
        g = self.calls.side_by_side(g, times)
        x_transposed = np.swapaxes(x, -1, -2)
        if not operand.has_slope:  # once a batch, since BLAS is faster with it
            copied = np.empty(x_transposed.shape)
            with self.calls.for_data(True):
                self.calls.emit(np.copyto, copied, x_transposed)
            x_transposed = copied
        into = strided(self.gradient, index)
        if into is not None and into.strides[-1] == into.itemsize and self._are_new(indices):
            self._filled.setdefault(None, set()).update(indices)
            self.calls.emit_matmul(g, x_transposed, into)
        else:
            part = self.calls.array(*index.shape)
            self.calls.emit_matmul(g, x_transposed, part)
            self._add(None, indices, part.reshape((*self.calls.lead, index.size, 1)))
        transposed = np.swapaxes(weights[..., :inputs], -1, -2)

        def emit(out: Array) -> None:
            with self.calls.written_side_by_side(out, times) as whole:
                self.calls.emit_matmul(transposed, g, whole)

        self._send(operand, columns, emit)

    def _are_new(self, indices: list[int]) -> bool:
        """Whether these parameters differ and none of them has received a part of its slope."""
        filled = self._filled.get(None, set())
        return len(set(indices)) == len(indices) and filled.isdisjoint(indices)

    def _send(self, operand: Operand, columns: int, emit: Emit, once: bool = False) -> None:
        """Have `emit` fill an array, [..., rows, columns], with the operand's part of the gradient,
        and add it there.

        With `once` the part depends on the batch alone.
        """
        if not operand.has_slope:
            return
        if (view := operand.view) and (rows := self._new_rows(view, operand.rows, columns)):
            (into,) = rows
            once = once and view.register not in self._varying  # else a copy would undo it
            self._varying |= set() if once else {view.register}
            self._shared |= {view.register} if once else set()
            with self.calls.for_data(once):
                emit(into)
            return
        adopters = [piece for piece in operand.pieces if self._may_adopt(piece, columns)]
        make = self.calls.zeros if adopters else partial(self.calls.buffer, "part")
        part = make(operand.rows, columns)
        emit(part)
        for piece in operand.pieces:
            if piece in adopters:
                self._slopes[piece.register] = part[..., piece.dest, :]
                self._filled[piece.register] = set(listed(piece.rows))
                self._varying.add(piece.register)
            elif piece.has_slope:
                self._add_piece(piece, part, operand.rows)

    def _may_adopt(self, piece: Piece, columns: int) -> bool:
        """Whether a piece's rows of a part can be all of its register's slopes."""
        register = piece.register
        return (
            register is not None
            and register.has_slope
            and register not in self._slopes
            and piece.is_copy_of(register)
            and self._columns(register) == columns
        )

    def _new_rows(self, view: Piece, rows: int, columns: int) -> list[Array]:
        """The slopes of a view, to be written to, if none of its rows has received a part."""
        register, places = view.register, listed(view.rows)
        if register is None or len(places) != rows or self._columns(register) != columns:
            return []
        slopes, filled = self._slopes_of(register), self._filled.setdefault(register, set())
        if not filled.isdisjoint(places):
            return []
        filled.update(places)
        return [slopes[..., view.rows, :]]

    def _add_piece(self, piece: Piece, part: Array, rows: int) -> None:
        """Add to the slopes of a piece its rows of `part`, which has `rows` rows."""
        dest, source = listed(piece.dest), listed(piece.rows)
        if isinstance(piece.dest, slice):
            part = part[..., piece.dest, :]
        elif len(dest) < rows:
            part = self._taken(part, dest)
        if len(source) == 1 and len(dest) > 1:
            part = self._summed(part, -2)
        self._add(piece.register, piece.rows, part)

    def _add(self, register: Register | None, rows: Rows, part: Array) -> None:
        """Add the rows of `part` to these rows of the register's slopes: some may come twice."""
        slopes = self._slopes_of(register)
        self._varying.add(register)
        if part.shape[-1] > slopes.shape[-1]:
            part = self._summed(part, -1)
        places = listed(rows)
        targets, counts = np.unique(places, return_counts=True)
        if places != targets.tolist():
            part = self._taken(part, np.argsort(places, kind="stable"))
        if len(targets) < len(places):
            total = self.calls.buffer("reduced", len(targets), part.shape[-1])
            self.calls.emit(np.add.reduceat, part, np.cumsum(counts) - counts, -2, None, total)
            part = total
        self._put(register, targets.tolist(), part)

    def _put(self, register: Register | None, rows: list[int], part: Array) -> None:
        """Write rows that have received nothing yet, add to the others."""
        filled = self._filled.setdefault(register, set())
        new = [row for row in rows if row not in filled]
        filled.update(rows)
        if register in self._shared:
            old = self._slopes[register]
            self.calls.emit(np.copyto, self._replaced(register), old)
        slopes = self._slopes[register]
        if 0 < len(new) < len(rows):
            self.calls.emit(_clear_rows, slopes, new)
        add = len(new) < len(rows)
        first, last = rows[0], rows[-1]
        step = rows[1] - first if len(rows) > 1 else 1
        if rows == list(range(first, last + 1, step)):
            into = slopes[..., first : last + 1 : step, :]
            self.calls.emit(*((np.add, into, part, into) if add else (np.copyto, into, part)))
        else:
            self.calls.emit(_add_rows if add else _set_rows, slopes, np.array(rows), part)

    def _columns(self, register: Register) -> int:
        return self.calls.columns(register.per_sample)

    def _slopes_of(self, register: Register | None) -> Array:
        if register not in self._slopes:
            assert register
            self._slopes[register] = self.calls.zeros(register.rows, self._columns(register))
        return self._slopes[register]

    def _replaced(self, register: Register | None) -> Array:
        """The array for new slopes of a register: another one, if the old one is shared."""
        self._varying.add(register)
        if register in self._shared:
            self._shared.remove(register)
            self._slopes[register] = self.calls.zeros(*self._slopes[register].shape[-2:])
        return self._slopes[register]

    def _taken(self, part: Array, dest: Any) -> Array:
        taken = self.calls.buffer("taken", len(dest), part.shape[-1])
        self.calls.emit(np.take, part, np.asarray(dest), -2, taken, "clip")
        return taken

    def _summed(self, part: Array, axis: int) -> Array:
        rows, columns = part.shape[-2:]
        total = self.calls.buffer("summed", *((rows, 1) if axis == -1 else (1, columns)))
        self.calls.emit(np.add.reduce, part, axis, None, total, True)
        return total


def _emit_vjp(
    vjp: Callable[..., None], calls: Calls, g: Array, y: Array, operands: list[Any], out: Array
) -> None:
    vjp(calls, out, g, y, *operands)


def _copy(source: Array, out: Array) -> None:
    np.copyto(out, source)


def _clear_rows(slopes: Array, rows: list[int]) -> None:
    slopes[..., rows, :] = 0.0


def _set_rows(slopes: Array, rows: Any, part: Array) -> None:
    slopes[..., rows, :] = part


def _add_rows(slopes: Array, rows: Any, part: Array) -> None:
    slopes[..., rows, :] += part
