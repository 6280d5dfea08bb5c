"""Sums of products in blocks of rows that share a factor: what one of them reads serves all.

So it is in attention: every number of a token's query meets the same weights.
"""

from dataclasses import dataclass

BLOCK = 4
"""Rows in a block; their sums fit the processor's registers."""

Terms = list[tuple[int, ...]]

Sums = dict[int, Terms]
"""Rows of samples, and the terms of each: rows to add, or pairs of rows to multiply."""


@dataclass(frozen=True)
class Shape:
    """`rows` rows to a block, y_step apart, whose second factors are b_step apart."""

    rows: int = 1
    y_step: int = 0
    b_step: int = 0


SINGLE = Shape()


def in_blocks(sums: Sums) -> dict[Shape, Sums]:
    """Sums of products by the shape of their blocks, each under its block's first row.

    >>> in_blocks({row: [(9, row + 20)] for row in range(4)})
    {Shape(rows=4, y_step=1, b_step=1): {0: [(9, 20)]}}
    """
    both = [_blocks(sums, sides) for sides in ((0, 1), (1, 0))]
    return min(both, key=lambda shapes: sum(map(len, shapes.values())))


def _blocks(sums: Sums, sides: tuple[int, int]) -> dict[Shape, Sums]:
    """Blocks of rows that share the factors of the first of the sides, of those left over the
    blocks that share those of the other, and then single rows."""
    shapes: dict[Shape, Sums] = {}
    left = dict(sorted(sums.items()))
    for side in sides:
        for rows in _with_equal_factors(left, side):
            start = 0
            while start < len(rows):
                shape = _shape(rows[start : start + BLOCK])
                if shape is not SINGLE:
                    row, terms = rows[start]
                    shapes.setdefault(shape, {})[row] = terms
                    for taken, _ in rows[start : start + BLOCK]:
                        del left[taken]
                start += shape.rows
    return {**shapes, SINGLE: left} if left else shapes


def _with_equal_factors(sums: Sums, side: int) -> list[list[tuple[int, Terms]]]:
    """Rows with the same factors on a side, which is now the first one."""
    groups: dict[tuple[int, ...], list[tuple[int, Terms]]] = {}
    for row, terms in sums.items():
        factors = tuple(term[side] for term in terms)
        others = (term[1 - side] for term in terms)
        groups.setdefault(factors, []).append((row, list(zip(factors, others, strict=True))))
    return list(groups.values())


def _shape(rows: list[tuple[int, Terms]]) -> Shape:
    """That of a block of these rows, or of the first one alone."""
    if len(rows) < BLOCK:
        return SINGLE
    (row, terms), (next_row, next_terms) = rows[:2]
    y_step, b_step = next_row - row, next_terms[0][1] - terms[0][1]
    for number, (own_row, own_terms) in enumerate(rows):
        moved = [(a, b + number * b_step) for a, b in terms]
        if own_row != row + number * y_step or own_terms != moved:
            return SINGLE
    return Shape(BLOCK, y_step, b_step) if b_step >= 0 else SINGLE
