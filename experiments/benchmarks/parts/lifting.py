"""How long lifting takes: from a list of weights to the end of the first pass."""

import statistics
import time

import numpy as np

import nn
from experiments.benchmarks.parts.problems import task
from experiments.benchmarks.parts.rows import Row, Section
from experiments.benchmarks.parts.setting import Setting
from experiments.benchmarks.parts.steps import CASES, Case
from experiments.benchmarks.peers.models import model
from experiments.benchmarks.peers.served import Task
from minigrad.lift.lifted import Lifted
from minigrad.lift.models import lift_model

ROUNDS = 9
AT_MOST = {"2-64-64-1": 50}
"""Milliseconds."""


def measure(setting: Setting) -> Section:
    rounds = setting.rounds(ROUNDS)
    rows = [_row(case, rounds) for case in CASES[: 2 if setting.quick else None]]
    return Section("Lifting: trace, program, arrays, first pass", rows, rounds)


def lift_once(given: Task) -> Lifted:
    """A task's network, lifted and run forward and back over its points."""
    lifted = lift_model(model(given), nn.losses.bce, given.inputs[0], given.targets[0])
    inputs, targets = np.array(given.inputs), np.array(given.targets)[:, None]
    lifted.gradient(np.array(given.weights[0]), [inputs, targets])
    return lifted


def _row(case: Case, rounds: int) -> Row:
    given = task(case.sizes, case.points)
    times = []
    for _ in range(rounds):
        start = time.process_time()
        lifted = lift_once(given)
        times.append(1e3 * (time.process_time() - start))
    what = f"{case.network}, {lifted.program.scalars:,} scalar operations"
    return Row(what, statistics.median(times), "ms", at_most=AT_MOST.get(case.network))
