"""Where a program's numbers lie in the machine's memory, and the code that is being written."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, pairwise

from minigrad.lift.program import Operand, Program, Register
from minigrad.native.blocks import SINGLE, Shape, Sums, in_blocks
from minigrad.native.code import (
    FIRST_ARGUMENT,
    FIRST_CONSTANT,
    ONCE,
    PARAMETERS,
    SAMPLES,
    Instruction,
    Rows,
    Slots,
)
from minigrad.native.products import by_table, pairs, side_by_side

Entry = tuple[int, int]
"""A place and its kind, as the machine's table has them."""


class Layout:
    """Rows for registers and constants, slots for parameters, and instructions so far."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.instructions: list[Instruction] = []
        self.table: list[int] = []
        self.constants: list[float] = []
        self.products = by_table(program)
        self.sums_of_products = {
            register
            for own, product in self.products.items()
            for register, _ in product.into
            if register is not own
        }
        self.copied: dict[tuple[int, ...], int] = {}
        self._lists: dict[tuple[bool, tuple[int, ...]], int] = {}
        self._constant_rows: dict[object, Rows] = {}
        for operand in operands_of(program):
            self._place_constants(operand)
        self.sample_rows, self.once_rows = FIRST_ARGUMENT, FIRST_CONSTANT + len(self.constants)
        # After the parameters a whole vector of zeros, so that their gradient is whole vectors too.
        self.loss_slot = (program.parameters + 7) // 8 * 8
        self.correct_slot, self.slots = self.loss_slot + 1, self.loss_slot + 2
        self.registers: dict[Register, Rows] = {}
        self.blocks: list[int] = []  # the starts of rows that were asked for together
        for register in program.arguments:
            self.register(register)
        self.first_free = self.sample_rows
        self.blocks = [0]
        self.neighbours: dict[Register, list[Register]] = {}
        for operand in operands_of(program):
            self._place_side_by_side(operand)

    def emit(self, op: str, rows: int, **operands: object) -> None:
        operands = {
            name: self._in_order(each, rows) if isinstance(each, Rows) else each
            for name, each in operands.items()
        }
        self.instructions.append(Instruction(op, rows, **operands))  # type: ignore[arg-type]

    def _in_order(self, rows: Rows, count: int) -> Rows:
        """By table the machine takes one entry after the other."""
        return self.listed(self.numbers(rows, count), rows.once) if rows.by_table else rows

    def listed(self, numbers: Sequence[int], once: bool) -> Rows:
        """Rows anywhere, as an instruction for each number can read and write them."""
        key = once, tuple(numbers)
        if key not in self._lists:
            self._lists[key] = self.tabled(numbers)
        return Rows(self._lists[key], 1, once, by_table=True)

    def numbers(self, rows: Rows, count: int) -> list[int]:
        """The numbers of the first `count` rows."""
        places = [rows.start + number * rows.step for number in range(count)]
        return [self.table[place] for place in places] if rows.by_table else places

    def in_place(self, rows: Rows, count: int) -> Rows:
        """As an instruction takes them that cannot read by table."""
        if not rows.by_table:
            return rows
        copied = self.rows(count, rows.once)
        self.emit("copy", count, y=copied, a=rows)
        return copied

    def rows(self, count: int, once: bool) -> Rows:
        """New rows that follow one another."""
        if once:
            self.once_rows += count
            return Rows(self.once_rows - count, 1, True)
        self.sample_rows += count
        self.blocks.append(self.sample_rows - count)
        return Rows(self.sample_rows - count)

    def register(self, register: Register) -> Rows:
        """A register's rows: the same ones whenever it is asked for."""
        if register not in self.registers:
            self.registers[register] = self.rows(register.rows, not register.per_sample)
        return self.registers[register]

    def read(self, operand: Operand, by_table: bool = False) -> Rows:
        """An operand's rows, where they lie or, from several places, `by_table` or gathered."""
        if not operand.pieces:
            return self._constant_rows[_key(operand)]
        view = operand.view
        if view and view.register and isinstance(view.rows, slice):
            first, step, count = extent(view.rows)
            return self.register(view.register).picked(first, step if count == operand.rows else 0)
        entries = self.entries(operand)
        if in_place := in_one_stretch(entries, once=not operand.per_sample):
            return in_place
        places, kinds = zip(*entries, strict=True)
        if by_table and set(kinds) == {SAMPLES if operand.per_sample else ONCE}:
            return self.listed(places, not operand.per_sample)
        gathered = self.rows(operand.rows, not operand.per_sample)
        table = self.tabled(number for entry in entries for number in entry)
        self.emit("gather", operand.rows, y=gathered, table=table)
        return gathered

    def entries(self, operand: Operand) -> list[Entry]:
        """The place of each of an operand's rows."""
        entries: list[Entry] = [(0, ONCE)] * operand.rows
        for place, number in operand.constants.items():
            entries[place] = self._constant_rows[number.hex()].start, ONCE
        for piece in operand.pieces:
            for row, place in pairs(piece.rows, piece.dest):
                entries[place] = self.place(piece.register, row)
        return entries

    def place(self, register: Register | None, row: int) -> Entry:
        if register is None:
            return row, PARAMETERS
        return self.register(register).start + row, SAMPLES if register.per_sample else ONCE

    def tabled(self, numbers: Iterable[int]) -> int:
        """Where in the table the numbers stand."""
        start = len(self.table)
        self.table += numbers
        return start

    def emit_by_table(self, op: str, sums: Sums, adds: bool = False, negates: bool = False) -> None:
        """Dots or sums: for each row the terms that it is the sum of, in tuples of rows."""
        for shape, own in (in_blocks(sums) if op == "dots" else {SINGLE: sums}).items():
            self._emit_block(op, shape, own, adds, negates)

    def _emit_block(self, op: str, shape: Shape, sums: Sums, adds: bool, negates: bool) -> None:
        """Sums of equally many terms follow one another: the processor foresees how many."""
        if op == "sums" and all(len(terms) == 1 for terms in sums.values()):
            self._emit_each(sums, adds, negates)
            return
        table = self.tabled(
            number
            for row, terms in sorted(sums.items(), key=lambda each: len(each[1]))
            for number in (row, len(terms), *chain.from_iterable(terms))
        )
        steps = Slots(0, shape.y_step, shape.b_step)
        count = sum(len(terms) for terms in sums.values())
        self.emit(op, len(sums), inner=count, times=shape.rows, table=table, slots=steps,
                  adds=adds, negates=negates)  # fmt: skip

    def _emit_each(self, sums: Sums, adds: bool, negates: bool) -> None:
        """Sums of one term are copies."""
        into = self.listed(list(sums), once=False)
        terms = self.listed([row for ((row,),) in sums.values()], once=False)
        self.emit("negative" if negates else "copy", len(sums), y=into, a=terms, adds=adds)

    def row(self, register: Register, row: int) -> int:
        return self.register(register).start + row

    def weights(self, matrix: list[list[int]]) -> Slots:
        """Slots of a matrix of parameters: where they lie or, if at no equal distances, copied."""
        if slots := at_equal_distances(matrix):
            return slots
        flat = tuple([index for row in matrix for index in row])
        slots = Slots(self.copied.get(flat, self.slots), len(matrix[0]), 1)
        if flat not in self.copied:  # as for each token, by layers that read the same numbers
            self.copied[flat] = self.slots
            self.slots += len(flat)
            table = self.tabled(flat)
            self.emit("gather_weights", len(flat), slots=Slots(slots.start, 1), table=table)
        return slots

    def _place_side_by_side(self, operand: Operand) -> None:
        """Give rows that follow one another to registers that are read so: nothing is gathered."""
        registers = side_by_side(operand)
        if not registers or any(other in self.registers for other in registers[1:]):
            return
        first, *others = registers
        if first not in self.registers:
            others = registers
        elif self.registers[first].start + first.rows != self.sample_rows or not first.per_sample:
            return
        for register in others:
            self.register(register)
        self.neighbours |= dict.fromkeys(registers, registers)

    def _place_constants(self, operand: Operand) -> None:
        if operand.pieces:
            for number in operand.constants.values():
                self._constant([number], number.hex())
        elif operand.rows:
            numbers = list(operand.constants.values())
            same = len({number.hex() for number in numbers}) == 1
            self._constant(numbers[:1] if same else numbers, _key(operand))

    def _constant(self, numbers: list[float], key: object) -> None:
        if key not in self._constant_rows:
            step = 1 if len(numbers) > 1 else 0
            self._constant_rows[key] = Rows(FIRST_CONSTANT + len(self.constants), step, True)
            self.constants += numbers


def operands_of(program: Program) -> Iterator[Operand]:
    for operation in program.operations:
        yield from operation.operands
    yield program.loss
    yield program.outputs


def in_one_stretch(entries: list[Entry], once: bool) -> Rows | None:
    """The rows of these places, if they are of one kind and at equal distances, not below 0."""
    places, kinds = zip(*entries, strict=True)
    if set(kinds) != {ONCE if once else SAMPLES}:
        return None
    step = places[1] - places[0] if len(places) > 1 else 0
    regular = all(b - a == step for a, b in pairwise(places))
    return Rows(places[0], step, once) if regular and step >= 0 else None


def _key(operand: Operand) -> object:
    numbers = tuple(number.hex() for number in operand.constants.values())
    return numbers[0] if len(set(numbers)) == 1 else numbers


def at_equal_distances(matrix: list[list[int]]) -> Slots | None:
    """The slots of matrix[r][k] = start + r * down + k * along, with neither below 0."""
    start = matrix[0][0]
    down = matrix[1][0] - start if len(matrix) > 1 else 0
    along = matrix[0][1] - start if len(matrix[0]) > 1 else 0
    regular = all(
        index == start + r * down + k * along
        for r, row in enumerate(matrix)
        for k, index in enumerate(row)
    )
    return Slots(start, down, along) if regular and min(down, along) >= 0 else None


def extent(rows: slice) -> tuple[int, int, int]:
    """A slice's start, step and number of rows."""
    step = rows.step or 1
    return rows.start, step, len(range(rows.start, rows.stop, step))
