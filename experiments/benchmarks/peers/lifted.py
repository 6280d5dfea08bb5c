"""The numpy engine: the same Values, lifted into an array program; all replicas at once."""

from collections.abc import Callable
from typing import Any

import numpy as np

import nn
import optim
from experiments.benchmarks.peers import lifted_replicas
from experiments.benchmarks.peers.models import model, written_by_hand
from experiments.benchmarks.peers.served import Step, Task, serve
from minigrad import lift
from minigrad.engines.arrays import NumpyEngine
from minigrad.lift.kernels import Array


def prepare(task: Task) -> Callable[[], Step]:
    if len(task.weights) > 1:
        return lifted_replicas.prepare(task)
    if task.model != "MLP":
        return _by_hand(task)
    engine = NumpyEngine(model(task), nn.losses.bce)
    (parameter,) = engine.parameters

    def start() -> Step:
        parameter.data = np.array(task.weights[0])
        optimizer = optim.SGD(engine.parameters, lr=task.lr, momentum=task.momentum)

        def step() -> Array:
            loss, _ = engine.gradient(task.inputs, task.targets)
            optimizer.step()
            return np.array([loss])

        return step

    return start


def _by_hand(task: Task) -> Callable[[], Step]:
    made, loss_of = written_by_hand(task)
    fast = lift.compile(loss_of, made.parameters())
    (parameter,) = fast.parameters
    inputs: Any = np.array(task.inputs)
    targets: Any = np.array(task.targets)
    fast.gradient(inputs, targets)  # traced, and compared with eager

    def start() -> Step:
        parameter.data = np.array(task.weights[0])
        optimizer = optim.SGD(fast.parameters, lr=task.lr, momentum=task.momentum)

        def step() -> Array:
            loss = fast.gradient(inputs, targets)
            optimizer.step()
            return np.array([loss])

        return step

    return start


if __name__ == "__main__":
    serve(prepare, lambda losses: losses.tolist())
