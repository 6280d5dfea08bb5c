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


def test_zeros() -> None:
    array = np.array([[1.0, math.nan], [3.0, math.inf]])
    assert elementwise.zeros(array).tolist() == [[0.0, 0.0], [0.0, 0.0]]
    assert elementwise.zeros(5.0) == 0.0


def test_decay_writes_over_an_array_and_over_no_other() -> None:
    old, added = np.array([1.0, 2.0]), np.array([8.0, 4.0])
    assert elementwise.decay(old, 0.5, added) is old
    assert (old.tolist(), added.tolist()) == ([8.5, 5.0], [8.0, 4.0])
    first = elementwise.decay(0.0, 0.5, added)
    assert first is not added
    assert first.tolist() == [8.0, 4.0]
    assert elementwise.decay(1.0, 0.5, 8.0) == 8.5


def test_what_is_silent_overflows_without_a_warning_and_warns_again_after_it() -> None:
    huge = np.array([1e300])
    assert elementwise.silently(huge, lambda: huge * huge) == math.inf
    assert elementwise.silently(1.0, lambda: 7) == 7
    with pytest.warns(RuntimeWarning, match="overflow"):
        huge * huge


COUNTS = [1, 33, 100, 101, 337, 4417]


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("scale", [1.0, 1e-140, 1e-200, 1e-320, 1e150, 1e200, 1e300])
def test_the_norm_is_hypots_where_a_sum_of_squares_overflows_too(count: int, scale: float) -> None:
    rng = np.random.default_rng(count)
    x = rng.normal(size=count) * scale
    x[0] = 1e-3 * scale  # of another size
    expected = math.hypot(*x.tolist())
    assert elementwise.norm([x]) == pytest.approx(expected, rel=1e-15, abs=0)
    assert elementwise.norm(x.tolist()) == expected


@pytest.mark.parametrize("count", COUNTS)
def test_a_norm_sees_what_is_not_finite(count: int) -> None:
    x = np.linspace(-1.0, 1.0, count)
    x[-1] = math.nan
    assert math.isnan(elementwise.norm([x]))
    x[0] = -math.inf
    assert elementwise.norm([x]) == math.inf
    assert elementwise.norm([np.zeros(count)]) == 0.0
    assert elementwise.norm([np.full(count, 1.7e308)]) == (math.inf if count > 1 else 1.7e308)


def test_a_norm_depends_on_the_numbers_alone() -> None:
    wide = np.random.default_rng(0).normal(size=(50, 2 * 337))
    apart = wide[:, ::2]
    expected = elementwise.norm([apart.copy()])
    assert elementwise.norm([apart]) == expected
    shifted = np.empty(apart.size + 1)[1:]  # at another address
    shifted[:] = apart.ravel()
    assert elementwise.norm([shifted]) == expected


def test_a_norm_of_single_precision_is_taken_in_double() -> None:
    x = np.full(200, 1e30, dtype=np.float32)
    assert elementwise.norm([x]) == math.hypot(*x.tolist())


def test_a_norm_is_of_numbers_and_arrays_together() -> None:
    assert elementwise.norm([3.0, np.full((20, 20), 0.2), np.array([12.0])]) == 13.0
    assert elementwise.norm([]) == 0.0
