"""One training step, beside eager Values, micrograd, PyTorch and JAX."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from experiments.benchmarks.parts.contest import Entry, Timed, check_equal_work, contest
from experiments.benchmarks.parts.problems import task
from experiments.benchmarks.parts.sections import Bound, Section
from experiments.benchmarks.peers.turns import Process

ROUNDS = 9


@dataclass(frozen=True)
class Case:
    """A network, its points, the steps of each peer's turn, and how many times lifted's step a
    peer's must cost.
    """

    sizes: list[int]
    points: int
    steps: dict[str, int]
    at_least: dict[str, float]

    @property
    def network(self) -> str:
        return "-".join(map(str, self.sizes))


CASES = (
    Case(
        sizes=[2, 8, 1],
        points=4,
        steps={"lifted": 1000, "JAX jit": 1000, "PyTorch": 250, "eager": 250, "micrograd": 60},
        at_least={"PyTorch": 5},
    ),
    Case(
        sizes=[2, 16, 16, 1],
        points=100,
        steps={"lifted": 500, "JAX jit": 500, "PyTorch": 200, "eager": 1, "micrograd": 1},
        at_least={"PyTorch": 3, "eager": 600},
    ),
    Case(
        sizes=[2, 64, 64, 1],
        points=1000,
        steps={"lifted": 30, "JAX jit": 30, "PyTorch": 30},
        at_least={"PyTorch": 0.9},
    ),
)


def measure(peers: Mapping[str, Process], folder: Path) -> Section:
    rows, bounds, apart = [], [], []
    for case in CASES:
        path = folder / f"{case.network}.json"
        task(case.sizes, case.points).save(path)
        entries = [
            Entry(peers[name], path, steps) for name, steps in case.steps.items() if name in peers
        ]
        apart.append(check_equal_work(entries))
        timed = contest(entries, ROUNDS)
        rows += [_row(case, each, timed["lifted"]) for each in timed.values()]
        for name, bound in case.at_least.items():
            what = f"{name} / lifted, {case.network}, {case.points} points"
            times = timed[name].times(timed["lifted"]) if name in timed else None
            bounds.append(Bound(what, times, bound))
    header = ["network", "points", "engine", "us a step", "x lifted", "clock / processor"]
    remark = f"losses at the end of a turn: at most {max(apart):.0e} apart"
    return Section("A training step", header, rows, bounds, [remark])


def _row(case: Case, timed: Timed, lifted: Timed) -> list[object]:
    numbers = timed.microseconds, timed.times(lifted), timed.clock_share
    return [case.network, case.points, timed.name, *numbers]
