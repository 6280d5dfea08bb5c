"""The way back: instructions that send shares of each operation's slope to its operands.

The first share that fills all of a register's slope writes it, others add. What goes to one place
from several, or is summed over the samples on its way, is written apart first and then scattered.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from minigrad.lift.program import Operand, Operation, Piece, Register, listed
from minigrad.native.blocks import Sums
from minigrad.native.code import FIRST_CHUNK, NO_SLOTS, WEIGHT_ROW, Rows, Slots
from minigrad.native.layout import Layout, extent
from minigrad.native.products import (
    Product,
    Source,
    is_of_samples,
    is_scattered,
    pairs,
    rest,
    side_by_side,
    sources,
)
from minigrad.native.shares import SHARES, GradientShare


@dataclass(frozen=True)
class Operands:
    """What an operation's way back reads: its result, operands, what it saved, a dot's weights."""

    y: Rows
    read: list[Rows]
    saved: Rows | None = None
    slots: Slots = NO_SLOTS


NOTHING = Operands(Rows(0), [])
"""Of operations by table, which read what products.py says."""


@dataclass(frozen=True)
class Part:
    """Rows first, first + step, ... of an operand, `count` of them."""

    first: int
    step: int
    count: int

    def of(self, rows: Rows) -> Rows:
        return rows.picked(self.first, self.step)


@dataclass(frozen=True)
class Stretch:
    """`rows` rows from `row` on with equally many terms each, of which the first is at `first`."""

    row: int
    rows: int
    first: int
    terms: int


def stretches(terms: list[int]) -> Iterator[Stretch]:
    """The rows of a sum, those that follow one another with equally many terms together.

    >>> list(stretches([4, 4, 5]))
    [Stretch(row=0, rows=2, first=0, terms=4), Stretch(row=2, rows=1, first=8, terms=5)]
    """
    row = first = 0
    for count, equal in groupby(terms):
        rows = len(list(equal))
        yield Stretch(row, rows, first, count)
        row, first = row + rows, first + rows * count


def together(times: int, *operands: Rows) -> list[Part]:
    """The applications of a layer that one instruction does: all, if their rows are side by side.

    A part's `count` is here the number of applications.
    """
    if times == 1 or all(rows.step == 1 for rows in operands):
        return [Part(0, 1, times)]
    return [Part(own, times, 1) for own in range(times)]


@dataclass(frozen=True)
class Into:
    """The rows that a share goes to, and whether it is added to what is there."""

    rows: Rows
    adds: bool


Emit = Callable[[Rows, Part, bool], None]
"""Fills rows with a part of an operand's share, or adds it to them."""

Shares = Iterable[tuple[Source, tuple[int, ...]]]
"""Rows of registers, and what each of them receives: a row of samples, or a product of two."""

FEW = 4
"""Pieces of an operand, or parts of a sum, that have an instruction each; more go by table."""


class Slopes:
    """Emits the way back, from the loss on."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self._slopes: dict[Register, Rows] = {}
        self._written: dict[Register, set[int]] = {}
        self._apart: dict[bool, tuple[Rows, int]] = {}
        self._readers = Counter(
            piece.register
            for operation in layout.program.operations
            for operand in operation.operands
            for piece in operand.pieces
        )
        self._seed(layout.program.loss)

    def backward(self, operation: Operation, operands: Operands) -> None:
        if product := self.layout.products.get(operation.out):
            self._product(product)
        if operation.out not in self._slopes or product:
            return
        self._zero_others(operation.out, set(range(operation.out.rows)))
        if operation.out in self.layout.sums_of_products:
            self._rest(operation)
            return
        g = self._slopes[operation.out]
        if operation.op == "dot":
            self._dot(operation, operands, g)
        elif operation.op == "sum":
            self._sum(operation, g)
        else:
            for operand, share in zip(operation.operands, SHARES[operation.op], strict=False):
                self._send(operand, g, self._emitter(share, operands, g))

    def finish(self) -> None:
        """Send the slopes of copied weights where those are copied from."""
        for indices, start in self.layout.copied.items():
            table = self.layout.tabled(indices)
            slots = Slots(start, 1)
            self.layout.emit("scatter_weights", len(indices), slots=slots, table=table)

    def _seed(self, loss: Operand) -> None:
        """A sample's weight is the slope of its loss."""
        view = loss.view
        assert view  # sums.py gives the loss a row of its own
        register = view.register
        assert register
        assert isinstance(view.rows, slice)
        weight = Rows(WEIGHT_ROW) if register.per_sample else Rows(FIRST_CHUNK, 0, True)
        if not register.has_slope:
            return
        if not self._readers[register] and register.rows == 1:
            self._slopes[register], self._written[register] = weight, {0}
            return
        row = view.rows.start
        self.layout.emit("copy", 1, y=self._slope(register).picked(row), a=weight)
        self._written[register].add(row)

    def _emitter(self, share: GradientShare, operands: Operands, g: Rows) -> Emit:
        places = {"y": operands.y, "s": operands.saved}
        places |= {str(number): rows for number, rows in enumerate(operands.read)}
        reads = [places[letter] for letter in share.reads]

        def emit(into: Rows, part: Part, adds: bool) -> None:
            named = {name: part.of(rows) for name, rows in zip("bc", reads, strict=False) if rows}
            self.layout.emit(share.op, part.count, y=into, a=part.of(g), adds=adds, **named)

        return emit

    def _sum(self, operation: Operation, g: Rows) -> None:
        if self._handed_on_to_all(operation, g):
            return

        def emit(into: Rows, part: Part, adds: bool) -> None:
            if operation.terms:
                self._spread(operation.terms, into, g, adds)
            else:
                self.layout.emit(op, part.count, y=into, a=part.of(g), adds=adds)

        for number, operand in enumerate(operation.operands):
            op = "copy" if number < operation.plus else "negative"
            many = bool(operation.terms)
            if self._spread_by_table(operand, operation.terms, g, negates=op == "negative"):
                continue
            if op == "negative" or many or not self._handed_on(operand, g):
                self._send(operand, g, emit, whole=many)

    def _product(self, product: Product) -> None:
        """Each factor receives the slope of what the product is a term of times the other one."""
        place = self.layout.row
        shares: list[tuple[Source, tuple[int, ...]]] = []
        for register in dict.fromkeys(register for register, _ in product.into):
            if register in self._slopes:
                self._zero_others(register, {row for own, row in product.into if own is register})
        for (a, b), (register, row) in zip(product.factors, product.into, strict=True):
            if register in self._slopes:
                (g,) = self.layout.numbers(self._slopes[register].picked(row), 1)
                shares += [(a, (g, place(*b))), (b, (g, place(*a)))]
        self._add_by_table("dots", shares)

    def _rest(self, operation: Operation) -> None:
        """Terms of a sum of products that are none themselves receive its slope."""
        left = rest(operation, self.layout.products)
        g = self.layout.numbers(self._slopes[operation.out], len(left))
        shares = [(term, (g[row],)) for row, own in enumerate(left) for term in own]
        self._add_by_table("sums", shares)

    def _spread_by_table(self, operand: Operand, terms: list[int], g: Rows, negates: bool) -> bool:
        """Send g to the terms of a sum that lie apart or differ in number; whether it did."""
        copies = sum(min(part.rows, part.terms) for part in stretches(terms))
        if g.once or not is_of_samples(operand):
            return False
        if copies <= FEW and not is_scattered(operand):
            return False
        rows = list(range(operand.rows))
        if terms:
            rows = [row for row, count in enumerate(terms) for _ in range(count)]
        numbers = self.layout.numbers(g, max(rows) + 1)
        shares = list(zip(sources(operand), [numbers[row] for row in rows], strict=True))
        alone = set() if negates else self._handed_on_by_table(operand, shares)
        rest = [(source, (row,)) for source, row in shares if source[0] not in alone]
        self._add_by_table("sums", rest, negates=negates)
        return True

    def _handed_on_by_table(
        self, operand: Operand, shares: list[tuple[Source, int]]
    ) -> set[Register]:
        """Let rows of g be the slopes of registers that receive nothing else; gives those."""
        received: dict[Register, dict[int, int]] = {}
        for (register, row), share in shares:
            received.setdefault(register, {})[row] = share
        places = Counter(register for (register, _), _ in shares)
        pieces = Counter(piece.register for piece in operand.pieces)
        alone = set()
        for register, rows in received.items():
            is_all = places[register] == len(rows) == register.rows
            only = is_all and self._readers[register] == pieces[register]
            if only and register.has_slope and register not in self._slopes:
                in_order = [rows[row] for row in range(register.rows)]
                self._slopes[register] = self.layout.listed(in_order, once=False)
                self._written[register] = set(rows)
                alone.add(register)
        return alone

    def _add_by_table(self, op: str, shares: Shares, negates: bool = False) -> None:
        """Add shares, the terms of sums or dots, to the slopes of the registers' rows."""
        first: Sums = {}
        more: Sums = {}
        new: set[int] = set()
        for (register, row), term in shares:
            if not register.has_slope:
                continue
            slope = self._slope(register).start + row
            if row not in self._written[register]:
                self._written[register].add(row)
                new.add(slope)
            (first if slope in new else more).setdefault(slope, []).append(term)
        for sums in (first, more):
            if sums:
                self.layout.emit_by_table(op, sums, adds=sums is more, negates=negates)

    def _spread(self, terms: list[int], into: Rows, g: Rows, adds: bool) -> None:
        """Copy each row of g to all terms of that row, with as few instructions as can be."""
        for part in stretches(terms):
            if part.rows <= part.terms:
                for row in range(part.rows):
                    to = into.picked(part.first + row * part.terms)
                    share = g.picked(part.row + row, 0)
                    self.layout.emit("copy", part.terms, y=to, a=share, adds=adds)
                continue
            for term in range(part.terms):
                to = into.picked(part.first + term, part.terms)
                self.layout.emit("copy", part.rows, y=to, a=g.picked(part.row), adds=adds)

    def _handed_on(self, operand: Operand, g: Rows) -> bool:
        """Let g itself be a register's slope, if that receives nothing else; whether it could."""
        register = operand.whole
        if not register or not register.has_slope or register in self._slopes:
            return False
        if self._readers[register] > 1 or register.per_sample == g.once:
            return False
        self._slopes[register], self._written[register] = g, set(range(register.rows))
        return True

    def _handed_on_to_all(self, operation: Operation, g: Rows) -> bool:
        """As above, where one row is the sum of all rows of a register; whether it could."""
        pieces = [piece for operand in operation.operands for piece in operand.pieces]
        register = pieces[0].register if pieces else None
        if not register or not register.has_slope or register in self._slopes:
            return False
        added = operation.plus == len(operation.operands) and operation.out.rows == 1
        if not added or any(operand.constants for operand in operation.operands):
            return False
        rows = [row for piece in pieces for row, _ in pairs(piece.rows, piece.dest)]
        alone = all(piece.register is register for piece in pieces)
        if not alone or sorted(rows) != list(range(register.rows)):
            return False
        if self._readers[register] > len(pieces) or register.per_sample == g.once:
            return False
        self._slopes[register], self._written[register] = g.picked(0, 0), set(rows)
        return True

    def _dot(self, operation: Operation, operands: Operands, g: Rows) -> None:
        (operand,), (x,), slots = operation.operands, operands.read, operands.slots
        g = self.layout.in_place(g, operation.out.rows)
        times, emit_to = operation.times, self.layout.emit
        rows, inner = operation.out.rows // times, operand.rows // times
        for own in together(times, g, x):
            emit_to("outer", rows, a=own.of(g), b=own.of(x), inner=inner, slots=slots,
                    times=own.count, has_bias=operation.has_bias)  # fmt: skip

        def emit(into: Rows, part: Part, adds: bool) -> None:
            first, along = slots.start + part.first * slots.along, part.step * slots.along
            transposed = Slots(first, along, slots.down)
            for own in together(times, g, into):
                emit_to("matmul", part.count // times, y=own.of(into), a=own.of(g), inner=rows,
                        slots=transposed, times=own.count, adds=adds)  # fmt: skip

        self._send(operand, g, emit, whole=times > 1, by_table=False)

    def _send(
        self, operand: Operand, g: Rows, emit: Emit, whole: bool = False, by_table: bool = True
    ) -> None:
        """Have `emit` send the operand's share where it belongs: all of it at once if `whole`, and
        to rows anywhere if it can fill them `by_table`."""
        if not operand.has_slope:
            return
        if (registers := side_by_side(operand)) and self._are_new(registers, g):
            side = [self._slope(register) for register in registers]
            emit(side[0], Part(0, 1, operand.rows), False)
            self._written |= {register: set(range(register.rows)) for register in registers}
            return
        parts = [self._part(piece, g) for piece in operand.pieces if piece.has_slope]
        if whole and any(part != Part(0, 1, operand.rows) for part in parts):
            parts = [None]
        if (len(parts) > 1 or None in parts) and by_table and (to := self._anywhere(operand, g)):
            emit(to.rows, Part(0, 1, operand.rows), to.adds)
            return
        if len(parts) > FEW or None in parts:
            self._scatter(operand, g, emit)
            return
        for piece, part in zip([p for p in operand.pieces if p.has_slope], parts, strict=True):
            assert part
            assert piece.register
            assert isinstance(piece.rows, slice)
            first, step, _ = extent(piece.rows)
            into = self._slope(piece.register).picked(first, step)
            emit(into, part, not self._is_new(piece.register, set(listed(piece.rows))))

    def _are_new(self, registers: list[Register], g: Rows) -> bool:
        """Whether the registers' slopes are yet to be placed, and will lie side by side."""
        if any(register in self._slopes or not register.has_slope for register in registers):
            return False
        together = self.layout.neighbours.get(registers[0]) == registers
        return together and registers[0].per_sample != g.once

    def _anywhere(self, operand: Operand, g: Rows) -> Into | None:
        """Where the slopes of all of an operand's rows are, if each is a row of its own."""
        if g.once or not is_of_samples(operand):
            return None
        places = sources(operand)
        is_sent = all(register.has_slope for register, _ in places)
        if not is_sent or len(set(places)) < len(places):
            return None
        rows = [self._slope(register).start + row for register, row in places]
        new = {
            number
            for number, (register, row) in zip(rows, places, strict=True)
            if row not in self._written[register]
        }
        if 0 < len(new) < len(rows):
            self.layout.emit("zero", len(new), y=self.layout.listed(sorted(new), once=False))
        for register, row in places:
            self._written[register].add(row)
        return Into(self.layout.listed(rows, once=False), adds=len(new) < len(rows))

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
        pieces = [piece for piece in operand.pieces if piece.has_slope]
        if not g.once and all(each.register and each.register.per_sample for each in pieces):
            self._add_by_table("sums", [
                ((piece.register, row), (share.start + place,))
                for piece in pieces if piece.register
                for row, place in pairs(piece.rows, piece.dest)
            ])  # fmt: skip
            return
        entries: dict[int, tuple[int, int]] = {}
        for piece in operand.pieces:
            if not piece.has_slope:
                continue
            if piece.register:
                self._slope(piece.register)
                rows = {row for row, _ in pairs(piece.rows, piece.dest)}
                self._zero_others(piece.register, rows)
            for row, place in pairs(piece.rows, piece.dest):
                entries[place] = self._slope_place(piece.register, row)
        places = sorted(entries)
        table = self.layout.tabled(number for place in places for number in entries[place])
        for first, step, count in runs(places):
            self.layout.emit("scatter", count, a=share.picked(first, step), table=table)
            table += 2 * count

    def _slope(self, register: Register) -> Rows:
        """The rows of a register's slope, of which nothing is written yet if they are new."""
        if register not in self._slopes:
            self._slopes[register] = self.layout.rows(register.rows, not register.per_sample)
            self._written[register] = set()
        return self._slopes[register]

    def _is_new(self, register: Register, rows: set[int]) -> bool:
        """Whether a share of these rows is the first; else all of them can be added to."""
        if self._written[register].isdisjoint(rows):
            self._written[register] |= rows
            return True
        self._zero_others(register, rows)
        return False

    def _zero_others(self, register: Register, rows: set[int]) -> None:
        """Set those of the rows to 0 that nothing was written to."""
        for first, step, count in runs(sorted(rows - self._written[register])):
            self.layout.emit("zero", count, y=self._slopes[register].picked(first, step))
        self._written[register] |= rows

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
    stretches: list[tuple[int, int, int]] = []
    start = 0
    while start < len(places):
        step = places[start + 1] - places[start] if start + 1 < len(places) else 0
        stop = start + 1
        if step >= 0:
            while stop < len(places) and places[stop] - places[stop - 1] == step:
                stop += 1
        stretches.append((places[start], step, stop - start))
        start = stop
    return stretches
