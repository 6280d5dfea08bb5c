"""The array program over all replicas at once, as `--seeds` runs it."""

from collections.abc import Callable

import numpy as np

import nn
import optim
from experiments.benchmarks.peers.models import model
from experiments.benchmarks.peers.served import Step, Task, serve
from minigrad.engines.replicas import ReplicaEngine
from minigrad.lift.kernels import Array


def prepare(task: Task) -> Callable[[], Step]:
    count = len(task.weights)
    engine = ReplicaEngine(model(task), np.array(task.weights), nn.losses.bce, task.inputs[0])
    inputs = np.array([task.inputs] * count)
    targets = np.array([task.targets] * count)[..., None]

    def start() -> Step:
        engine.parameter.data = np.array(task.weights)
        optimizer = optim.SGD([engine.parameter], lr=task.lr, momentum=task.momentum)

        def step() -> Array:
            for _ in range(task.steps):
                result = engine.gradient(inputs, targets)
                optimizer.step()
            return result.losses

        return step

    return start


if __name__ == "__main__":
    serve(prepare, lambda losses: losses.tolist())
