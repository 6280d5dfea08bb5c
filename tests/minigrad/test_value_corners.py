"""Corners of Value: constants without slopes, arrays beside it, numbers taken out of a graph."""

from __future__ import annotations

import cmath
import math
import operator
import statistics
import warnings
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from minigrad import Tensor, Value, lift
from minigrad.gradcheck import gradcheck
from minigrad.tensor import where
from minigrad.value import dot

X, W = Value(0.5, label="x"), Value(2.0, label="w")


@pytest.mark.parametrize("exponent", [0.5, 0.25, 1.0, 2.0])
def test_a_constant_base_of_0_is_never_asked_for_its_slope(exponent: float) -> None:
    e = Value(exponent)
    power = 0.0**e
    power.backward()
    assert (power.data, e.grad) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("make", "hinted"),
    [
        (lambda: Value(-2.0) ** Value(3.0), True),
        (lambda: Value(0.0) ** 0.5, False),
        (lambda: Value(0.0) ** Value(0.5), False),
    ],
)
def test_a_plain_exponent_is_advised_only_where_it_would_help(
    make: Callable[[], Value], hinted: bool
) -> None:
    with pytest.raises(ArithmeticError, match="slope") as caught:
        make().backward()
    assert ("a plain number needs no slope" in str(caught.value)) == hinted


ARITHMETIC = [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow]
COMPARISONS = [operator.lt, operator.le, operator.gt, operator.ge]


@pytest.mark.parametrize("operation", ARITHMETIC)
@pytest.mark.parametrize("array", [np.array([1.0, 2.0]), np.array([[1, 3]]), np.array([])])
def test_an_array_on_either_side_gives_an_array_of_values(
    operation: Callable[[Any, Any], Any], array: Any
) -> None:
    value = Value(3.0)
    right, left = operation(value, array), operation(array, value)
    assert right.shape == left.shape == array.shape
    for index in np.ndindex(array.shape):
        assert right[index].data == operation(3.0, float(array[index]))
        assert left[index].data == operation(float(array[index]), 3.0)
        right[index].backward()
    assert array.size == 0 or value.grad != 0.0


def test_arrays_of_values_meet_a_value_too() -> None:
    value, others = Value(3.0), np.array([Value(1.0), Value(2.0)])
    assert [product.data for product in value * others] == [3.0, 6.0]


@pytest.mark.parametrize("comparison", COMPARISONS)
def test_an_array_is_compared_member_by_member(comparison: Callable[[Any, Any], Any]) -> None:
    array = np.array([1.0, 2.0, 3.0])
    assert np.array_equal(comparison(Value(2.0), array), comparison(2.0, array))
    assert np.array_equal(comparison(array, Value(2.0)), comparison(array, 2.0))


@pytest.mark.parametrize("number", [np.float64(2.0), np.float32(2.0), np.int64(2), np.array(2.0)])
@pytest.mark.parametrize("operation", ARITHMETIC)
def test_numpys_single_numbers_are_plain_numbers(
    operation: Callable[[Any, Any], Any], number: Any
) -> None:
    for result in (operation(Value(3.0), number), operation(number, Value(3.0))):
        assert isinstance(result, Value)


@pytest.mark.parametrize("thing", ["3", True, None, 1j, [1.0]])
@pytest.mark.parametrize("comparison", COMPARISONS)
def test_a_comparison_with_what_is_no_number_is_refused_by_name(
    comparison: Callable[[Any, Any], Any], thing: object
) -> None:
    for left, right in [(Value(2.0), thing), (thing, Value(2.0))]:
        with pytest.raises(TypeError, match="one real number") as caught:
            comparison(left, right)
        assert type(thing).__name__ in str(caught.value)


def in_an_expression(w: Any, x: Any) -> Any:
    return (w * math.exp(x) - 1) ** 2


exp = math.exp

LOSSES: list[tuple[Callable[[], Any], str]] = [
    (lambda: in_an_expression(W, X), "math.exp"),
    (lambda: (W * exp(X) - 1) ** 2, "math.exp"),
    (lambda: W + math.log(X), "math.log"),
    (lambda: 1 - math.sqrt(X), "math.sqrt"),
    (lambda: -math.sin(X) * W, "math.sin"),
    (lambda: -math.exp(X), "math.exp"),
    (lambda: W / (1 + math.exp(-X)), "math.exp"),
    (lambda: (W * math.tanh(X)).tanh(), "math.tanh"),
    (lambda: math.pow(X, 2) * W, "math.pow"),
    (lambda: sum([W * math.cos(X), W]), "math.cos"),
]


@pytest.mark.parametrize(("loss", "name"), LOSSES)
def test_a_function_of_math_inside_an_expression_warns_once_and_names_what_to_write(
    loss: Callable[[], Any], name: str
) -> None:
    instead = "x ** y" if name == "math.pow" else f"x.{name.removeprefix('math.')}()"
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(3):
            loss()
    (warning,) = caught
    assert name in str(warning.message)
    assert instead in str(warning.message)
    assert warning.filename == __file__


def exponential(number: Any) -> float:
    return math.exp(number)


@pytest.mark.parametrize(
    ("loss", "name"),
    [
        (lambda: W * exponential(X), "math.exp"),
        (lambda: W * (lambda x: math.exp(x))(X), "math.exp"),
        (lambda: W * sum(math.exp(x) for x in (X, W)), "math.exp"),
        (lambda: W * cmath.exp(X).real, "cmath.exp"),
        (lambda: W - statistics.fmean([X, W]), "statistics.fmean"),
        (lambda: W * np.interp(X, [0.0, 1.0], [1.0, 2.0]), "numpy.interp"),  # type: ignore[call-overload]
        (lambda: (W * math.pow(X, 2)) ** 2, "math.pow"),
    ],
)
def test_a_helper_or_another_library_cuts_the_gradient_no_more_silently(
    loss: Callable[[], Any], name: str
) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(2):
            loss()
    (warning,) = caught
    assert str(warning.message).startswith(f"{name} takes x out of the graph")
    assert warning.filename == __file__


def test_it_warns_again_where_warnings_are_looked_at_anew() -> None:
    for _ in range(2):
        with pytest.warns(UserWarning, match=r"x\.exp\(\)"):
            in_an_expression(W, X)


def in_a_function(number: float) -> float:
    return number


@pytest.mark.parametrize(
    "read",
    [
        lambda: float(X),
        lambda: 2 * float(X) + 1,
        lambda: math.exp(float(X)) * 2,
        lambda: math.exp(X.data) * 2,
        lambda: print(X, math.exp(X), 2 * math.exp(X)),
        lambda: f"{math.exp(X):.3f} {2 * math.exp(X)} {X:.2f}",
        lambda: "%.3f" % math.exp(X),  # noqa: UP031
        lambda: "%.3f %s" % (2 * math.exp(X), X),  # noqa: UP031
        lambda: f"{math.exp(X) + 1:.3f}",
        lambda: str(2 * math.exp(X)),
        lambda: math.exp(X) < 3,
        lambda: -math.exp(X) < 3,
        lambda: print(-math.exp(X)),
        lambda: 2 * math.exp(X) < 3 < 4,
        lambda: math.isfinite(X) and not math.isnan(X),
        lambda: math.exp(X) if X > 0 else 1.0,
        lambda: [math.exp(X)],
        lambda: in_a_function(math.exp(X)),
        lambda: exponential(X),
        lambda: exponential(X) < 3,
        lambda: print(2 * exponential(X)),
        lambda: [exponential(x) for x in (X, W)],
        lambda: f"{sum(math.exp(x) for x in (X, W)) / 2:.3f}",
        lambda: statistics.fmean([X, W]),
        lambda: W * np.float64(X),
        lambda: W * np.array([X, W], dtype=float),
        lambda: 2 * np.full(2, X, dtype=float),
        lambda: round(X.exp() * float(X), 3) if False else X < W,
        lambda: (W * X.exp() - 1) ** 2,
    ],
)
def test_a_number_that_is_only_read_printed_or_compared_warns_of_nothing(
    read: Callable[[], Any], recwarn: pytest.WarningsRecorder
) -> None:
    read()
    assert not recwarn.list


def test_a_gradient_is_a_plain_number_so_second_derivatives_are_not_to_be_had() -> None:
    x = Value(3.0)
    (x**3).backward()
    assert type(x.grad) is float
    assert not hasattr(x.grad, "backward")
    slope, x.grad = x.grad, 0.0
    (slope * x).backward()  # the slope is a constant: 27, where d(3x² x)/dx would be 81
    assert x.grad == slope == 27.0


def test_a_tensors_gradient_is_a_plain_array_so_second_derivatives_are_not_to_be_had() -> None:
    x = Tensor([3.0])
    (x**3).sum().backward()
    assert type(x.grad) is np.ndarray
    slope = x.grad.copy()
    x.grad = np.zeros(1)
    (slope * x).sum().backward()
    assert x.grad == slope == 27.0


ROGUE = "a\n\x1b[2J" + "x" * 500


class Shown:
    def __repr__(self) -> str:
        return ROGUE


class Unprintable:
    def __repr__(self) -> str:
        raise RuntimeError("no repr")


HUGE = 10**5000  # of more digits than Python prints


@pytest.mark.parametrize("thing", [Unprintable(), [HUGE], {"a": HUGE}])
@pytest.mark.parametrize(
    "meet",
    [
        lambda thing: Value(thing),
        lambda thing: Value(1.0) * thing,
        lambda thing: Value(1.0) < thing,
        lambda thing: Value(1.0).elu(thing),
        lambda thing: Tensor([1.0]).elu(thing),
        lambda thing: Tensor([1.0]) + {"a": thing},
        lambda thing: where(thing, Tensor([1.0]), 0.0),
        lambda thing: Tensor([1.0]).sum(axis=thing),
        lambda thing: gradcheck(lambda x: thing, [1.0]),
        lambda thing: gradcheck(lambda x: thing, [Tensor([1.0])]),
    ],
)
def test_what_cannot_even_be_printed_is_refused_all_the_same(
    meet: Callable[[Any], Any], thing: object
) -> None:
    with pytest.raises((TypeError, ValueError), match=r"\.\.\.|is one real number"):
        meet(thing)


@pytest.mark.parametrize(
    "number", [HUGE, -HUGE, Fraction(HUGE, 3)], ids=["huge", "below", "fraction"]
)
@pytest.mark.parametrize(
    "meet",
    [
        lambda number: Value(number),
        lambda number: Value(1.0) ** number,
        lambda number: number - Value(1.0),
        lambda number: Value(1.0) >= number,
        lambda number: Tensor([1.0]).leaky_relu(number),
        lambda number: Tensor([1.0]) * number,
    ],
)
def test_a_number_that_no_float_can_hold_is_called_too_large(
    meet: Callable[[Any], Any], number: Any
) -> None:
    with pytest.raises((OverflowError, TypeError), match=r"(number|one) is too large"):
        meet(number)


@pytest.mark.parametrize(
    "refused",
    [
        lambda: Value(0.0, ROGUE).log(),
        lambda: 1 / Value(0.0, ROGUE),
        lambda: Value(-1.0, ROGUE) ** 0.5,
        lambda: Value(0.0, ROGUE).sqrt().backward(),
        lambda: (Value(0.0, ROGUE) ** 0.5).backward(),
        lambda: Value(ROGUE),  # type: ignore[arg-type]
        lambda: Value(1.0) * [ROGUE],  # type: ignore[operator]
        lambda: Value(1.0) < ROGUE,  # type: ignore[operator]
        lambda: Value(Shown()),  # type: ignore[arg-type]
        lambda: Value(type(ROGUE, (), {})()),
        lambda: dot([1.0], [ROGUE]),  # type: ignore[list-item]
        lambda: Tensor([1], ROGUE),
        lambda: Tensor([[1.0], [1.0, 2.0]], ROGUE),
        lambda: Tensor([1.0]) * [ROGUE],
        lambda: Tensor([1.0]) + Shown(),
        lambda: Tensor([1.0]).elu(ROGUE),  # type: ignore[arg-type]
        lambda: Tensor([1.0]).sum(axis=ROGUE),  # type: ignore[arg-type]
        lambda: Tensor([1.0]).reshape(ROGUE),  # type: ignore[arg-type]
        lambda: where(ROGUE, Tensor([1.0]), 0.0),
        lambda: where(np.full((9, 9), "a"), Tensor([1.0]), 0.0),
        lambda: gradcheck(lambda x: ROGUE, [1.0]),
        lambda: gradcheck(lambda x: np.ones((9, 9)), [1.0]),
        lambda: gradcheck(lambda x: Shown(), [Tensor([1.0])]),
        lambda: gradcheck(lambda x: x * x.data, [Value(1.0, ROGUE)]),
        lambda: gradcheck(lambda x: x * float(x.data[0]), [Tensor([1.0], ROGUE)]),
        lambda: lift.compile(lambda x: Shown(), [Value(1.0)]).gradient([1.0]),  # type: ignore[arg-type,return-value]
        lambda: lift.compile(lambda x: x * ROGUE, [Value(1.0)]).gradient([1.0]),
    ],
)
def test_what_a_user_named_stands_in_a_refusal_on_one_short_line(
    refused: Callable[[], Any],
) -> None:
    with pytest.raises((ArithmeticError, TypeError, ValueError)) as caught:
        refused()
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 350
