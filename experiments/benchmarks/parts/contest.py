"""Peers that take turns at one training: what a step costs each."""

import statistics
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from experiments.benchmarks.peers.served import Turn
from experiments.benchmarks.peers.turns import Process

TOLERANCE = 1e-9
"""Of the losses, relative: beyond it, the work was not the same."""

CHECKED = 4
"""Steps after which losses are compared: one alone would not tell of the updates."""


@dataclass(frozen=True)
class Entry:
    """A peer and its task, with the steps of a turn and how many of a model's steps are in each."""

    process: Process
    task: Path
    steps: int
    model_steps: int = 1

    @property
    def name(self) -> str:
        return self.process.peer.name


@dataclass(frozen=True)
class Timed:
    """An entry's turns: microseconds of the processor a model's step, and the clock's part of them.

    One thread's two times are the same on an idle machine. Where others run too, the clock goes on
    while they do; so ratios are taken from the processor's.
    """

    microseconds: list[float]
    clock: list[float]

    @property
    def clock_share(self) -> float:
        """By the clock, as a multiple of the processor's time."""
        pairs = zip(self.clock, self.microseconds, strict=True)
        return statistics.median(clock / processor for clock, processor in pairs)


def contest(entries: Sequence[Entry], rounds: int) -> dict[str, Timed]:
    """Everybody takes a turn in every round."""
    turns: dict[str, list[Turn]] = {entry.name: [] for entry in entries}
    for _ in range(rounds):
        for entry in entries:
            turns[entry.name].append(entry.process.turn(entry.task, entry.steps))
    return {entry.name: _timed(entry, turns[entry.name]) for entry in entries}


def check_equal_work(entries: Sequence[Entry]) -> float:
    """How far losses are from the first peer's after CHECKED steps, relative: the most of them.

    Each entry's turn must be so many steps. 0 if there is one alone. Ends the program beyond
    TOLERANCE.
    """
    first, *others = entries
    ours = first.process.turn(first.task, first.steps).losses
    largest = 0.0
    for entry in others:
        theirs = entry.process.turn(entry.task, entry.steps).losses
        worst = max(abs(a - b) / abs(b) for a, b in zip(ours, theirs, strict=True))
        if not worst <= TOLERANCE:
            names = f"{first.name} and {entry.name}"
            sys.exit(f"unequal work: after {CHECKED} steps {names} are {worst:.1e} apart")
        largest = max(largest, worst)
    return largest


def remarks(apart: float, timed: Iterable[Timed]) -> list[str]:
    """Whether the work was the same, and how far other work on the machine was in the way."""
    share = max(each.clock_share for each in timed)
    by_clock = f"by the clock at most {share:.2f} times as long"
    return [f"losses at most {apart:.0e} apart", by_clock] if apart else [by_clock]


def _timed(entry: Entry, turns: Sequence[Turn]) -> Timed:
    scale = 1e6 / (entry.steps * entry.model_steps)
    return Timed([scale * turn.processor for turn in turns], [scale * turn.clock for turn in turns])
