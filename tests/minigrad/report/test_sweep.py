"""The pictures of a sweep's page: blue for the best, and each value at its place."""

from typing import Any

import pytest

from minigrad.report import sweep as page
from minigrad.sweep.ranking import Standing


def standing(rank: int, cell: int, median: float, **values: Any) -> Standing:
    return Standing(rank, values, median, median, median, None, 1, 0, 0, None, cell, [])


def test_the_best_has_the_first_shade_and_the_worst_the_last() -> None:
    standings = [standing(place + 1, 7 - place, place / 10, lr=1) for place in range(8)]
    assert page._shades(standings, 8) == {7 - place: place for place in range(8)}
    assert page._shades(standings[:1], 8) == {7: 0}


def test_of_cells_that_share_both_values_the_best_is_in_the_heat_map() -> None:
    standings = [
        standing(1, 0, 0.125, lr=1, momentum=0, init="he"),
        standing(2, 1, 0.25, lr=2, momentum=1, init="he"),
        standing(3, 2, 0.75, lr=1, momentum=0, init="glorot"),
    ]
    varied = {"lr": [1, 2], "momentum": [0, 1]}
    text = str(page._heat_map(standings, varied))
    assert "0.125" in text
    assert "0.75" not in text


@pytest.mark.parametrize(
    ("values", "value", "share"),
    [
        ([0.001, 0.1, 10.0], 0.1, 0.5),  # by logarithm
        ([0.0, 0.1, 10.0], 0.1, 0.01),
        ([1, 11, 21], 11, 0.787615),
        ([1, 6, 11], 6, 0.5),
        ([-1, 0, 1], 0, 0.5),
        (["he", "glorot", "normal"], "glorot", 0.5),
        ([True, False], False, 1.0),
        ([1, 1.0], 1, 0.0),
    ],
)
def test_a_value_has_its_place_on_its_axis(values: list[Any], value: Any, share: float) -> None:
    assert page._share(values, value) == pytest.approx(share, rel=1e-4)
