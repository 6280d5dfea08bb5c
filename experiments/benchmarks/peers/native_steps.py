"""The native machine: a task's steps, for all of its replicas, in one call."""

from collections.abc import Callable

import numpy as np

import nn
from experiments.benchmarks.peers.models import model, written_by_hand
from experiments.benchmarks.peers.served import Step, Task, serve
from minigrad.engines.eager import EagerEngine
from minigrad.lift.kernels import Array
from minigrad.lift.lifted import Lifted
from minigrad.lift.models import lift_model
from minigrad.lift.program import Program
from minigrad.native.machine import Machine, Update, stacked
from minigrad.native.rules import RULES


def program(task: Task) -> Program:
    """The task's loss, lifted; a layer that all tokens go through is one operation."""
    if task.model != "MLP":
        made, loss_of = written_by_hand(task)
        sample = [task.inputs[0], task.targets[0]]
        return Lifted(lambda x, y: (loss_of(x, y), []), sample, made.parameters()).merged
    eager = EagerEngine(model(task, 0), nn.losses.bce)
    return lift_model(eager.model, eager.loss, task.inputs[0], 0.0).merged


def prepare(task: Task) -> Callable[[], Step]:
    machine = Machine(program(task), "same_side" if task.model == "MLP" else None)
    samples = len(task.inputs)
    inputs = stacked([np.array(each).reshape(samples, -1) for each in (task.inputs, task.targets)])
    rates = np.full((task.steps, 1), task.lr)
    rule = RULES["SGD"]
    settings = {"momentum": task.momentum, "weight_decay": 0, "dampening": 0, "nesterov": False}

    def start() -> Step:
        parameters = np.array(task.weights)
        update = Update(rule, rule.settings(settings), np.zeros((1, *parameters.shape)))

        def step() -> Array:
            losses: Array = machine.train(parameters, inputs, update, rates).losses[-1]
            return losses

        return step

    return start


if __name__ == "__main__":
    serve(prepare, lambda losses: losses.tolist())
