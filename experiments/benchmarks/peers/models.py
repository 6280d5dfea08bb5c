"""A task's model in Values, and its loss, for the peers of our own."""

import importlib
import random
from collections.abc import Callable
from typing import Any, TypeAlias

import nn
from experiments.attention.attention import Attention
from experiments.benchmarks.peers.served import Task
from minigrad import Value

Loss: TypeAlias = Callable[[Any, Any], Value]
"""Of a sample and its target."""


def model(task: Task, replica: int = 0) -> nn.MLP:
    made = nn.MLP(task.sizes[0], task.sizes[1:], activation="tanh", rng=random.Random(0))
    for parameter, number in zip(made.parameters(), task.weights[replica], strict=True):
        parameter.data = number
    return made


def written_by_hand(task: Task) -> tuple[nn.Module, Loss]:
    """The head of attention or the GPT, with the task's weights."""
    if task.model == "GPT":
        gpt = microgpt().GPT(random.Random(0))
        _set(gpt, task)
        return gpt, gpt.loss
    head = Attention(random.Random(0))
    _set(head, task)
    return head, lambda x, y: nn.losses.mse(head(x), y)


def microgpt() -> Any:
    """The script of experiments/microgpt. Raises ModuleNotFoundError where it is not there."""
    return importlib.import_module("experiments.microgpt.microgpt")


def _set(made: nn.Module, task: Task) -> None:
    for parameter, number in zip(made.parameters(), task.weights[0], strict=True):
        parameter.data = number
