"""Rows whose numbers no later instruction reads are used again: a step touches less memory.

Layout gives every register and every slope rows of its own. Here those that are needed at different
times get the same ones. Rows that an instruction takes as one operand, one after the other, stay
together; what must last from step to step, or till the outputs are read, keeps rows of its own.
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from minigrad.native.code import SAMPLES, Code, Instruction, Rows
from minigrad.native.touched import direct, spans, tabled

MANY = 64
"""Rows from which this is done: fewer fit the fastest cache, and the code of a small program reads
more plainly with a row for each of its numbers."""


@dataclass
class RowBlock:
    """Rows start, ..., start + count - 1, touched by the instructions from `first` to `last`."""

    start: int
    count: int
    first: int
    last: int = -1
    lasting: bool = False


def with_reused_rows(code: Code, blocks: list[int]) -> Code:
    """The same code with fewer rows. `blocks` are the starts of rows that were asked for together;
    the first are those of the arguments, and stay where they are."""
    if code.sizes.sample_rows < MANY:
        return code
    groups = _groups(code, blocks)
    _find_lives(code, groups)
    starts = [group.start for group in groups]
    places, rows = _placed(groups)

    def moved(row: int) -> int:
        group = bisect_right(starts, row) - 1
        return places[group] + row - starts[group]

    def moved_rows(rows: Rows | None) -> Any:
        is_direct = rows and not rows.once and not rows.by_table
        return replace(rows, start=moved(rows.start)) if rows and is_direct else rows

    table = list(code.table)
    for place in _table_places(code):
        table[place] = moved(code.table[place])
    instructions = [
        replace(each, **{name: moved_rows(getattr(each, name)) for name in "yabc"})
        for each in code.instructions
    ]
    return Code(instructions, table, code.constants, replace(code.sizes, sample_rows=rows))


def _groups(code: Code, blocks: list[int]) -> list[RowBlock]:
    """Blocks; those that an operand reaches across are one group."""
    joined = set()
    for instruction in code.instructions:
        for first, last in spans(instruction, code.table):
            joined.update(blocks[bisect_right(blocks, first) : bisect_right(blocks, last)])
    starts = [start for start in blocks if start not in joined]
    ends = [*starts[1:], code.sizes.sample_rows]
    never = len(code.instructions)
    return [RowBlock(start, end - start, never) for start, end in zip(starts, ends, strict=True)]


def _find_lives(code: Code, groups: list[RowBlock]) -> None:
    starts = [group.start for group in groups]

    def of(row: int) -> RowBlock:
        return groups[bisect_right(starts, row) - 1]

    for number, instruction in enumerate(code.instructions):
        for row in _sample_rows(code, instruction):
            group = of(row)
            group.first, group.last = min(group.first, number), number
            group.lasting |= number < code.sizes.fixed
    for place in _output_places(code):
        of(code.table[place]).lasting = True
    groups[0].lasting = True


def _placed(groups: list[RowBlock]) -> tuple[list[int], int]:
    """Where each group begins now, and how many rows there are: each as far down as it can be."""
    places = [0] * len(groups)
    size = 0
    for number, group in enumerate(groups):
        if group.lasting:
            places[number] = size
            size += group.count
    lowest = size
    live: list[tuple[int, int, int]] = []  # start, end and last instruction, by start
    for number in sorted(range(len(groups)), key=lambda number: groups[number].first):
        group = groups[number]
        if group.lasting or group.last < 0:
            continue
        live = [each for each in live if each[2] >= group.first]
        places[number] = _gap(live, group.count, lowest)
        live.append((places[number], places[number] + group.count, group.last))
        live.sort()
        size = max(size, places[number] + group.count)
    return places, size


def _gap(live: list[tuple[int, int, int]], count: int, lowest: int) -> int:
    """The first place from `lowest` on where so many rows are free."""
    place = lowest
    for start, end, _ in live:
        if start - place >= count:
            break
        place = max(place, end)
    return place


def _sample_rows(code: Code, instruction: Instruction) -> Iterator[int]:
    for rows, count in direct(instruction):
        if not rows.once:
            yield from (rows.start + number * rows.step for number in range(count))
    yield from (code.table[place] for place in tabled(instruction, code.table))


def _table_places(code: Code) -> Iterator[int]:
    for instruction in code.instructions:
        yield from tabled(instruction, code.table)
    yield from _output_places(code)


def _output_places(code: Code) -> Iterator[int]:
    for number in range(code.sizes.outputs):
        place = code.sizes.output_table + 2 * number
        if code.table[place + 1] == SAMPLES:
            yield place
