"""The array rule of each operation; its scalar rule is in value.py.

A rule emits calls of numpy's functions: `forward` those that fill y from the operands, and each of
`vjps` (vector-Jacobian products, one an operand) those that fill `out` with the gradient that the
operand receives when y receives g. All arrays are made beforehand, and every formula avoids
overflow where the scalar one does, so that a floating-point flag means what an ArithmeticError
means there.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]


class Emitter(Protocol):
    """Records calls, and hands out arrays for intermediate results."""

    def emit(self, function: Callable[..., Any], *arguments: Any) -> None:
        """Record a call."""

    def scratch(self, like: Array, dtype: type = float) -> Array:
        """A temporary array: the next rule may use it too."""

    def saved(self, like: Array, name: str) -> Array:
        """An array of the operation: the same one at each call."""


@dataclass(frozen=True)
class Rule:
    """How an operation runs forward, and backward to each operand.

    With `in_place` y may lie where x does: x is read before y is written, and the way back reads y
    alone. With `elementwise` the vjp may write over g.
    """

    forward: Callable[..., None]
    vjps: tuple[Callable[..., None], ...]
    in_place: bool = False
    elementwise: bool = False


Slope: TypeAlias = Callable[..., None]
"""Fills t with the slope at x, where the result is y: slope(e, t, x, y, *settings)."""


def _elementwise(forward: Callable[..., None], slope: Slope, in_place: bool = False) -> Rule:
    """A function of one operand: the operand receives g times the slope."""

    def vjp(e: Emitter, out: Array, g: Array, y: Array, x: Array, *settings: Any) -> None:
        t = e.scratch(y)
        slope(e, t, x, y, *settings)
        e.emit(np.multiply, g, t, out)

    return Rule(forward, (vjp,), in_place, elementwise=True)


def _ufunc(function: Callable[..., Any]) -> Callable[..., None]:
    return lambda e, y, *operands: e.emit(function, *operands, y)


def _maximum(a: Array, b: Any, out: Array) -> None:
    np.maximum(a, b, out=out)  # which takes no third argument by its place


def _minimum(a: Array, b: Any, out: Array) -> None:
    np.minimum(a, b, out=out)


def _cos_slope(e: Emitter, t: Array, x: Array, _y: Array) -> None:
    e.emit(np.sin, x, t)
    e.emit(np.negative, t, t)


def _tanh_slope(e: Emitter, t: Array, _x: Array, y: Array) -> None:
    e.emit(np.multiply, y, y, t)
    e.emit(np.subtract, 1.0, t, t)


def _sigmoid(e: Emitter, y: Array, x: Array) -> None:
    t, mask = e.scratch(y), e.scratch(y, bool)
    _exp_of_minus_abs(e, t, x)
    e.emit(np.greater_equal, x, 0.0, mask)
    e.emit(np.copyto, y, t)
    e.emit(np.putmask, y, mask, 1.0)  # 1 / (1 + e) from 0 on, e / (1 + e) below
    e.emit(np.add, t, 1.0, t)
    e.emit(np.divide, y, t, y)


def _exp_of_minus_abs(e: Emitter, out: Array, x: Array) -> None:
    e.emit(np.copysign, x, -1.0, out)
    e.emit(np.exp, out, out)


def _sigmoid_slope(e: Emitter, t: Array, _x: Array, y: Array) -> None:
    e.emit(np.subtract, 1.0, y, t)
    e.emit(np.multiply, y, t, t)


def _softplus(e: Emitter, y: Array, x: Array) -> None:
    t = e.scratch(y)
    _exp_of_minus_abs(e, t, x)
    e.emit(np.log1p, t, t)
    e.emit(np.fmax, x, 0.0, y)  # it ignores a nan, but t has that too
    e.emit(np.add, y, t, y)


def _softplus_slope(e: Emitter, t: Array, _x: Array, y: Array) -> None:
    e.emit(np.negative, y, t)
    e.emit(np.expm1, t, t)
    e.emit(np.negative, t, t)  # 1 - exp(-softplus(x)) = sigmoid(x)


def _leaky_relu(e: Emitter, y: Array, x: Array, leak: Any) -> None:
    t = e.scratch(y)
    e.emit(_minimum, x, 0.0, t)
    e.emit(np.multiply, t, leak, t)
    e.emit(_maximum, x, 0.0, y)
    e.emit(np.add, y, t, y)


def _leaky_relu_slope(e: Emitter, t: Array, x: Array, _y: Array, leak: Any) -> None:
    e.emit(np.copyto, t, leak)
    _one_above_0(e, t, x)


def _one_above_0(e: Emitter, t: Array, x: Array) -> None:
    mask = e.scratch(t, bool)
    e.emit(np.greater, x, 0.0, mask)
    e.emit(np.putmask, t, mask, 1.0)


def _elu(e: Emitter, y: Array, x: Array, alpha: Any) -> None:
    t = e.scratch(y)
    e.emit(_minimum, x, 0.0, t)
    e.emit(np.expm1, t, t)
    e.emit(np.multiply, t, alpha, t)
    e.emit(_maximum, x, 0.0, y)
    e.emit(np.add, y, t, y)


def _elu_slope(e: Emitter, t: Array, x: Array, _y: Array, alpha: Any) -> None:
    e.emit(_minimum, x, 0.0, t)
    e.emit(np.exp, t, t)
    e.emit(np.multiply, t, alpha, t)
    _one_above_0(e, t, x)


def _gelu(e: Emitter, y: Array, x: Array) -> None:
    cdf = e.saved(y, "cdf")
    e.emit(np.multiply, x, math.sqrt(0.5), cdf)
    e.emit(_erf, cdf)
    e.emit(np.add, cdf, 1.0, cdf)
    e.emit(np.multiply, cdf, 0.5, cdf)
    e.emit(np.multiply, x, cdf, y)


def _erf(x: Array) -> None:
    """In place; number by number, since numpy has no erf."""
    x[...] = np.reshape([math.erf(number) for number in x.ravel().tolist()], x.shape)


def _gelu_slope(e: Emitter, t: Array, x: Array, y: Array) -> None:
    e.emit(np.multiply, x, x, t)
    e.emit(np.multiply, t, -0.5, t)
    e.emit(np.exp, t, t)
    e.emit(np.multiply, t, 1 / math.sqrt(2 * math.pi), t)
    e.emit(np.multiply, t, x, t)
    e.emit(np.add, t, e.saved(y, "cdf"), t)


def _silu(e: Emitter, y: Array, x: Array) -> None:
    s = e.saved(y, "sigmoid")
    _sigmoid(e, s, x)
    e.emit(np.multiply, x, s, y)


def _silu_slope(e: Emitter, t: Array, _x: Array, y: Array) -> None:
    s = e.saved(y, "sigmoid")
    e.emit(np.subtract, 1.0, s, t)
    e.emit(np.multiply, t, y, t)
    e.emit(np.add, t, s, t)  # s + y * (1 - s) = s * (1 + x * (1 - s)), for y = x * s


# Products with g that are not elementwise in the sense above: of two operands a and b.


def _divisor(e: Emitter, out: Array, g: Array, y: Array, _a: Any, b: Array) -> None:
    e.emit(np.divide, y, b, out)
    e.emit(np.multiply, out, g, out)
    e.emit(np.negative, out, out)


def _base(e: Emitter, out: Array, g: Array, y: Array, base: Array, exponent: Any) -> None:
    t = e.scratch(y)
    e.emit(_power_slope, base, exponent, t)
    e.emit(np.multiply, g, t, out)


def _power_slope(base: Array, exponent: Any, out: Array) -> None:
    lower = np.where(np.equal(exponent, 0.0), 0.0, np.subtract(exponent, 1.0))
    np.power(base, lower, out)
    np.multiply(out, exponent, out)


def _exponent(e: Emitter, out: Array, g: Array, y: Array, base: Any, _exponent: Array) -> None:
    e.emit(np.copyto, out, base)
    e.emit(np.log, out, out)
    e.emit(np.multiply, out, y, out)
    e.emit(np.multiply, out, g, out)


def _if_a_is_larger(e: Emitter, out: Array, g: Array, _y: Array, a: Any, b: Any) -> None:
    """g times (1 + sign(a - b)) / 2: half of it at a tie."""
    e.emit(np.subtract, a, b, out)
    e.emit(np.sign, out, out)
    e.emit(np.add, out, 1.0, out)
    e.emit(np.multiply, out, 0.5, out)
    e.emit(np.multiply, out, g, out)


def _if_b_is_larger(e: Emitter, out: Array, g: Array, y: Array, a: Any, b: Any) -> None:
    _if_a_is_larger(e, out, g, y, b, a)


RULES = {
    "*": Rule(
        _ufunc(np.multiply),
        (
            lambda e, out, g, y, a, b: e.emit(np.multiply, g, b, out),
            lambda e, out, g, y, a, b: e.emit(np.multiply, g, a, out),
        ),
    ),
    "/": Rule(
        _ufunc(np.divide), (lambda e, out, g, y, a, b: e.emit(np.divide, g, b, out), _divisor)
    ),
    "**": Rule(_ufunc(np.power), (_base, _exponent)),
    "maximum": Rule(_ufunc(_maximum), (_if_a_is_larger, _if_b_is_larger)),
    "minimum": Rule(_ufunc(_minimum), (_if_b_is_larger, _if_a_is_larger)),
    "neg": Rule(_ufunc(np.negative), (lambda e, out, g, y, x: e.emit(np.negative, g, out),)),
    "abs": _elementwise(_ufunc(np.absolute), lambda e, t, x, y: e.emit(np.sign, x, t)),
    "exp": Rule(
        _ufunc(np.exp),
        (lambda e, out, g, y, x: e.emit(np.multiply, g, y, out),),
        in_place=True,
        elementwise=True,
    ),
    "log": _elementwise(_ufunc(np.log), lambda e, t, x, y: e.emit(np.divide, 1.0, x, t)),
    "sqrt": _elementwise(
        _ufunc(np.sqrt), lambda e, t, x, y: e.emit(np.divide, 0.5, y, t), in_place=True
    ),
    "sin": _elementwise(_ufunc(np.sin), lambda e, t, x, y: e.emit(np.cos, x, t)),
    "cos": _elementwise(_ufunc(np.cos), _cos_slope),
    "tanh": _elementwise(_ufunc(np.tanh), _tanh_slope, in_place=True),
    "sigmoid": _elementwise(_sigmoid, _sigmoid_slope, in_place=True),
    "softplus": _elementwise(_softplus, _softplus_slope, in_place=True),
    "relu": _elementwise(
        lambda e, y, x: e.emit(_maximum, x, 0.0, y),
        lambda e, t, x, y: e.emit(np.sign, y, t),
        in_place=True,
    ),
    "leaky_relu": _elementwise(_leaky_relu, _leaky_relu_slope),
    "elu": _elementwise(_elu, _elu_slope),
    "gelu": _elementwise(_gelu, _gelu_slope),
    "silu": _elementwise(_silu, _silu_slope),
}
"""By the tag that Value gives the operation. Sums and dots are in forward.py and backward.py."""
