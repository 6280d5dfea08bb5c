"""Lab 5: the chain rule. What to do is in 5-backward.md."""

from collections.abc import Callable, Sequence

from lab3 import Node
from lab4 import topological_order  # noqa: F401


def backward(root: Node) -> None:
    """Fill in `grad` of every node under `root`: how much `root` changes per unit of it.

    Leaves add to the gradient that they hold; inner nodes hold the gradient of this call alone.
    """
    raise NotImplementedError("lab 5, task 1: from the root to the leaves, slope times gradient")


def gradient(f: Callable[..., Node], point: Sequence[float]) -> list[float]:
    """The slope of f(*point) for each number of `point`, with one call of `f`."""
    raise NotImplementedError("lab 5, task 2: make Nodes of the point, call f once, go backward")
