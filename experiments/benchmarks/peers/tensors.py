"""Tensors as one writes them: modules, one graph a batch, an optimizer of optim."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

import nn
import optim
from experiments.benchmarks.peers.served import Step, Task, serve
from minigrad.tensor import Tensor


def network(task: Task) -> nn.Sequential:
    layers = []
    numbers = np.array(task.weights[0])
    last = len(task.sizes) - 2
    for place, (n, m) in enumerate(pairwise(task.sizes)):
        linear = nn.Linear(n, m, "tanh" if place < last else "linear")
        own, numbers = numbers[: m * (n + 1)].reshape(m, n + 1), numbers[m * (n + 1) :]
        linear.weight.data, linear.bias.data = own[:, :n], own[:, n]
        layers.append(linear)
    return nn.Sequential(*layers)


def prepare(task: Task) -> Callable[[], Step]:
    inputs, targets = np.array(task.inputs), np.array(task.targets)

    def start() -> Step:
        model = network(task)
        optimizer = optim.SGD(model.parameters(), lr=task.lr, momentum=task.momentum)

        def step() -> Tensor:
            losses: Any = nn.losses.bce(model(inputs), targets)
            loss: Tensor = losses.mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            return loss

        return step

    return start


if __name__ == "__main__":
    serve(prepare, lambda loss: [loss.item()])
