"""Values as they are written, on the eager engine."""

from collections.abc import Callable

import nn
import optim
from experiments.benchmarks.peers.models import model
from experiments.benchmarks.peers.served import Step, Task, serve
from minigrad.engines.eager import EagerEngine


def prepare(task: Task) -> Callable[[], Step]:
    def start() -> Step:
        engine = EagerEngine(model(task), nn.losses.bce)
        optimizer = optim.SGD(engine.parameters, lr=task.lr, momentum=task.momentum)

        def step() -> float:
            loss, _ = engine.gradient(task.inputs, task.targets)
            optimizer.step()
            return loss

        return step

    return start


if __name__ == "__main__":
    serve(prepare, lambda loss: [loss])
