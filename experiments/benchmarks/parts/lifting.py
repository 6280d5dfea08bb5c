"""How long lifting takes: from a list of weights to the end of the first pass."""

import statistics
import time

import numpy as np

import nn
from experiments.benchmarks.parts.problems import Problem, problems
from experiments.benchmarks.parts.rows import Row, Section
from experiments.benchmarks.parts.setting import Setting
from experiments.benchmarks.peers.models import model
from experiments.benchmarks.peers.served import Task
from minigrad.lift.lifted import Lifted
from minigrad.lift.models import lift_model

ROUNDS = 9
AT_MOST = {"2-64-64-1 x 1,000": 50}
"""Milliseconds."""


def measure(setting: Setting) -> Section:
    rounds = setting.rounds(ROUNDS)
    networks = [each for each in problems() if each.task.model == "MLP" and each.seeds == 1]
    rows = [_row(each, rounds) for each in networks[: 2 if setting.quick else None]]
    return Section("Lifting: trace, program, arrays, first pass", rows, rounds)


def lift_once(given: Task) -> Lifted:
    """A task's network, lifted and run forward and back over its points."""
    lifted = lift_model(model(given), nn.losses.bce, given.inputs[0], given.targets[0])
    inputs, targets = np.array(given.inputs), np.array(given.targets)[:, None]
    lifted.gradient(np.array(given.weights[0]), [inputs, targets])
    return lifted


def _row(problem: Problem, rounds: int) -> Row:
    times = []
    for _ in range(rounds):
        start = time.process_time()
        lifted = lift_once(problem.task)
        times.append(1e3 * (time.process_time() - start))
    what = f"{problem.name}, {lifted.program.scalars:,} scalar operations a sample"
    return Row(what, statistics.median(times), "ms", at_most=AT_MOST.get(problem.name))
