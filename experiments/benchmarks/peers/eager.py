"""Values as they are written, on the eager engine."""

import gc
from collections.abc import Callable

import nn
import optim
from experiments.benchmarks.peers.models import model, written_by_hand
from experiments.benchmarks.peers.served import Step, Task, serve
from minigrad.engines.eager import EagerEngine


def prepare(task: Task) -> Callable[[], Step]:
    return (lambda: _network(task)) if task.model == "MLP" else (lambda: _by_hand(task))


def _network(task: Task) -> Step:
    engine = EagerEngine(model(task), nn.losses.bce)
    optimizer = optim.SGD(engine.parameters, lr=task.lr, momentum=task.momentum)

    def step() -> float:
        loss, _ = engine.gradient(task.inputs, task.targets)
        optimizer.step()
        return loss

    return step


def _by_hand(task: Task) -> Step:
    made, loss_of = written_by_hand(task)
    optimizer = optim.SGD(made.parameters(), lr=task.lr, momentum=task.momentum)

    def step() -> float:
        gc.disable()  # as the eager engine does: it would only walk the graph while that grows
        losses = [loss_of(*sample) for sample in zip(task.inputs, task.targets, strict=True)]
        loss = sum(losses[1:], losses[0]) / len(losses)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        gc.enable()
        return loss.data

    return step


if __name__ == "__main__":
    serve(prepare, lambda loss: [loss])
