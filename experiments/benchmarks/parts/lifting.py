"""How long lifting takes: from a list of weights to the end of the first pass."""

import statistics
import time

import numpy as np

import nn
from experiments.benchmarks.parts.problems import task
from experiments.benchmarks.parts.sections import Bound, Section
from experiments.benchmarks.parts.steps import CASES, Case
from experiments.benchmarks.peers.models import model
from experiments.benchmarks.peers.served import Task
from minigrad.engines.eager import EagerEngine
from minigrad.engines.numpy import lift
from minigrad.lift.lifted import Lifted

REPEATS = 9


def measure() -> Section:
    rows = []
    for case in CASES:
        scalars, seconds = _lifting(case)
        rows.append([case.network, case.points, scalars, 1e3 * seconds, 1e6 * seconds / scalars])
    header = ["network", "points", "scalar operations", "ms to lift", "us a scalar operation"]
    bound = Bound(f"lifting {CASES[-1].network}, ms", 1e3 * seconds, 50, at_most=True)
    return Section("Lifting: trace, program, arrays, first pass", header, rows, [bound])


def lift_once(given: Task) -> Lifted:
    """A task's network, lifted and run forward and back over its points."""
    engine = EagerEngine(model(given), nn.losses.bce)
    found = lift(engine, given.inputs[0], given.targets[0])
    inputs, targets = np.array(given.inputs), np.array(given.targets)[:, None]
    found.gradient(np.array(given.weights[0]), [inputs, targets])
    return found


def _lifting(case: Case) -> tuple[int, float]:
    """Scalar operations of the graph, and seconds."""
    given = task(case.sizes, case.points)
    seconds = []
    for _ in range(REPEATS):
        start = time.process_time()
        lifted = lift_once(given)
        seconds.append(time.process_time() - start)
    return lifted.program.scalars, statistics.median(seconds)
