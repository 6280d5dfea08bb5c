"""Lab 6: a network. What to do is in 6-a-neuron-and-a-layer.md."""

import random
from collections.abc import Sequence

from lab3 import Node


class Neuron:
    """tanh(bias + w[0] * x[0] + w[1] * x[1] + ...), or the sum without tanh if `linear`."""

    def __init__(self, n_in: int, rng: random.Random, linear: bool = False) -> None:
        raise NotImplementedError("lab 6, task 1: keep n_in random weights, a bias, and `linear`")

    def __call__(self, x: Sequence[Node | float]) -> Node:
        raise NotImplementedError("lab 6, task 1: the sum, then tanh unless linear")

    def parameters(self) -> list[Node]:
        raise NotImplementedError("lab 6, task 1: the weights, then the bias")


class Layer:
    """`n_out` neurons that read the same `n_in` inputs."""

    def __init__(self, n_in: int, n_out: int, rng: random.Random, linear: bool = False) -> None:
        raise NotImplementedError("lab 6, task 2: keep n_out neurons")

    def __call__(self, x: Sequence[Node | float]) -> list[Node]:
        raise NotImplementedError("lab 6, task 2: the output of each neuron")

    def parameters(self) -> list[Node]:
        raise NotImplementedError("lab 6, task 2: those of the first neuron, of the second, ...")


class MLP:
    """Layers of the given sizes, each reading the one before. The last one is linear."""

    def __init__(self, n_in: int, sizes: Sequence[int], rng: random.Random) -> None:
        raise NotImplementedError("lab 6, task 3: keep one layer for each size")

    def __call__(self, x: Sequence[Node | float]) -> list[Node]:
        raise NotImplementedError("lab 6, task 3: pass the outputs of a layer to the next")

    def parameters(self) -> list[Node]:
        raise NotImplementedError("lab 6, task 3: those of the first layer, of the second, ...")
