"""Lab 7: training. What to do is in 7-train-xor.md."""

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from lab3 import Node
from lab5 import backward  # noqa: F401
from lab6 import MLP

Sample: TypeAlias = tuple[list[float], float]

XOR: list[Sample] = [([0.0, 0.0], 0.0), ([0.0, 1.0], 1.0), ([1.0, 0.0], 1.0), ([1.0, 1.0], 0.0)]


def mean_squared_error(model: MLP, samples: Sequence[Sample]) -> Node:
    """The mean over the samples of (first output of the model - target) squared."""
    raise NotImplementedError("lab 7, task 1: one Node, the mean of the squared errors")


def zero_grad(parameters: Iterable[Node]) -> None:
    """Set every gradient to 0."""
    raise NotImplementedError("lab 7, task 2: clear the gradients of the last step")


def sgd_step(parameters: Iterable[Node], lr: float) -> None:
    """Move every parameter by `lr` times its gradient, downhill."""
    raise NotImplementedError("lab 7, task 2: change the data of each parameter")


def train(model: MLP, samples: Sequence[Sample], steps: int, lr: float) -> list[float]:
    """Train on all samples at every step; the loss of each step, before its update."""
    raise NotImplementedError("lab 7, task 3: forward, clear, backward, update; again")
