"""The native machine beside what the processor could do at most, and its optimizers beside SGD."""

import tempfile
from dataclasses import replace
from pathlib import Path

from experiments.benchmarks.parts.contest import Entry, contest
from experiments.benchmarks.parts.limit import microseconds
from experiments.benchmarks.parts.optimizers import multiples
from experiments.benchmarks.parts.problems import problems
from experiments.benchmarks.parts.rows import Row, Section
from experiments.benchmarks.parts.setting import Setting
from experiments.benchmarks.peers.native_steps import program
from experiments.benchmarks.peers.turns import at_work

ROUNDS = 15
AT_MOST = {"2-16-1 x 20": 2, "2-16-16-1 x 100": 2, "2-64-64-1 x 1,000": 2}
AT_MOST |= {"attention head x 32": 2}
SLOWEST = 1.5
"""Of SGD's time."""


def measure_limit(setting: Setting) -> Section:
    """How many times the least possible time a step takes, by the least of the rounds."""
    chosen = problems()[: 1 if setting.quick else None]
    rounds = setting.rounds(ROUNDS)
    with tempfile.TemporaryDirectory() as folder, at_work([setting.peers()["native"]]) as working:
        rows = []
        for problem in chosen:
            path = Path(folder, f"{problem.name}.json")
            steps = 2 if setting.quick else problem.steps
            replace(problem.task, steps=steps).save(path)
            entry = Entry(working["native"], path, 1, steps * problem.seeds)
            least = min(contest([entry], rounds)["native"].microseconds)
            limit = microseconds(program(problem.task), len(problem.task.inputs))
            what = f"{problem.name}: native's step by the limit"
            rows.append(Row(what, least / limit, "x", at_most=AT_MOST.get(problem.name)))
    remark = "the limit is the step's arithmetic at the processor's measured peak (parts/limit.py)"
    return Section("The native machine's limit", rows, rounds, remarks=[remark])


def measure_optimizers(setting: Setting) -> Section:
    """The step of each as a multiple of SGD's, least of the rounds against least."""
    rounds = setting.rounds(ROUNDS)
    rows = []
    for problem in problems()[: 1 if setting.quick else None]:
        if problem.task.model != "MLP":
            continue
        steps = 2 if setting.quick else max(problem.steps // 10, 1)
        for name, multiple in multiples(problem.task, steps, rounds).items():
            if name != "SGD momentum":
                rows.append(Row(f"{problem.name}: {name}", multiple, "x", at_most=SLOWEST))
    return Section("A step of other optimizers, by SGD's on native", rows, rounds)
