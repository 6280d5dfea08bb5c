"""This checkout of minigrad beside an earlier one: the numpy engine's steps, and whole commands."""

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from experiments.benchmarks.parts.contest import (
    CHECKED,
    Entry,
    Timed,
    check_equal_work,
    contest,
    remarks,
)
from experiments.benchmarks.parts.problems import Problem, problems
from experiments.benchmarks.parts.rows import Row, Section, beside
from experiments.benchmarks.parts.setting import Setting
from experiments.benchmarks.parts.whole import run
from experiments.benchmarks.peers.turns import Peer, Process, at_work

BOUNDED = "7cfa375"
"""The commit that the bounds are on."""

ROUNDS = 25
COMMAND_ROUNDS = 15
TURN = 0.1
"""Seconds of the processor's time, about."""

MANY_SEEDS = "1,000 seeds of XOR"
STEPS_AT_LEAST = {
    ("2-8-1 x 4", "numpy"): 14.5 / 11,
    ("2-16-16-1 x 100", "numpy"): 22.9 / 19,
    ("2-64-64-1 x 1,000", "numpy"): 476 / 440,
    (MANY_SEEDS, "numpy"): 0.48 / 0.22,
    (MANY_SEEDS, "native"): 0.48 / 0.22,
}
"""How many times this checkout's step the other's must take, and which steps are timed."""

COMMANDS_AT_LEAST = {1: 1 / 0.75, 1000: 1 / 0.6}
"""The same of the whole command, by the number of seeds."""


def measure_steps(setting: Setting) -> Section:
    rounds = setting.rounds(ROUNDS)
    timed_here = {name for name, _ in STEPS_AT_LEAST}
    chosen = [each for each in problems() if each.name in timed_here]
    rows, lines, turns, apart = [], [], list[Timed](), 0.0
    with tempfile.TemporaryDirectory() as folder:
        for problem in chosen[: 1 if setting.quick else None]:
            with at_work(_peers(problem, _base(setting))) as working:
                sides = [_Side(each, problem, Path(folder)) for each in working.values()]
                apart = max(apart, check_equal_work([side.entry(CHECKED) for side in sides]))
                entries = [side.entry(2 if setting.quick else side.steps()) for side in sides]
                timed = contest(entries, rounds)
            turns += timed.values()
            lines.append({"us a model's step": problem.name} | _medians_and_least(timed))
            rows += _rows(problem, timed, _commit(setting))
    notes = remarks(apart, turns)
    return Section("A step beside another checkout", rows, rounds, remarks=notes, detail=lines)


def measure_commands(setting: Setting) -> Section:
    """`train configs/xor.yaml` in both trees by this interpreter, from start to exit."""
    rounds, base = setting.rounds(COMMAND_ROUNDS), _base(setting)
    commit, rows = _commit(setting), []
    with tempfile.TemporaryDirectory() as out:
        train = [sys.executable, "-m", "minigrad.train", "configs/xor.yaml", "--out", out]
        for seeds, at_least in list(COMMANDS_AT_LEAST.items())[: 1 if setting.quick else None]:
            command = [*train, "--seeds", str(seeds)] if seeds > 1 else train
            turns = [
                (run(command).processor, run(command, base).processor) for _ in range(rounds + 1)
            ]
            ours, theirs = zip(*turns[1:], strict=True)  # in the first, files were cached
            bound = at_least if commit == BOUNDED else None
            what = "one seed, eager" if seeds == 1 else f"{seeds:,} seeds"
            rows.append(beside(f"XOR, 500 steps, {what}", "s", ours, commit, theirs, bound))
    threads = "as many threads as each takes"
    return Section("The whole command beside another checkout", rows, rounds, threads=threads)


class _Side:
    """A peer at a problem; native takes all steps of a turn in one call."""

    def __init__(self, process: Process, problem: Problem, folder: Path) -> None:
        self.process, self.problem, self.folder = process, problem, folder
        self.in_one_call = process.peer.name == "native"

    def entry(self, steps: int) -> Entry:
        many = steps if self.in_one_call else 1
        path = self.folder / f"{self.problem.name} {many}.json"
        replace(self.problem.task, steps=many).save(path)
        calls = 1 if self.in_one_call else steps
        return Entry(self.process, path, calls, many * self.problem.seeds)

    def steps(self) -> int:
        """As many as fill a turn."""
        if self.in_one_call:
            return self.problem.steps
        few = self.entry(CHECKED)
        self.process.turn(few.task, CHECKED)
        seconds = self.process.turn(few.task, CHECKED).processor / CHECKED
        return min(max(round(TURN / seconds), CHECKED), 5000)


def _peers(problem: Problem, base: Path) -> list[Peer]:
    script = "lifted_replicas" if problem.seeds > 1 else "lifted"
    peers = [Peer("numpy", script), Peer("base", script, tree=base)]
    if (problem.name, "native") in STEPS_AT_LEAST:
        peers.append(Peer("native", "native_steps"))
    return peers


def _rows(problem: Problem, timed: dict[str, Timed], commit: str) -> list[Row]:
    theirs = timed["base"].microseconds
    rows = []
    for (name, engine), at_least in STEPS_AT_LEAST.items():
        if name == problem.name:
            bound = at_least if commit == BOUNDED else None
            mine = timed[engine].microseconds
            rows.append(beside(f"{name}, {engine}", "us", mine, commit, theirs, bound))
    return rows


def _medians_and_least(timed: dict[str, Timed]) -> dict[str, Any]:
    columns: dict[str, Any] = {}
    for name in ("numpy", "base", "native"):
        times: Sequence[float] = sorted(timed[name].microseconds) if name in timed else ()
        columns[name] = times[len(times) // 2] if times else None
        columns[f"least of {name}"] = times[0] if times else None
    return columns


def _base(setting: Setting) -> Path:
    assert setting.base, "measured only beside another checkout"
    return setting.base


def _commit(setting: Setting) -> str:
    """The other checkout's commit, or its folder's name where git does not know it."""
    ask = ["git", "-C", str(_base(setting)), "rev-parse", "--short=7", "HEAD"]
    answer = subprocess.run(ask, capture_output=True, text=True)
    return answer.stdout.strip() or _base(setting).name
