"""Lab 9: reverse a broadcast. What to do is in 9-reverse-a-broadcast.md."""

from typing import Any, TypeAlias

Array: TypeAlias = Any
Shape: TypeAlias = tuple[int, ...]


def broadcast_shape(a: Shape, b: Shape) -> Shape:
    """The shape that arrays of shapes `a` and `b` have together."""
    raise NotImplementedError("lab 9, task 1: align at the right, stretch lengths of 1")


def unbroadcast(grad: Array, shape: Shape) -> Array:
    """The gradient of what had `shape` before it was broadcast to the shape of `grad`."""
    raise NotImplementedError("lab 9, task 2: sum over new axes, and over stretched ones")


def multiply_backward(a: Array, b: Array, grad: Array) -> tuple[Array, Array]:
    """The gradients of `a` and `b`, where `grad` is that of `a * b`."""
    raise NotImplementedError("lab 9, task 3: each factor receives the other, in its own shape")
