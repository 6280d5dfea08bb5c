"""Numbers as they are typed: only what everyone reads as the same number."""

import math

import pytest

from minigrad.terminal.numbers import decimal, whole


def test_whole_numbers_are_read_and_signs_where_they_are_allowed() -> None:
    assert (whole("0"), whole("007"), whole("9" * 18)) == (0, 7, 10**18 - 1)
    assert (whole("+5", signed=True), whole("-5", signed=True)) == (5, -5)


@pytest.mark.parametrize("text", ["", "-1", "+1", " 1", "1 ", "1_0", "1.0", "\u0661", "9" * 19])
def test_what_is_no_whole_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no whole number"):
        whole(text)


def test_decimals_are_read_as_float_reads_them() -> None:
    assert (decimal("0.5"), decimal(" -1e-3 "), decimal("inf")) == (0.5, -0.001, math.inf)


@pytest.mark.parametrize("text", ["", "1_0", "\u0661.5", "a"])
def test_what_is_no_decimal_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no number|could not convert"):
        decimal(text)
