"""Lab 1: measure a slope. What to do is in 1-central-difference.md."""

from collections.abc import Callable, Sequence


def slope(f: Callable[[float], float], x: float, h: float = 1e-5) -> float:
    """How much f(x) changes per unit of x, measured between x - h and x + h."""
    raise NotImplementedError("lab 1, task 1: divide the change of f by the change of x")


def gradient(f: Callable[..., float], point: Sequence[float], h: float = 1e-5) -> list[float]:
    """The slope of f(*point) for each number of `point`, while the others stay fixed."""
    raise NotImplementedError("lab 1, task 2: one slope for each number of the point")
