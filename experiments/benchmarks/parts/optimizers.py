"""What a step of each optimizer costs on the native machine, as a multiple of SGD's."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np

import optim
from experiments.benchmarks.peers.native_steps import program
from experiments.benchmarks.peers.served import Task
from minigrad.lift.checked import ArrayParameter
from minigrad.native.machine import Machine, Update, stacked
from minigrad.native.rules import RULES

CASES: list[tuple[str, dict[str, Any]]] = [
    ("SGD", {"momentum": 0.9}),
    ("Adam", {}),
    ("Adam", {"amsgrad": True}),
    ("AdamW", {}),
    ("RMSprop", {}),
    ("RMSprop", {"centered": True, "momentum": 0.5}),
    ("Adagrad", {}),
    ("Adadelta", {}),
    ("Adamax", {}),
    ("NAdam", {}),
    ("RAdam", {}),
]


def multiples(task: Task, steps: int, turns: int) -> dict[str, float]:
    """Of SGD's least processor time; all take turns, so that a slow moment is everybody's."""
    calls = [_call(task, name, settings, steps) for name, settings in CASES]
    times: list[list[float]] = [[] for _ in calls]
    for _ in range(turns):
        for call, own in zip(calls, times, strict=True):
            start = time.process_time()
            call()
            own.append(time.process_time() - start)
    names = [" ".join([name, *settings]) for name, settings in CASES]
    least = [min(own) for own in times]
    return {name: own / least[0] for name, own in zip(names, least, strict=True)}


def _call(task: Task, name: str, settings: dict[str, Any], steps: int) -> Callable[[], Any]:
    machine = Machine(program(task), "same_side")
    inputs = stacked([np.array(task.inputs), np.array(task.targets)[:, None]])
    parameters = np.array(task.weights)
    optimizer = getattr(optim, name)([ArrayParameter(parameters)], lr=1e-4, **settings)
    rule, rates = RULES[name], np.full((steps, 1), 1e-4)
    numbers = rule.settings(vars(optimizer.groups[0].settings))
    update = Update(rule, numbers, np.zeros((len(rule.states), *parameters.shape)))
    return lambda: machine.train(parameters, inputs, update, rates)
