"""One training step of each engine, compared with micrograd, PyTorch and JAX."""

import tempfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from experiments.benchmarks.parts.contest import (
    Entry,
    Timed,
    check_equal_work,
    contest,
    remarks,
)
from experiments.benchmarks.parts.problems import digits, task
from experiments.benchmarks.parts.rows import Row, Section, beside
from experiments.benchmarks.parts.setting import Setting
from experiments.benchmarks.peers.served import Task
from experiments.benchmarks.peers.turns import Process, at_work

ROUNDS = 5
ALL = ("lifted", "Tensor", "JAX", "PyTorch", "eager", "micrograd")
PAIRS = [
    ("lifted", "PyTorch"),
    ("lifted", "JAX"),
    ("lifted", "micrograd"),
    ("lifted", "eager"),
    ("Tensor", "PyTorch"),
    ("Tensor", "eager"),
    ("eager", "micrograd"),
]
"""Whose step is compared, and with whose."""


@dataclass(frozen=True)
class Case:
    """A network, its points, the steps of each one's turn, and how many times the first's step the
    second's must cost.
    """

    sizes: list[int]
    points: int
    steps: dict[str, int]
    at_least: dict[tuple[str, str], float]
    batch: int | None = None  # of digits

    @property
    def network(self) -> str:
        return "-".join(map(str, self.sizes))

    @property
    def what(self) -> str:
        if self.batch:
            return f"{self.network} on digits, batches of {self.batch}"
        return f"{self.network} on {self.points:,} points"

    def task(self) -> Task:
        return digits(self.sizes, self.batch) if self.batch else task(self.sizes, self.points)


CASES = (
    Case(
        sizes=[2, 8, 1],
        points=4,
        steps={
            **{"lifted": 1000, "Tensor": 250, "JAX": 1000, "PyTorch": 250},
            **{"eager": 250, "micrograd": 60},
        },
        at_least={
            ("lifted", "PyTorch"): 5,
            ("Tensor", "PyTorch"): 1,
            ("eager", "micrograd"): 6,
        },
    ),
    # Each of micrograd's nodes is a cycle: graphs remain until the garbage collector runs. A step
    # costs twice as much in a row of four, as in any training, than it does alone.
    Case(
        sizes=[2, 16, 16, 1],
        points=100,
        steps={
            **{"lifted": 500, "Tensor": 200, "JAX": 500, "PyTorch": 200},
            **{"eager": 8, "micrograd": 4},
        },
        at_least={
            ("lifted", "PyTorch"): 3,
            ("Tensor", "PyTorch"): 1,
            ("lifted", "eager"): 100,
            ("eager", "micrograd"): 90,
        },
    ),
    Case(
        sizes=[2, 64, 64, 1],
        points=1000,
        steps={"lifted": 30, "Tensor": 30, "JAX": 30, "PyTorch": 30},
        at_least={("lifted", "PyTorch"): 0.9, ("Tensor", "PyTorch"): 0.85},
    ),
)
DIGITS = Case(
    sizes=[64, 32, 10],
    points=640,
    steps={"Tensor": 200, "PyTorch": 200},
    at_least={("Tensor", "PyTorch"): 1},
    batch=64,
)


def measure(setting: Setting, names: Collection[str] = ALL) -> Section:
    """With `names`, of those engines alone."""
    rounds = setting.rounds(ROUNDS)
    peers = [peer for name, peer in setting.peers().items() if name in names]
    rows: list[Row] = []
    turns: list[Timed] = []
    apart = []
    with tempfile.TemporaryDirectory() as folder, at_work(peers) as working:
        for case in [*CASES[: 1 if setting.quick else None], DIGITS]:
            entries = _entries(case, working, Path(folder), setting.quick)
            if entries:
                apart.append(check_equal_work(entries))
                timed = contest(entries, rounds)
                turns += timed.values()
                rows += _rows(case, timed, names)
    notes = remarks(max(apart), turns)
    return Section("A training step", rows, rounds, remarks=notes)


def _entries(case: Case, working: Mapping[str, Process], folder: Path, quick: bool) -> list[Entry]:
    path = folder / f"{case.network}.json"
    case.task().save(path)
    steps = {name: 2 if quick else steps for name, steps in case.steps.items()}
    return [Entry(working[name], path, steps[name]) for name in steps if name in working]


def _rows(case: Case, timed: Mapping[str, Timed], names: Collection[str]) -> list[Row]:
    rows = []
    for mine, theirs in PAIRS:
        if {mine, theirs} <= set(names) & set(case.steps):
            what = f"{case.what}, {mine}"
            other = timed[theirs].microseconds if theirs in timed else None
            at_least = case.at_least.get((mine, theirs))
            rows.append(beside(what, "us", timed[mine].microseconds, theirs, other, at_least))
    return rows
