"""A training step: every engine and every peer on every problem that it can do."""

import statistics
import tempfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from experiments.benchmarks.parts import limit
from experiments.benchmarks.parts.contest import (
    CHECKED,
    Entry,
    Timed,
    check_equal_work,
    contest,
    remarks,
)
from experiments.benchmarks.parts.problems import Problem, digits, problems
from experiments.benchmarks.parts.rows import Row, Section, beside
from experiments.benchmarks.parts.setting import Setting
from experiments.benchmarks.peers.native_steps import program
from experiments.benchmarks.peers.turns import Process, at_work

ROUNDS = 7
TURN = 0.1
"""Seconds of the processor's time, about."""

OWN = ("native", "numpy", "Tensor", "eager")
PEERS = ("JAX scan", "JAX", "torch.compile", "PyTorch", "micrograd")
MANY_STEPS = ("native", "JAX scan")
"""Those that take all steps of a turn in one call."""

ONE_SEED = ("Tensor", "eager", "PyTorch", "micrograd")
"""Those that train many seeds one after the other: a step takes as long as a single seed's."""

NO_MODEL = ("Tensor", "micrograd")
"""Those for which attention and the GPT are not written: micrograd has no exp."""

COMPARED = {
    "native": PEERS,
    "numpy": ("JAX", "PyTorch", "eager"),
    "Tensor": ("PyTorch", "eager"),
    "eager": ("micrograd",),
}
"""Whose step is compared with whose."""

AT_LEAST = {
    ("2-8-1 x 4", "native", "JAX scan"): 5,
    ("2-8-1 x 4", "numpy", "PyTorch"): 5,
    ("2-8-1 x 4", "Tensor", "PyTorch"): 1,
    ("2-8-1 x 4", "eager", "micrograd"): 6,
    ("2-16-1 x 20", "native", "JAX scan"): 3.5,
    ("2-16-16-1 x 100", "native", "JAX scan"): 2.2,
    ("2-16-16-1 x 100", "numpy", "PyTorch"): 3,
    ("2-16-16-1 x 100", "numpy", "eager"): 100,
    ("2-16-16-1 x 100", "Tensor", "PyTorch"): 1,
    ("2-16-16-1 x 100", "eager", "micrograd"): 90,
    ("2-64-64-1 x 1,000", "native", "JAX scan"): 1.1,
    ("2-64-64-1 x 1,000", "numpy", "PyTorch"): 0.9,
    ("2-64-64-1 x 1,000", "Tensor", "PyTorch"): 0.85,
    ("1,000 seeds of XOR", "native", "JAX scan"): 1.7,
    ("1,000 seeds of XOR", "numpy", "JAX scan"): 1 / 4,
    ("attention head x 32", "native", "JAX scan"): 1,
    ("attention head x 32", "native", "JAX"): 1,
    ("attention head x 32", "numpy", "eager"): 20,
    ("GPT block x 8", "native", "JAX scan"): 1,
    ("GPT block x 8", "native", "JAX"): 1,
}
"""How many times the first's step the second's must take."""

TOO_LARGE = {"2-64-64-1 x 1,000": ("micrograd",)}
"""A step of micrograd would be a graph of nine million nodes, which takes three minutes."""

DIGITS = "64-32-10 on digits, batches of 64"
OF_DIGITS = ("Tensor", "PyTorch")
"""Those that are measured with mini-batches."""


@dataclass(frozen=True)
class Measured:
    """A problem, everybody's times, and how far apart the losses were."""

    problem: Problem
    timed: Mapping[str, Timed]
    apart: float


def measure(setting: Setting, names: Collection[str] = (*OWN, *PEERS)) -> Section:
    """With `names`, of those alone."""
    peers = [peer for name, peer in setting.peers().items() if name in names]
    rounds = setting.rounds(ROUNDS)
    with tempfile.TemporaryDirectory() as folder, at_work(peers) as working:
        chosen = problems()[: 1 if setting.quick else None]
        if set(OF_DIGITS) <= set(names):
            chosen.append(Problem(DIGITS, digits([64, 32, 10], 64), 1))
        measured = [
            _measure(each, _able(each, working), Path(folder), rounds, setting.quick)
            for each in chosen
        ]
    rows = [row for each in measured for row in _rows(each, measured[0], names)]
    notes = remarks(max(each.apart for each in measured), _all_turns(measured))
    lines = [_line(each, measured[0], names) for each in measured if not each.problem.task.batch]
    return Section("A training step", rows, rounds, remarks=notes, detail=lines)


def _does(problem: Problem, name: str) -> bool:
    """Whether the table has a place for it, be it absent today or not."""
    if problem.task.batch:
        return name in OF_DIGITS
    by_hand = problem.task.model != "MLP"
    return name not in TOO_LARGE.get(problem.name, ()) and not (by_hand and name in NO_MODEL)


def _alone(problem: Problem, name: str) -> bool:
    """Whether it trains the problem's many seeds one after the other."""
    return problem.seeds > 1 and name in ONE_SEED


def _able(problem: Problem, working: Mapping[str, Process]) -> dict[str, Process]:
    return {
        name: process
        for name, process in working.items()
        if _does(problem, name) and not _alone(problem, name)
    }


def _measure(
    problem: Problem, working: Mapping[str, Process], folder: Path, rounds: int, quick: bool
) -> Measured:
    def entry(process: Process, many: int, calls: int) -> Entry:
        """Of `calls` calls, or one of `many` steps if the peer takes many in one."""
        steps = many if process.peer.name in MANY_STEPS else 1
        path = folder / f"{problem.name} {steps}.json"
        if not path.exists():
            replace(problem.task, steps=steps).save(path)
        return Entry(process, path, 1 if steps > 1 else calls, steps * problem.seeds)

    sides = working.values()
    apart = check_equal_work([entry(process, CHECKED, CHECKED) for process in sides])
    entries = [entry(process, 2 if quick else problem.steps, 1) for process in sides]
    if not quick:
        entries = [_as_long_as_a_turn(each) for each in entries]
    return Measured(problem, contest(entries, rounds), apart)


def _as_long_as_a_turn(entry: Entry) -> Entry:
    """At least CHECKED calls: micrograd's graphs are cycles, which remain until the garbage
    collector runs, so that a step in a row, as in a training, takes twice as long as one alone.
    """
    entry.process.turn(entry.task, 1)
    seconds = entry.process.turn(entry.task, 1).processor
    return replace(entry, steps=min(max(round(TURN / seconds), CHECKED), 2000))


def _microseconds(each: Measured, single: Measured, name: str) -> Sequence[float] | None:
    """Of a model's step; of many seeds one after the other, as long as that of a single one."""
    source = single if _alone(each.problem, name) else each
    return source.timed[name].microseconds if name in source.timed else None


def _rows(each: Measured, single: Measured, names: Collection[str]) -> list[Row]:
    rows = []
    for mine, others in COMPARED.items():
        own = _microseconds(each, single, mine)
        if own is None or mine not in each.timed:
            continue
        for peer in others:
            if peer not in names or not _does(each.problem, peer):
                continue
            theirs = _microseconds(each, single, peer)
            at_least = AT_LEAST.get((each.problem.name, mine, peer))
            rows.append(beside(f"{each.problem.name}, {mine}", "us", own, peer, theirs, at_least))
    return rows


def _line(each: Measured, single: Measured, names: Collection[str]) -> dict[str, Any]:
    """A line of the table of all: medians in microseconds, and the least that a step can take."""
    line: dict[str, Any] = {"us a model's step": each.problem.name}
    for name in (*OWN, *PEERS):
        if name in names:
            times = _microseconds(each, single, name) if _does(each.problem, name) else None
            line[name] = statistics.median(times) if times else None
    if "native" in each.timed:
        task = each.problem.task
        line["limit"] = limit.microseconds(program(task), len(task.inputs))
    return line


def _all_turns(measured: Sequence[Measured]) -> list[Timed]:
    return [timed for each in measured for timed in each.timed.values()]
