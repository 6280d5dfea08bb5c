"""The numpy engine: the same Values, lifted into an array program."""

from collections.abc import Callable

import numpy as np

import nn
import optim
from experiments.benchmarks.peers.models import model
from experiments.benchmarks.peers.served import Step, Task, serve
from minigrad.engines.arrays import NumpyEngine


def prepare(task: Task) -> Callable[[], Step]:
    engine = NumpyEngine(model(task), nn.losses.bce)
    (parameter,) = engine.parameters

    def start() -> Step:
        parameter.data = np.array(task.weights[0])
        optimizer = optim.SGD(engine.parameters, lr=task.lr, momentum=task.momentum)

        def step() -> float:
            loss, _ = engine.gradient(task.inputs, task.targets)
            optimizer.step()
            return loss

        return step

    return start


if __name__ == "__main__":
    serve(prepare, lambda loss: [loss])
