"""A task's network as nn.MLP, for the peers of our own."""

import importlib
import random
from typing import Any

import nn
from experiments.benchmarks.peers.served import Task


def model(task: Task, replica: int = 0) -> nn.MLP:
    made = nn.MLP(task.sizes[0], task.sizes[1:], activation="tanh", rng=random.Random(0))
    for parameter, number in zip(made.parameters(), task.weights[replica], strict=True):
        parameter.data = number
    return made


def microgpt() -> Any:
    """The script of experiments/microgpt. Raises ModuleNotFoundError where it is not there."""
    return importlib.import_module("experiments.microgpt.microgpt")
