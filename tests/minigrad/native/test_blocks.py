"""Blocks of sums of products stand for the same sums, each in the order of its terms."""

from hypothesis import given
from hypothesis import strategies as st

from minigrad.native.blocks import BLOCK, Shape, Sums, in_blocks

rows = st.integers(0, 40)
sums = st.dictionaries(
    st.integers(100, 140), st.lists(st.tuples(st.integers(0, 3), rows), min_size=1, max_size=3),
    max_size=30,
)  # fmt: skip


def expanded(shapes: dict[Shape, Sums]) -> dict[int, list[list[int]]]:
    """Each row's terms, their factors in order of size."""
    every: dict[int, list[list[int]]] = {}
    for shape, own in shapes.items():
        for row, terms in own.items():
            for number in range(shape.rows):
                assert row + number * shape.y_step not in every
                every[row + number * shape.y_step] = [
                    sorted((a, b + number * shape.b_step)) for a, b in terms
                ]
    return every


@given(sums)
def test_every_row_has_the_terms_it_had(sums: Sums) -> None:
    assert expanded(in_blocks(sums)) == {
        row: [sorted(term) for term in terms] for row, terms in sums.items()
    }


def test_rows_that_share_either_factor_are_blocks() -> None:
    shared: Sums = {row: [(7, 20 + 2 * row), (8, 50 + 2 * row)] for row in range(BLOCK)}
    turned: Sums = {row: [(b, a) for a, b in terms] for row, terms in shared.items()}
    assert in_blocks(shared) == in_blocks(turned) == {Shape(BLOCK, 1, 2): {0: shared[0]}}
    apart: Sums = {**shared, 3: [(7, 26), (8, 57)]}
    assert list(in_blocks(apart)) == [Shape()]


def test_rows_that_share_no_first_factor_are_blocks_by_their_second_ones() -> None:
    several: Sums = {row: [(7, 20 + row)] for row in range(BLOCK)}
    several |= {50 + row: [(30 + row, 9)] for row in range(BLOCK)}
    several |= {90: [(7, 9)]}
    shapes = in_blocks(several)
    assert shapes[Shape(BLOCK, 1, 1)] == {0: [(7, 20)], 50: [(9, 30)]}
    assert shapes[Shape()] == {90: [(7, 9)]}
