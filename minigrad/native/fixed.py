"""Instructions whose results no parameter changes: they run once a batch, not once a step."""

from collections import Counter
from collections.abc import Iterator

from minigrad.native.code import BY_TABLE, FIRST_CONSTANT, ONCE, SAMPLES, Instruction, Rows
from minigrad.native.layout import Layout
from minigrad.native.shares import SHARES
from minigrad.native.touched import entries

_SHARES = {share.op for shares in SHARES.values() for share in shares}

_PLAIN = {"copy", "zero", "add", "subtract", "multiply", "negative", "absolute", "maximum"}
_PLAIN |= {"minimum", "relu", "sin", "cos", "tanh", "sigmoid", "leaky_relu", "gather", "sum_terms"}
"""Each fills its rows from others. Operations that must be finite are not among them: a step has to
find out that one is not."""

Row = tuple[int, int]


def fixed_instructions(layout: Layout) -> set[int]:
    """The numbers of these instructions."""
    writers = Counter(row for each in layout.instructions for row in _written(each, layout))
    known = {(row, SAMPLES) for row in range(layout.first_free)}
    known |= {(row, ONCE) for row in range(FIRST_CONSTANT + len(layout.constants))}
    numbers = set()
    for number, each in enumerate(layout.instructions):
        if each.op not in _PLAIN or each.adds or not known.issuperset(_read(each, layout)):
            continue
        written = list(_written(each, layout))
        if all(writers[row] == 1 for row in written):
            known.update(written)
            numbers.add(number)
    return numbers


def _read(instruction: Instruction, layout: Layout) -> Iterator[Row]:
    if instruction.op == "gather":
        yield from _tabled(instruction, layout)
    count = instruction.rows * max(instruction.inner, 1)
    for operand in (instruction.a, instruction.b):
        of_terms = operand is instruction.a
        yield from _rows(operand, count if of_terms else instruction.rows, layout)


def _written(instruction: Instruction, layout: Layout) -> Iterator[Row]:
    if instruction.op == "scatter":
        yield from _tabled(instruction, layout)
    if instruction.op in BY_TABLE:
        yield from _sums(instruction, layout)
    yield from _rows(instruction.y, instruction.rows, layout)
    yield from _rows(instruction.c, instruction.rows, layout)


def _rows(rows: Rows | None, count: int, layout: Layout) -> Iterator[Row]:
    if rows:
        kind = ONCE if rows.once else SAMPLES
        yield from ((number, kind) for number in layout.numbers(rows, count))


def _tabled(instruction: Instruction, layout: Layout) -> Iterator[Row]:
    first, count = instruction.table, 2 * instruction.rows
    places = layout.table[first : first + count]
    yield from zip(places[::2], places[1::2], strict=True)


def _sums(instruction: Instruction, layout: Layout) -> Iterator[Row]:
    for entry, _ in entries(instruction, layout.table):
        row, step = layout.table[entry], instruction.slots.down
        yield from ((row + number * step, SAMPLES) for number in range(instruction.times))
