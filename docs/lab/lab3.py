"""Lab 3: numbers that record a graph. What to do is in 3-record-a-graph.md."""

from __future__ import annotations

from collections.abc import Callable

# Your own rules, for you to use. (noqa: they are unused until you have done the lab.)
from lab2 import Answer, add, divide, exp, log, multiply, relu, subtract, tanh  # noqa: F401


class Node:
    """A number, the operation that made it, its operands, and the slope for each of them.

    `grad` is for lab 5.
    """

    def __init__(
        self,
        data: float,
        op: str = "",
        parents: tuple[Node, ...] = (),
        slopes: tuple[float, ...] = (),
    ) -> None:
        self.data = float(data)
        self.grad = 0.0
        self.op = op
        self.parents = parents
        self.slopes = slopes

    def __repr__(self) -> str:
        return f"Node({self.data!r}, op={self.op!r})" if self.op else f"Node({self.data!r})"

    # Task 2: the operators. Python calls a.__add__(b) for a + b. For 2.0 + a, where the number on
    # the left is no Node, it calls a.__radd__(2.0).

    def __add__(self, other: Node | float) -> Node:
        raise NotImplementedError("lab 3, task 2: record self + other")

    def __radd__(self, other: float) -> Node:
        raise NotImplementedError("lab 3, task 2: record other + self")

    def __sub__(self, other: Node | float) -> Node:
        raise NotImplementedError("lab 3, task 2: record self - other")

    def __rsub__(self, other: float) -> Node:
        raise NotImplementedError("lab 3, task 2: record other - self")

    def __mul__(self, other: Node | float) -> Node:
        raise NotImplementedError("lab 3, task 2: record self * other")

    def __rmul__(self, other: float) -> Node:
        raise NotImplementedError("lab 3, task 2: record other * self")

    def __truediv__(self, other: Node | float) -> Node:
        raise NotImplementedError("lab 3, task 2: record self / other")

    def __rtruediv__(self, other: float) -> Node:
        raise NotImplementedError("lab 3, task 2: record other / self")

    # Task 3: the functions. Within a method, `exp` still means your rule of lab 2.

    def exp(self) -> Node:
        raise NotImplementedError("lab 3, task 3: record the exponential of self")

    def log(self) -> Node:
        raise NotImplementedError("lab 3, task 3: record the logarithm of self")

    def tanh(self) -> Node:
        raise NotImplementedError("lab 3, task 3: record the hyperbolic tangent of self")

    def relu(self) -> Node:
        raise NotImplementedError("lab 3, task 3: record the relu of self")


def record(rule: Callable[..., Answer], *operands: Node | float) -> Node:
    """Apply a rule of lab 2 and record the operation as a new Node."""
    raise NotImplementedError("lab 3, task 1: a Node of the value, the rule's name and the rest")
