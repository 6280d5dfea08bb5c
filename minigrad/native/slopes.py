"""The way back: instructions that send shares of each operation's slope to its operands.

The first share that fills all of a register's slope writes it, others add. What goes to one place
from several, or is summed over the samples on its way, is written apart first and then scattered.
"""

from collections.abc import Callable
from dataclasses import dataclass

from minigrad.lift.program import Operand, Operation, Piece, Register
from minigrad.native.code import FIRST_CHUNK, NO_SLOTS, WEIGHT_ROW, Rows, Slots
from minigrad.native.layout import Layout, at_equal_distances, extent, pairs
from minigrad.native.shares import SHARES, Share


@dataclass(frozen=True)
class Operands:
    """What an operation's way back reads: its result, operands, what it kept, a dot's weights."""

    y: Rows
    read: list[Rows]
    kept: Rows | None = None
    slots: Slots = NO_SLOTS


@dataclass(frozen=True)
class Part:
    """Rows first, first + step, ... of an operand, `count` of them."""

    first: int
    step: int
    count: int

    def of(self, rows: Rows) -> Rows:
        return rows.picked(self.first, self.step)


Emit = Callable[[Rows, Part, bool], None]
"""Fills rows with a part of an operand's share, or adds it to them."""

_FEW = 4
"""Pieces of an operand that are sent one by one; more are written apart and scattered."""


class Slopes:
    """Emits the way back, from the loss on."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self._slopes: dict[Register, Rows] = {}
        self._apart: dict[bool, tuple[Rows, int]] = {}
        view = layout.program.loss.view
        assert view  # sums.py gives the loss a row of its own
        register = view.register
        assert register
        assert isinstance(view.rows, slice)
        if register.has_slope:
            slope = self._slope(register, zeroed=register.rows > 1)
            weight = Rows(WEIGHT_ROW) if register.per_sample else Rows(FIRST_CHUNK, 0, True)
            layout.emit("copy", 1, y=slope.picked(view.rows.start), a=weight)

    def backward(self, operation: Operation, operands: Operands) -> None:
        g = self._slopes.get(operation.out)
        if g is None:
            return
        if operation.op == "dot":
            self._dot(operation, operands, g)
        elif operation.op == "sum":
            self._sum(operation, g)
        else:
            for operand, share in zip(operation.operands, SHARES[operation.op], strict=False):
                self._send(operand, g, self._emitter(share, operands, g))

    def _emitter(self, share: Share, operands: Operands, g: Rows) -> Emit:
        places = {"y": operands.y, "k": operands.kept}
        places |= {str(number): rows for number, rows in enumerate(operands.read)}
        reads = [places[letter] for letter in share.reads]

        def emit(into: Rows, part: Part, adds: bool) -> None:
            named = {name: part.of(rows) for name, rows in zip("bc", reads, strict=False) if rows}
            self.layout.emit(share.op, part.count, y=into, a=part.of(g), adds=adds, **named)

        return emit

    def _sum(self, operation: Operation, g: Rows) -> None:
        rows, terms = operation.out.rows, operation.terms

        def emit(into: Rows, part: Part, adds: bool) -> None:
            if terms == 1:
                self.layout.emit(op, part.count, y=into, a=part.of(g), adds=adds)
                return
            for term in range(terms):
                to = into.picked(term, terms)
                self.layout.emit("copy", rows, y=to, a=g, adds=adds)

        for number, operand in enumerate(operation.operands):
            op = "copy" if number < operation.plus else "negative"
            self._send(operand, g, emit, whole=terms > 1)

    def _dot(self, operation: Operation, operands: Operands, g: Rows) -> None:
        (operand,), (x,), slots = operation.operands, operands.read, operands.slots
        rows, inner, emit_to = operation.out.rows, operand.rows, self.layout.emit
        emit_to("outer", rows, a=g, b=x, inner=inner, slots=slots)
        if len(operation.weights[0]) > inner:
            bias = Slots(slots.start + inner * slots.along, slots.down)
            emit_to("sum_samples", rows, a=g, slots=bias)
        if not at_equal_distances(operation.weights):
            indices = [index for row in operation.weights for index in row]
            table = self.layout.tabled(indices)
            emit_to("scatter_weights", len(indices), slots=Slots(slots.start, 1), table=table)

        def emit(into: Rows, part: Part, adds: bool) -> None:
            first, along = slots.start + part.first * slots.along, part.step * slots.along
            transposed = Slots(first, along, slots.down)
            emit_to("matmul", part.count, y=into, a=g, inner=rows, slots=transposed, adds=adds)

        self._send(operand, g, emit)

    def _send(self, operand: Operand, g: Rows, emit: Emit, whole: bool = False) -> None:
        """Have `emit` send the operand's share where it belongs; all of it at once if `whole`."""
        if not operand.has_slope:
            return
        parts = [self._part(piece, g) for piece in operand.pieces if piece.has_slope]
        if whole and any(part != Part(0, 1, operand.rows) for part in parts):
            parts = [None]
        if len(parts) > _FEW or None in parts:
            self._scatter(operand, g, emit)
            return
        for piece, part in zip([p for p in operand.pieces if p.has_slope], parts, strict=True):
            assert part
            assert piece.register
            assert isinstance(piece.rows, slice)
            first, step, count = extent(piece.rows)
            is_new, is_all = piece.register not in self._slopes, count == piece.register.rows
            slope = self._slope(piece.register, zeroed=not is_all)
            emit(slope.picked(first, step), part, not (is_new and is_all))

    def _part(self, piece: Piece, g: Rows) -> Part | None:
        """The part of an operand that goes straight to a slope, or None if it cannot."""
        register, rows, dest = piece.register, piece.rows, piece.dest
        if register is None or register.per_sample == g.once:
            return None
        if not isinstance(rows, slice) or not isinstance(dest, slice):
            return None
        part = Part(*extent(dest))
        return part if part.count == extent(rows)[2] else None

    def _scatter(self, operand: Operand, g: Rows, emit: Emit) -> None:
        share = self._written_apart(operand.rows, g.once)
        emit(share, Part(0, 1, operand.rows), False)
        for piece in operand.pieces:
            if not piece.has_slope:
                continue
            if piece.register:
                self._slope(piece.register, zeroed=True)
            places = list(pairs(piece.rows, piece.dest))
            entries = [self._slope_place(piece.register, row) for row, _ in places]
            table = self.layout.tabled(number for entry in entries for number in entry)
            for first, step, count in runs([place for _, place in places]):
                at = table
                table += 2 * count
                rows = share.picked(first, step)
                self.layout.emit("scatter", count, a=rows, table=at)

    def _slope(self, register: Register, zeroed: bool) -> Rows:
        """The rows of a register's slope; new ones are set to 0 first if they must be."""
        if register not in self._slopes:
            slope = self._slopes[register] = self.layout.rows(
                register.rows, not register.per_sample
            )
            if zeroed:
                self.layout.emit("zero", register.rows, y=slope)
        return self._slopes[register]

    def _slope_place(self, register: Register | None, row: int) -> tuple[int, int]:
        place, kind = self.layout.place(register, row)
        if register is None:
            return place, kind
        return self._slopes[register].start + row, kind

    def _written_apart(self, count: int, once: bool) -> Rows:
        """Rows for a share that is scattered at once: the next one may use them too."""
        rows, size = self._apart.get(once, (Rows(0), 0))
        if size < count:
            rows = self.layout.rows(count, once)
            self._apart[once] = rows, count
        return rows


def runs(places: list[int]) -> list[tuple[int, int, int]]:
    """Start, step and length of the longest stretches at equal distances, steps not below 0."""
    found: list[tuple[int, int, int]] = []
    start = 0
    while start < len(places):
        step = places[start + 1] - places[start] if start + 1 < len(places) else 0
        stop = start + 1
        if step >= 0:
            while stop < len(places) and places[stop] - places[stop - 1] == step:
                stop += 1
        found.append((places[start], step, stop - start))
        start = stop
    return found
