"""The helpers: the same on a float and on an array."""

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pytest

from optim import elementwise, grad_norm
from tests.optim.parameters import Parameter

NUMBERS = [0.0, 1.0, 2.0, 1e-320, 3e-300, 0.1, 1 / 3, 7.25, 1e300, math.inf, math.nan]
PAIRS = [(a, b) for a in [*NUMBERS, -0.1, -math.inf] for b in NUMBERS]


def norm(gradients: Iterable[Any]) -> float:
    return grad_norm(Parameter(0.0, gradient) for gradient in gradients)


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


def test_descending_makes_one_new_array_with_the_bits_of_the_formula() -> None:
    rng = np.random.default_rng(0)
    x = np.array([0.0, -0.0, 0.0, -0.0, *rng.normal(size=96)])
    d = np.array([0.0, 0.0, -0.0, -0.0, *rng.normal(size=96) * 1e3])
    before = x.copy(), d.copy()
    down = elementwise.descend(x, 0.1, d)
    assert down.tobytes() == (x - 0.1 * d).tobytes()
    assert (x.tobytes(), d.tobytes()) == (before[0].tobytes(), before[1].tobytes())
    for number, change, after in zip(x.tolist(), d.tolist(), down.tolist(), strict=True):
        assert elementwise.descend(number, 0.1, change).hex() == after.hex()
    assert elementwise.descend(3, 1, 2) == 1
    assert elementwise.descend(np.ones(2), 0.5, 1.0).tolist() == [0.5, 0.5]


def test_descending_by_single_precision_stays_double() -> None:
    down = elementwise.descend(np.ones(2), 1.0, np.full(2, 0.5, dtype=np.float32))
    assert (down.dtype, down.tolist()) == (np.float64, [0.5, 0.5])


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
    assert norm([x]) == pytest.approx(expected, rel=1e-15, abs=0)
    assert norm(x.tolist()) == expected


@pytest.mark.parametrize("count", COUNTS)
def test_a_norm_sees_what_is_not_finite(count: int) -> None:
    x = np.linspace(-1.0, 1.0, count)
    x[-1] = math.nan
    assert math.isnan(norm([x]))
    x[0] = -math.inf
    assert norm([x]) == math.inf
    assert norm([np.zeros(count)]) == 0.0
    assert norm([np.full(count, 1.7e308)]) == (math.inf if count > 1 else 1.7e308)


def test_a_norm_depends_on_the_numbers_alone() -> None:
    wide = np.random.default_rng(0).normal(size=(50, 2 * 337))
    apart = wide[:, ::2]
    expected = norm([apart.copy()])
    assert norm([apart]) == expected
    shifted = np.empty(apart.size + 1)[1:]  # at another address
    shifted[:] = apart.ravel()
    assert norm([shifted]) == expected


def test_a_norm_of_single_precision_is_taken_in_double() -> None:
    x = np.full(200, 1e30, dtype=np.float32)
    assert norm([x]) == math.hypot(*x.tolist())


def test_a_norm_is_of_numbers_and_arrays_together() -> None:
    assert norm([3.0, np.full((20, 20), 0.2), np.array([12.0])]) == 13.0
    assert norm([]) == 0.0
