"""Does the cost of a step grow as its work does? Width, depth, batch and replicas, one at a time.

Work is counted in scalar operations forward, as eager Values would do them: those of one sample's
graph, times samples, times replicas.
"""

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from experiments.benchmarks.parts import lifting
from experiments.benchmarks.parts.problems import task
from experiments.benchmarks.parts.sections import Bound, Section
from experiments.benchmarks.peers import lifted, lifted_replicas
from experiments.benchmarks.peers.served import Step

ROUNDS = 7
TURN = 0.02
"""Seconds."""


@dataclass
class Point:
    """One place in the table: what is varied, how far, and the step that is timed there."""

    varied: str
    value: int
    work: int
    step: Step
    count: int = 1
    seconds: list[float] = field(default_factory=list)

    def take_turn(self) -> None:
        start = time.process_time()
        for _ in range(self.count):
            self.step()
        self.seconds.append((time.process_time() - start) / self.count)

    @property
    def microseconds(self) -> float:
        return 1e6 * statistics.median(self.seconds)


def measure() -> Section:
    points = [
        *(_point("width", width, [2, width, width, 1], 100) for width in (4, 8, 16, 32, 64, 128)),
        *(_point("depth", depth, [2, *[32] * depth, 1], 100) for depth in (1, 2, 3, 4)),
        *(_point("batch", 4**i, [2, 16, 16, 1], 4**i) for i in range(7)),
        *(_point("replicas", 4**i, [2, 8, 1], 4, replicas=4**i) for i in range(7)),
    ]
    for point in points:
        point.take_turn()  # the first step is held against eager
        point.take_turn()
        point.count = max(1, round(TURN / point.seconds.pop()))
        point.seconds.clear()
    for _ in range(ROUNDS):
        for point in points:
            point.take_turn()
    rows = [row for _, group in groupby(points, lambda p: p.varied) for row in _rows([*group])]
    header = ["varied", "to", "scalar operations", "us a step", "ns each", "work x", "time x"]
    worst = max(time / work for *_, work, time in rows if work)
    bound = Bound("growth of time / growth of work, the largest", worst, 1.5, at_most=True)
    return Section("Cost and work of a lifted step", header, rows, [bound])


def _rows(points: Sequence[Point]) -> list[list[Any]]:
    rows = []
    for before, point in zip([None, *points], points, strict=False):
        work = point.work / before.work if before else None
        spent = point.microseconds / before.microseconds if before else None
        each = 1e3 * point.microseconds / point.work
        numbers = point.work, point.microseconds, each, work, spent
        rows.append([point.varied, point.value, *numbers])
    return rows


def _point(varied: str, value: int, sizes: list[int], batch: int, replicas: int = 1) -> Point:
    given = task(sizes, batch, replicas)
    prepare = lifted_replicas.prepare if varied == "replicas" else lifted.prepare
    work = lifting.lift_once(given).program.scalars * batch * replicas
    return Point(varied, value, work, prepare(given)())
