"""Lab 10: the rule of matmul. What to do is in 10-the-rule-of-matmul.md."""

from typing import Any, TypeAlias

Array: TypeAlias = Any


def matrix_backward(a: Array, b: Array, grad: Array) -> tuple[Array, Array]:
    """The gradients of the matrices `a` and `b`, where `grad` is that of `a @ b`."""
    raise NotImplementedError("lab 10, task 1: two products, each with a transposed matrix")


def matmul_backward(a: Array, b: Array, grad: Array) -> tuple[Array, Array]:
    """The same for vectors, matrices and stacks of matrices, each in its own shape."""
    raise NotImplementedError("lab 10, task 2: add the missing axis; task 3: lab9.unbroadcast")
