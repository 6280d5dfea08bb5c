"""Tables that fit: which columns are shown, which are shortened, and how wide letters are."""

import pytest

from minigrad.terminal.numbers import whole
from minigrad.terminal.screen import _with_colors, broken
from minigrad.terminal.table import columns_of, format_table


@pytest.mark.parametrize(("width", "shown"), [(8, ["run"]), (9, ["run", "note"])])
def test_a_column_that_just_fits_is_shown(width: int, shown: list[str]) -> None:
    table = format_table(["run", "note"], [["xor", "good"]], width=width, needed=["run"])
    assert table.splitlines()[0].split() == shown


def test_the_first_column_is_the_last_to_be_shortened() -> None:
    row = ["a-very-long-identity", "a note of some words"]
    line = format_table(["run", "note"], [row], width=36).splitlines()[1]
    assert line.startswith("a-very-long-identity  ")
    assert line.endswith("...")


@pytest.mark.parametrize(
    ("text", "columns"), [("xor", 3), ("漢字", 4), ("e\u0301", 1), ("\uff21b", 3), ("ünï", 3)]
)
def test_a_wide_letter_takes_two_columns_and_an_accent_none(text: str, columns: int) -> None:
    assert columns_of(text) == columns


def test_a_head_of_half_the_width_leaves_no_room_to_indent_by() -> None:
    line = "finished     some words that are broken"
    assert broken(line, 40) == [line]
    assert broken(line, 28)[1].startswith(" " * 13)
    assert not broken(line, 26)[1].startswith(" ")


def test_of_colours_that_overlap_the_last_one_counts() -> None:
    assert _with_colors("failed now", [(0, 6, "31"), (3, 10, "32")]) == "fai\x1b[32mled now\x1b[0m"


@pytest.mark.parametrize("text", ["1" * 19, "-" + "1" * 19, "+", "", "1 ", "١"])
def test_a_whole_number_has_at_most_18_digits_of_ascii(text: str) -> None:
    with pytest.raises(ValueError, match="no whole number"):
        whole(text, signed=True)
