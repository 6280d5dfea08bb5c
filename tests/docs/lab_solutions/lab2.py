# mypy: ignore-errors
"""Lab 2, solved."""

import math
from typing import TypeAlias

Answer: TypeAlias = tuple[float, tuple[float, ...]]


def add(a, b):
    return a + b, (1.0, 1.0)


def subtract(a, b):
    return a - b, (1.0, -1.0)


def multiply(a, b):
    return a * b, (b, a)


def divide(a, b):
    quotient = a / b
    return quotient, (1 / b, -quotient / b)


def exp(x):
    y = math.exp(x)
    return y, (y,)


def log(x):
    return math.log(x), (1 / x,)


def tanh(x):
    y = math.tanh(x)
    return y, (1 - y * y,)


def relu(x):
    return max(0.0, x), (1.0 if x > 0 else 0.0,)
