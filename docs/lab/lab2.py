"""Lab 2: eight local rules. What to do is in 2-local-rules.md.

Each rule returns its value, and a tuple with the slope for each operand, in their order.
"""

from typing import TypeAlias

Answer: TypeAlias = tuple[float, tuple[float, ...]]


def add(a: float, b: float) -> Answer:
    raise NotImplementedError("lab 2: return a + b, and the slopes of a + b for a and for b")


def subtract(a: float, b: float) -> Answer:
    raise NotImplementedError("lab 2: return a - b, and the slopes of a - b for a and for b")


def multiply(a: float, b: float) -> Answer:
    raise NotImplementedError("lab 2: return a * b, and the slopes of a * b for a and for b")


def divide(a: float, b: float) -> Answer:
    raise NotImplementedError("lab 2: return a / b, and the slopes of a / b for a and for b")


def exp(x: float) -> Answer:
    raise NotImplementedError("lab 2: return e to the power of x, and a tuple of its one slope")


def log(x: float) -> Answer:
    raise NotImplementedError("lab 2: return the natural logarithm of x, and its slope")


def tanh(x: float) -> Answer:
    raise NotImplementedError("lab 2: return the hyperbolic tangent of x, and its slope")


def relu(x: float) -> Answer:
    raise NotImplementedError("lab 2: return x if it is above 0, else 0, and the slope")
