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
        yield from _of_sums(instruction, table)


def _of_sums(instruction: Instruction, table: Sequence[int]) -> Iterator[int]:
    place, factors = instruction.table, 2 if instruction.op == "dots" else 1
    for _ in range(instruction.rows):
        yield place
        terms = factors * table[place + 1]
        yield from range(place + 2, place + 2 + terms)
        place += 2 + terms
