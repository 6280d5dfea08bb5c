"""Where an operation has no answer, the lifted loss says what eager Values say."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from minigrad import Value, lift, maximum, minimum
from tests.minigrad.lift.graphs import deviation, eagerly

SLOPE = "backward: the slope of "

# The op that breaks at x = 1, for a parameter that is fine at first and then as given.
NO_ANSWER: dict[str, tuple[Callable[[Value, Any], Value], float, str]] = {
    "log of a negative": (lambda p, x: (p * x).log(), -2.0, "log(-2.0) has no finite real result"),
    "log of 0": (lambda p, x: (p * x).log(), 0.0, "log(0.0) has no finite real result"),
    "exp": (lambda p, x: (p * x).exp(), 1000.0, "exp(1000.0) has no finite real result"),
    "1 / 0": (lambda p, x: x / (p - 3.0), 3.0, "1.0 / 0.0 has no finite real result"),
    "sqrt": (lambda p, x: (p * x).sqrt(), -4.0, "sqrt(-4.0) has no finite real result"),
    "root by **": (lambda p, x: (p * x) ** 0.5, -4.0, "(-4.0) ** 0.5 has no finite real result"),
    "0 ** -1": (lambda p, x: (p * x) ** -1, 0.0, "0.0 ** (-1.0) has no finite real result"),
    "large **": (lambda p, x: (p * x) ** 40.0, 1e10, "10000000000.0 ** 40.0 has no finite real"),
    "slope of sqrt at 0": (lambda p, x: (p * x).sqrt(), 0.0, f"{SLOPE}sqrt(0.0) is infinite"),
    "slope of a root at 0": (lambda p, x: (p * x) ** 0.5, 0.0, f"{SLOPE}0.0 ** 0.5 is infinite"),
    "slope of an exponent": (
        lambda p, x: (p * x) ** (p * 0.0 + 2.0),
        -2.0,
        " ** 2.0 is infinite or undefined; as an exponent",
    ),
}


@pytest.mark.parametrize("name", NO_ANSWER)
@pytest.mark.parametrize("others", [[], [0.5, 2.0]])
def test_an_operation_without_an_answer_is_named_as_by_eager(
    name: str, others: list[float]
) -> None:
    function, number, said = NO_ANSWER[name]
    p = Value(1.0)
    loss = lambda x: function(p, x) + p  # noqa: E731
    batch = [1.0, *others]
    fast = lift.compile(loss, [p])
    fast.gradient(batch)
    fast.parameters[0].data = np.array([number])
    with pytest.raises(ArithmeticError, match=re.escape(said)):
        fast.gradient(batch)
    p.data = number
    with pytest.raises(ArithmeticError, match=re.escape(said)):
        eagerly(loss, [batch], [p])
    if "slope" not in name:
        with pytest.raises(ArithmeticError, match=re.escape(said)):
            fast.loss(batch)
    p.data = 1.0  # or the array would follow what was written there
    fast.parameters[0].data = np.array([1.0])
    assert fast.gradient(batch) == fast.loss(batch), "it works again with numbers that work"


@pytest.mark.parametrize("name", NO_ANSWER)
def test_on_the_first_batch_as_well(name: str) -> None:
    function, number, said = NO_ANSWER[name]
    p = Value(number)
    fast = lift.compile(lambda x: function(p, x) + p, [p])
    with pytest.raises(ArithmeticError, match=re.escape(said)):
        fast.gradient([1.0, 1.0])


OVERFLOWS: dict[str, Callable[[Value, Any], Value]] = {
    "*": lambda p, x: p * p * x,
    "+": lambda p, x: p * 1e108 * x + p * 1e108 * x,
    "-": lambda p, x: -(p * 1e108 * x) - p * 1e108 * x,
    "/": lambda p, x: p / (x * 1e-200),
}


@pytest.mark.parametrize("op", OVERFLOWS)
@pytest.mark.parametrize("at_first", [True, False])
def test_an_overflow_to_infinity_is_an_error_that_names_the_operation(
    op: str, at_first: bool
) -> None:
    """As compile() promises; + - * / give infinity where exp and ** raise."""
    p, function = Value(1e200 if at_first else 1.0), OVERFLOWS[op]
    fast = lift.compile(lambda x: function(p, x), [p])
    if not at_first:
        fast.gradient([1.0, 1.5])
        fast.parameters[0].data = np.array([1e200])
    with pytest.raises(ArithmeticError, match=re.escape(op)):
        fast.gradient([1.0, 1.5])
    with pytest.raises(ArithmeticError, match=re.escape(op)):
        fast.loss([1.0, 1.5])


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_data_that_is_not_finite_is_an_error(number: float) -> None:
    p = Value(2.0)
    fast = lift.compile(lambda x: p * x, [p])
    with pytest.raises(ArithmeticError):
        fast.gradient([1.0, number])
    fast = lift.compile(lambda x: p * x, [p])
    fast.gradient([1.0, 1.0])
    with pytest.raises(ArithmeticError):
        fast.gradient([1.0, number])


# A flag is raised on the way, and eager's answer is finite: so is the lifted one.

CUT: dict[str, Callable[[Value, Any], Value]] = {
    "minimum": lambda p, x: minimum(p * p * x, 3.0) + p * x,
    "maximum": lambda p, x: maximum(-(p * p * x), 3.0) + p * x,
    "tanh": lambda p, x: (p * p * x).tanh() + p * x,
    "quotient": lambda p, x: 1 / (p * p * x) + p * x,
    "sigmoid": lambda p, x: (p * p * x).sigmoid() + p * x,
    "gelu": lambda p, x: p.gelu() * x,
    "tie of infinities": lambda p, x: minimum(maximum(p * p * x, p * p), 3.0) + p * x,
    "** 0": lambda p, x: (p * p * x) ** 0.0 + p * x,
}


@pytest.mark.parametrize("name", CUT)
@pytest.mark.parametrize("at_first", [True, False])
def test_an_overflow_on_the_way_to_a_finite_answer_is_none(name: str, at_first: bool) -> None:
    p, function = Value(1e200 if at_first else 1.0), CUT[name]
    loss = lambda x: function(p, x)  # noqa: E731
    fast = lift.compile(loss, [p])
    if not at_first:
        fast.gradient([1.0, 2.0])
        fast.parameters[0].data = np.array([1e200])
    found = fast.gradient([1.0, 2.0])
    p.data = 1e200
    expected = eagerly(loss, [[1.0, 2.0]], [p])
    assert deviation((found, fast.parameters[0].grad.tolist()), expected) < 1e-12
    assert fast.loss([1.0, 2.0]) == pytest.approx(expected[0], rel=1e-12)


def test_an_exponents_slope_at_base_0_is_0_in_a_later_step() -> None:
    p = Value(3.0)
    fast = lift.compile(lambda x: x**p, [p])
    fast.gradient([1.0, 2.0])
    found = fast.gradient([0.0, 2.0])
    expected = eagerly(lambda x: x**p, [[0.0, 2.0]], [p])
    assert deviation((found, fast.parameters[0].grad.tolist()), expected) < 1e-12


def test_numbers_too_small_to_be_normal_are_no_error() -> None:
    p = Value(1e-200)
    loss = lambda x: p * x + (p * p * x).exp() + (-p * 1e203 * x).exp()  # noqa: E731
    fast = lift.compile(loss, [p])
    found = fast.gradient([1.0, 2.0])
    expected = eagerly(loss, [[1.0, 2.0]], [p])
    assert deviation((found, fast.parameters[0].grad.tolist()), expected) < 1e-12
