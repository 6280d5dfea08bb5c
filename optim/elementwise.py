"""Elementwise functions of a float or a numpy array, with the same bits for both.

`+ - * /` and `abs` have that already. A power has not: `x ** 0.5` of a float and of an array may
differ in the last bit, whereas a square root is correctly rounded everywhere.
"""

import functools
import math
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


def sqrt(x: Any) -> Any:
    return math.sqrt(x) if isinstance(x, (int, float)) else _numpy().sqrt(x)


def maximum(a: Any, b: Any) -> Any:
    """The larger of two; nan if either is nan."""
    if isinstance(a, (int, float)) and isinstance(b, (int, float)):
        return a if a >= b or a != a else b
    return _numpy().maximum(a, b)


@functools.cache
def _numpy() -> Any:
    import numpy  # numpy is loaded already where there is an array

    return numpy


def minimum(a: Any, b: Any) -> Any:
    """The smaller of two; nan if either is nan."""
    return -maximum(-a, -b)


def divide(a: Any, b: Any) -> Any:
    """a / b for b >= 0, as for arrays: 1 / 0 is inf and 0 / 0 is nan, without an exception."""
    try:
        return a / b
    except ZeroDivisionError:
        return a * math.inf


def decay(old: Any, factor: Any, added: Any) -> Any:
    """factor * old + added; an array `old` is overwritten with it."""
    old *= factor
    old += added
    return old


def descend(x: Any, lr: Any, d: Any) -> Any:
    """x - lr * d, to the last bit, but with one new array instead of two."""
    if type(x) is float or isinstance(x, (int, float)):
        return x - lr * d
    change = -lr * d
    if type(change) is not type(x) or change.dtype is not x.dtype:
        return x + change
    change += x
    return change


def silently(like: Any, action: Callable[[], T]) -> T:
    """The result of `action`, in which arrays overflow to infinity without a warning, as floats do.

    `like` tells whether there are arrays.
    """
    return action() if isinstance(like, (int, float)) else _silenced()(action)


@functools.cache
def _silenced() -> Callable[[Callable[[], Any]], Any]:
    # As a decorator, since a `with` block takes twice as long: a tenth of a small array's step.
    silenced: Callable[[Callable[[], Any]], Any] = _numpy().errstate(all="ignore")(
        lambda action: action()
    )
    return silenced


def zeros(like: Any) -> Any:
    """Zeros of the same shape."""
    if isinstance(like, (int, float)):
        return 0.0
    return _numpy().zeros_like(like)


def of_the_same_norm(x: Any) -> list[float]:
    """Numbers with the same Euclidean norm as the elements of x: these, or the norm itself.

    The norm of an array of more than 100 elements is computed by numpy, whose sum of squares takes
    them in an order that depends on their number alone. It may differ from that of math.hypot in
    the last two bits.
    """
    if isinstance(x, (int, float)):
        return [x]
    if x.size > _FEW and x.dtype.char == "d":
        total = _squared()(x.ravel())
        if 1e-280 < total < math.inf:  # otherwise squares overflow or underflow, or are nan
            return [math.sqrt(total)]
    numbers: list[float] = x.ravel().tolist()
    return numbers


_FEW = 100  # at which math.hypot takes as long as numpy


@functools.cache
def _squared() -> Callable[[Any], float]:
    add = _numpy().add.reduce  # not dot, whose last bits depend on the processor
    squared: Callable[[Any], float] = _numpy().errstate(all="ignore")(lambda x: float(add(x * x)))
    return squared


def listed(x: Any) -> Any:
    """A number itself, an array as nested lists: ready for JSON."""
    return x.tolist() if hasattr(x, "tolist") else x


def restored(x: Any, like: Any) -> Any:
    """The inverse of `listed`, for a parameter whose data is `like`."""
    if isinstance(x, list) and hasattr(like, "tolist"):
        return _numpy().array(x)
    return x
