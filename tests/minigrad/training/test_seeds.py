"""Seeds as they are written: a count, first..last, a list."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigrad.training.seeds import LIMIT, parse

LARGEST = 10**18 - 1


@pytest.mark.parametrize(
    ("written", "seeds"),
    [
        (1, [0]),
        (3, [0, 1, 2]),
        ("3", [0, 1, 2]),
        ("003", [0, 1, 2]),
        ("5..7", [5, 6, 7]),
        ("5..5", [5]),
        ("0..0", [0]),
        ([4], [4]),
        ([11, 2, 7], [11, 2, 7]),  # in the order given
        (f"{LARGEST - 1}..{LARGEST}", [LARGEST - 1, LARGEST]),
        ([LARGEST], [LARGEST]),
    ],
)
def test_a_count_a_range_and_a_list_name_seeds(written: object, seeds: list[int]) -> None:
    assert parse(written) == seeds


@given(st.integers(0, 10**17), st.integers(0, 2000))
def test_a_range_has_both_its_ends(first: int, more: int) -> None:
    seeds = parse(f"{first}..{first + more}")
    assert seeds == list(range(first, first + more + 1))


@pytest.mark.parametrize(
    ("written", "named"),
    [(0, "0"), (-1, "-1"), ("0", "0"), ("00", "0"), ("5..3", "'5..3'"), ([], "[]")],
)
def test_no_seed_at_all_is_refused(written: object, named: str) -> None:
    with pytest.raises(ValueError) as refused:
        parse(written)
    sentence = f"{named} names no seed: write a count from 1, or first..last"
    assert str(refused.value) == sentence


@pytest.mark.parametrize("written", [LIMIT, str(LIMIT), f"7..{LIMIT + 6}", [*range(LIMIT)]])
def test_as_many_as_the_limit_are_taken(written: object) -> None:
    assert len(parse(written)) == LIMIT


@pytest.mark.parametrize(
    "written", [LIMIT + 1, f"7..{LIMIT + 7}", [*range(LIMIT + 1)], 10**30, f"0..{LARGEST}"]
)
def test_too_many_are_refused_by_their_count_before_they_are_made(written: Any) -> None:
    with pytest.raises(ValueError, match=r"^1[0-9,]+ seeds are too many for one run: the limit is"):
        parse(written)


@pytest.mark.parametrize(
    "written",
    [
        *(None, True, False, 1.0, 1.5, float("nan"), {}, {"a": 1}, (1, 2)),
        *("", " ", "x", "3 ", " 3", "+3", "-1", "1e3", "1_000", "0x10", "1.0", "[1, 2]"),
        *("..", "1..", "..2", "1...3", "1..2..3", "1 .. 3", "-1..3", "1..-3", "1..1e3"),
        *("3\n", "1..3\n", "٣", "۱..۳", "1" * 19, f"0..{LARGEST + 1}"),
        *([-1], [1, -1], [True], [0.0], ["1"], [None], [[1]], [LARGEST + 1], [2**63], [2**64, 1]),
    ],
)
def test_anything_else_is_refused_by_what_was_found(written: object) -> None:
    with pytest.raises(ValueError) as refused:
        parse(written)
    message = "seeds are a count, as 100, or first and last, as 0..99, found"
    assert str(refused.value) == f"{message} {written!r}"


@pytest.mark.parametrize("written", [[1, 1], [0, 5, 0]])
def test_a_seed_that_comes_twice_is_refused(written: list[int]) -> None:
    with pytest.raises(ValueError) as refused:
        parse(written)
    assert str(refused.value) == f"seeds must differ, found {written}"


def test_what_is_parsed_is_a_copy() -> None:
    written = [3, 4]
    parse(written).append(5)
    assert written == [3, 4]
