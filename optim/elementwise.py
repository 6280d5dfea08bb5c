"""Functions of one element at a time, on a float or a numpy array, with the same bits on both.

`+ - * /` and `abs` do so already. A power does not: `x ** 0.5` on a float and on an array may
differ in the last bit, where a square root is exact to the bit everywhere.
"""

import functools
import math
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


def sqrt(x: Any) -> Any:
    return math.sqrt(x) if isinstance(x, (int, float)) else _numpy().sqrt(x)


def maximum(a: Any, b: Any) -> Any:
    """The larger; nan if one is nan."""
    if isinstance(a, (int, float)) and isinstance(b, (int, float)):
        return a if a >= b or a != a else b
    return _numpy().maximum(a, b)


@functools.cache
def _numpy() -> Any:
    import numpy  # who has an array has numpy

    return numpy


def minimum(a: Any, b: Any) -> Any:
    """The smaller; nan if one is nan."""
    return -maximum(-a, -b)


def divide(a: Any, b: Any) -> Any:
    """a / b for b from 0 up, as an array answers: 1 / 0 is inf and 0 / 0 is nan, no exception."""
    try:
        return a / b
    except ZeroDivisionError:
        return a * math.inf


def decay(old: Any, factor: Any, added: Any) -> Any:
    """factor * old + added, written over `old` if that is an array."""
    old *= factor
    old += added
    return old


def descend(x: Any, lr: Any, d: Any) -> Any:
    """x - lr * d, to the bit, with one new array in place of two."""
    if isinstance(x, (int, float)):
        return x - lr * d
    change = -lr * d
    if type(change) is not type(x) or change.dtype is not x.dtype:
        return x + change
    change += x
    return change


def silently(like: Any, action: Callable[[], T]) -> T:
    """What `action` gives, while arrays overflow to infinity without a warning, as floats do."""
    return action() if isinstance(like, (int, float)) else _silenced()(action)


@functools.cache
def _silenced() -> Callable[[Callable[[], Any]], Any]:
    # As a decorator: the same in a `with` costs twice as much, a tenth of a small array's step.
    silenced: Callable[[Callable[[], Any]], Any] = _numpy().errstate(all="ignore")(
        lambda action: action()
    )
    return silenced


def zeros(like: Any) -> Any:
    """0 of the same shape."""
    if isinstance(like, (int, float)):
        return 0.0
    return _numpy().zeros_like(like)


def of_the_same_norm(x: Any) -> list[float]:
    """Numbers, few where that is fast, whose Euclidean norm is that of all elements of x.

    An array of more than a hundred elements is squared and added up by numpy, in an order that its
    size alone decides. The norm's last bits may differ from those that math.hypot gives.
    """
    if isinstance(x, (int, float)):
        return [x]
    if x.size > _FEW and x.dtype.char == "d":
        total = _squared()(x.ravel())
        if 1e-280 < total < math.inf:  # else squares may be lost: too small, too large, or nan
            return [math.sqrt(total)]
    numbers: list[float] = x.ravel().tolist()
    return numbers


_FEW = 100  # hypot takes as long for so many as numpy does for any array


@functools.cache
def _squared() -> Callable[[Any], float]:
    add = _numpy().add.reduce  # not dot, whose last bits depend on the processor
    squared: Callable[[Any], float] = _numpy().errstate(all="ignore")(lambda x: float(add(x * x)))
    return squared


def listed(x: Any) -> Any:
    """A number as it is, an array as nested lists: ready for JSON."""
    return x.tolist() if hasattr(x, "tolist") else x


def restored(x: Any, like: Any) -> Any:
    """What `listed` was given, for a parameter whose data is `like`."""
    if isinstance(x, list) and hasattr(like, "tolist"):
        return _numpy().array(x)
    return x
