"""Tensors in the usual way: modules, one graph a batch, an optimizer of optim."""

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
    loss_of: Any = nn.losses.bce if task.sizes[-1] == 1 else nn.losses.cross_entropy

    def start() -> Step:
        model, batches = network(task), task.batches(inputs, targets)
        optimizer = optim.SGD(model.parameters(), lr=task.lr, momentum=task.momentum)

        def step() -> Tensor:
            x, target = next(batches)
            loss: Tensor = loss_of(model(x), target).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            return loss

        return step

    return start


if __name__ == "__main__":
    serve(prepare, lambda loss: [loss.item()])
