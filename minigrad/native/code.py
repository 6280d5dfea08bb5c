"""The machine's code: instructions, and where constants, arguments and results are.

The fields are those of instruction.h, which says what each of them means.
"""

import struct
from dataclasses import astuple, dataclass, fields, replace
from typing import Any

SAMPLES, ONCE, PARAMETERS = range(3)
"""Kinds of places in a table: a row of samples, a row of one column, a parameter's slot."""

WEIGHT_ROW, MASK_ROW, FIRST_ARGUMENT = range(3)
FIRST_CHUNK, FIRST_CONSTANT = range(2)

_OPERANDS = 4  # y, a, b and c: a bit each for once, and then for by table
ADDS, NEGATES, HAS_BIAS = (1 << bit for bit in range(2 * _OPERANDS, 2 * _OPERANDS + 3))

BY_TABLE = {"dots": "products", "sums": "rows"}
"""Instructions all rows of which stand in the table, and what they are sums of."""


@dataclass(frozen=True)
class Rows:
    """Rows start, start + step, ... of the samples or, if `once`, of the rows of one column.

    `by_table` they are those that the table's entries start, start + step, ... name.
    """

    start: int
    step: int = 1
    once: bool = False
    by_table: bool = False

    def picked(self, first: int, step: int = 1) -> "Rows":
        """Of these rows those at first, first + step, ..."""
        return replace(self, start=self.start + first * self.step, step=step * self.step)

    def __str__(self) -> str:
        step = "" if self.step == 1 else " each" if self.step == 0 else f" by {self.step}"
        table = " of table" if self.by_table else ""
        return f"{'once' if self.once else 'row'}{table} {self.start}{step}"


@dataclass(frozen=True)
class Slots:
    """Slots start + r * down + k * along of the parameters, for row r and column k."""

    start: int
    down: int = 0
    along: int = 0


NO_SLOTS = Slots(0)


@dataclass(frozen=True)
class Instruction:
    """One operation on `rows` rows: y = op(a, b, c), or y += op(a, b, c) if it `adds`.

    With `negates` the sums of a table are those of -1 times the terms.
    """

    op: str
    rows: int
    y: Rows | None = None
    a: Rows | None = None
    b: Rows | None = None
    c: Rows | None = None
    slots: Slots = NO_SLOTS
    inner: int = 0
    times: int = 1
    table: int = 0
    adds: bool = False
    negates: bool = False
    has_bias: bool = False

    def pack(self, numbers: dict[str, int]) -> bytes:
        """As instruction.h has it; `numbers` are those of the operations."""
        flags = ADDS * self.adds + NEGATES * self.negates + HAS_BIAS * self.has_bias
        places = []
        for bit, rows in enumerate((self.y, self.a, self.b, self.c)):
            if rows:
                flags += (1 << bit) * rows.once + (1 << bit + _OPERANDS) * rows.by_table
            places += [rows.start, rows.step] if rows else [0, 0]
        slots = astuple(self.slots)
        return struct.pack(
            "17q", numbers[self.op], flags, self.rows, *places, *slots, self.inner, self.times,
            self.table,
        )  # fmt: skip

    def __str__(self) -> str:
        operands = [str(rows) for rows in (self.a, self.b, self.c) if rows]
        if self.slots != NO_SLOTS:
            operands.insert(0, f"slot {self.slots.start}")
        into = f"{self.y} {'+=' if self.adds else '='} " if self.y else ""
        if self.op in BY_TABLE:
            equals = "+=" if self.adds else "="
            sign = "-" if self.negates else ""
            terms = f"{sign}{self.inner * self.times} {BY_TABLE[self.op]}"
            return f"{self.rows * self.times} rows {equals} {self.op}({terms})  table {self.table}"
        inner = f"x{self.inner}" if self.inner else ""
        times = f" {self.times} times" if self.times > 1 else ""
        bias = " and 1" if self.has_bias else ""
        return f"{into}{self.op}({self.rows}{inner}{times})  {', '.join(operands)}{bias}".rstrip()


@dataclass(frozen=True)
class Sizes:
    """What `_machine.prepare` takes besides code, tables and constants."""

    fixed: int
    forward: int
    sample_rows: int
    once_rows: int
    parameters: int
    slots: int
    loss_slot: int
    correct_slot: int
    argument_rows: int
    outputs: int
    output_table: int


@dataclass(frozen=True)
class Code:
    """A program for the machine.

    Of the instructions the first `sizes.fixed` run when a batch is put into memory, and those up to
    `sizes.forward` are the way forward.
    """

    instructions: list[Instruction]
    table: list[int]
    constants: list[float]
    sizes: Sizes

    def prepare(self, module: Any) -> object:
        """The program as the C side `module` has it, every instruction checked there."""
        numbers = {name: number for number, name in enumerate(module.operations())}
        return module.prepare(
            b"".join(instruction.pack(numbers) for instruction in self.instructions),
            struct.pack(f"{len(self.table)}q", *self.table),
            struct.pack(f"{len(self.constants)}d", *self.constants),
            tuple(getattr(self.sizes, field.name) for field in fields(Sizes)),
        )

    def __str__(self) -> str:
        lines = [str(instruction) for instruction in self.instructions]
        fixed, forward = self.sizes.fixed, self.sizes.forward
        once = ["for each batch", *lines[:fixed], "forward"] if fixed else []
        return "\n".join([*once, *lines[fixed:forward], "back", *lines[forward:]])
