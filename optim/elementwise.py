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
    if isinstance(x, (int, float)):
        return math.sqrt(x)
    import numpy  # who has an array has numpy

    return numpy.sqrt(x)


def maximum(a: Any, b: Any) -> Any:
    """The larger; nan if one is nan."""
    if isinstance(a, (int, float)) and isinstance(b, (int, float)):
        return a if a >= b or a != a else b
    import numpy

    return numpy.maximum(a, b)


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


def silently(like: Any, action: Callable[[], T]) -> T:
    """What `action` gives, while arrays overflow to infinity without a warning, as floats do."""
    return action() if isinstance(like, (int, float)) else _silenced()(action)


@functools.cache
def _silenced() -> Callable[[Callable[[], Any]], Any]:
    import numpy

    # As a decorator: the same in a `with` costs twice as much, a tenth of a small array's step.
    return numpy.errstate(all="ignore")(lambda action: action())


def zeros(like: Any) -> Any:
    """0 of the same shape."""
    if isinstance(like, (int, float)):
        return 0.0
    import numpy

    return numpy.zeros_like(like)


def elements(x: Any) -> list[float]:
    return [x] if isinstance(x, (int, float)) else x.ravel().tolist()


def listed(x: Any) -> Any:
    """A number as it is, an array as nested lists: ready for JSON."""
    return x.tolist() if hasattr(x, "tolist") else x


def restored(x: Any, like: Any) -> Any:
    """What `listed` was given, for a parameter whose data is `like`."""
    if isinstance(x, list) and hasattr(like, "tolist"):
        import numpy

        return numpy.array(x)
    return x
