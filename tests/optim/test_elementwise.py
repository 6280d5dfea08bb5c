"""The helpers: the same on a float and on an array."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from optim import elementwise

NUMBERS = [0.0, 1.0, 2.0, 1e-320, 3e-300, 0.1, 1 / 3, 7.25, 1e300, math.inf, math.nan]
PAIRS = [(a, b) for a in [*NUMBERS, -0.1, -math.inf] for b in NUMBERS]


def same(a: float, b: float) -> bool:
    return a == b or (math.isnan(a) and math.isnan(b))


def test_sqrt() -> None:
    for x, root in zip(NUMBERS, elementwise.sqrt(np.array(NUMBERS)), strict=True):
        assert same(elementwise.sqrt(x), root)
    assert elementwise.sqrt(2.25) == 1.5


@pytest.mark.parametrize("function", [elementwise.maximum, elementwise.minimum, elementwise.divide])
def test_functions_of_two(function: Callable[..., Any]) -> None:
    a, b = np.array(PAIRS).T
    with np.errstate(all="ignore"):
        together = function(a, b)
    for (x, y), answer in zip(PAIRS, together, strict=True):
        assert same(function(x, y), answer), (x, y)


def test_nan_is_neither_larger_nor_smaller() -> None:
    for pair in [(math.nan, 1.0), (1.0, math.nan)]:
        assert math.isnan(elementwise.maximum(*pair))
        assert math.isnan(elementwise.minimum(*pair))


def test_division_by_0_has_an_answer() -> None:
    assert elementwise.divide(-2.0, 0.0) == -math.inf
    assert math.isnan(elementwise.divide(0.0, 0.0))


def test_an_array_beside_a_number() -> None:
    assert elementwise.maximum(np.array([-1.0, 2.0]), 0.0).tolist() == [0.0, 2.0]
    assert elementwise.minimum(np.array([-1.0, 2.0]), 0.0).tolist() == [-1.0, 0.0]


def test_zeros_and_elements() -> None:
    array = np.array([[1.0, math.nan], [3.0, math.inf]])
    assert elementwise.zeros(array).tolist() == [[0.0, 0.0], [0.0, 0.0]]
    assert (elementwise.zeros(5.0), elementwise.elements(5.0)) == (0.0, [5.0])
    assert elementwise.elements(np.array([[1.0, 2.0], [3.0, 4.0]])) == [1.0, 2.0, 3.0, 4.0]
