"""Lab 11: softmax and cross-entropy. What to do is in 11-softmax-and-cross-entropy.md."""

from typing import Any, TypeAlias

Array: TypeAlias = Any


def softmax(x: Array) -> Array:
    """exp(x) over the sum of exp(x), for each row."""
    raise NotImplementedError("lab 11, task 1: positive shares of 1 in each row")


def softmax_backward(p: Array, grad: Array) -> Array:
    """The gradient of the logits, where `grad` is that of their shares `p`."""
    raise NotImplementedError("lab 11, task 2: p * (grad - the row's weighted mean of grad)")


def cross_entropy(logits: Array, labels: Array) -> Array:
    """-log of the share of each row's label, one loss a row."""
    raise NotImplementedError("lab 11, task 3: log(S) - x at the label")


def cross_entropy_backward(logits: Array, labels: Array, grad: Array) -> Array:
    """The gradient of the logits, where `grad` has that of each row's loss."""
    raise NotImplementedError("lab 11, task 4: what the network says minus what is true")
