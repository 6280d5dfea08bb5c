"""Which rows an instruction reads and writes."""

from collections.abc import Iterator, Sequence

from minigrad.native.code import BY_TABLE, SAMPLES, Instruction, Rows

_INNER = {("matmul", "a"), ("outer", "b"), ("largest_is_target", "a"), ("largest_is_target", "b")}
"""Operands that have `inner` rows."""


def counted(instruction: Instruction) -> Iterator[tuple[Rows, int]]:
    """Each operand, and how many rows it has."""
    for name in "yabc":
        operand: Rows | None = getattr(instruction, name)
        if operand is None:
            continue
        count = instruction.rows
        if (instruction.op, name) in _INNER:
            count = instruction.inner
        elif (instruction.op, name) == ("sum_terms", "a"):
            count *= instruction.inner
        yield operand, count * instruction.times


def direct(instruction: Instruction) -> Iterator[tuple[Rows, int]]:
    """Those of them that are not by table."""
    return ((rows, count) for rows, count in counted(instruction) if not rows.by_table)


def spans(instruction: Instruction, table: Sequence[int]) -> Iterator[tuple[int, int]]:
    """The first and the last of rows of samples whose distances matter."""
    for rows, count in direct(instruction):
        if not rows.once and count:
            yield rows.start, rows.start + (count - 1) * rows.step
    if instruction.op == "dots" and instruction.times > 1:
        steps = instruction.slots
        for entry, terms in entries(instruction, table):
            yield table[entry], table[entry] + (instruction.times - 1) * steps.down
            for place in range(entry + 3, entry + 2 + 2 * terms, 2):
                yield table[place], table[place] + (instruction.times - 1) * steps.along


def tabled(instruction: Instruction, table: Sequence[int]) -> Iterator[int]:
    """The places in the table of all rows of samples that the instruction names there."""
    for rows, count in counted(instruction):
        if rows.by_table and not rows.once:
            yield from range(rows.start, rows.start + count)
    if instruction.op in ("gather", "scatter"):
        for place in range(instruction.table, instruction.table + 2 * instruction.rows, 2):
            if table[place + 1] == SAMPLES:
                yield place
    elif instruction.op in BY_TABLE:
        for entry, terms in entries(instruction, table):
            yield entry
            yield from range(entry + 2, entry + 2 + terms * _factors(instruction))


def entries(instruction: Instruction, table: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Of sums by table: where in the table each one begins, and how many terms it has."""
    place = instruction.table
    for _ in range(instruction.rows):
        yield place, table[place + 1]
        place += 2 + table[place + 1] * _factors(instruction)


def _factors(instruction: Instruction) -> int:
    return 2 if instruction.op == "dots" else 1
