"""Does the cost of a step grow as its work does? Width, depth, batch and replicas, one at a time.

Work is counted in scalar operations forward, as eager Values would do them: those of one sample's
graph, times samples, times replicas.
"""

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain, groupby
from typing import Any

from experiments.benchmarks.parts import lifting
from experiments.benchmarks.parts.problems import task
from experiments.benchmarks.parts.rows import Row, Section
from experiments.benchmarks.parts.setting import Setting
from experiments.benchmarks.peers import lifted, lifted_replicas
from experiments.benchmarks.peers.served import Step

ROUNDS = 7
TURN = 0.02
"""Seconds."""

VALUES = {
    "width": [4, 8, 16, 32, 64, 128],
    "depth": [1, 2, 3, 4],
    "batch": [1, 4, 16, 64, 256, 1024, 4096],
    "replicas": [1, 4, 16, 64, 256, 1024, 4096],
}


@dataclass
class Point:
    """One place in the table: what is varied, how far, and the step that is timed there."""

    varied: str
    value: int
    work: int
    step: Step
    count: int = 1
    seconds: list[float] = field(default_factory=list)

    def prepare(self) -> None:
        self.take_turn()  # the first step is compared with eager
        self.take_turn()
        self.count = max(1, round(TURN / self.seconds.pop()))
        self.seconds.clear()

    def take_turn(self) -> None:
        start = time.process_time()
        for _ in range(self.count):
            self.step()
        self.seconds.append((time.process_time() - start) / self.count)

    @property
    def microseconds(self) -> float:
        return 1e6 * statistics.median(self.seconds)


def measure(setting: Setting) -> Section:
    rounds = setting.rounds(ROUNDS)
    values = {name: values[: 2 if setting.quick else None] for name, values in VALUES.items()}
    points = [
        *(_point("width", width, [2, width, width, 1], 100) for width in values["width"]),
        *(_point("depth", depth, [2, *[32] * depth, 1], 100) for depth in values["depth"]),
        *(_point("batch", batch, [2, 16, 16, 1], batch) for batch in values["batch"]),
        *(_point("replicas", count, [2, 8, 1], 4, count) for count in values["replicas"]),
    ]
    for point in points:
        point.prepare()
    for _ in range(rounds):
        for point in points:
            point.take_turn()
    lines = [_lines([*group]) for _, group in groupby(points, lambda point: point.varied)]
    rows = [_row(each) for each in lines]
    return Section("Growth of a lifted step", rows, rounds, detail=[*chain(*lines)])


def _lines(points: Sequence[Point]) -> list[dict[str, Any]]:
    """A point a line, with what work and time grew by since the line before."""
    return [
        {
            "varied": point.varied,
            "to": point.value,
            "scalar operations": point.work,
            "us a step": point.microseconds,
            "ns each": 1e3 * point.microseconds / point.work,
            "work x": point.work / before.work if before else None,
            "time x": point.microseconds / before.microseconds if before else None,
        }
        for before, point in zip([None, *points], points, strict=False)
    ]


def _row(lines: Sequence[dict[str, Any]]) -> Row:
    first, *later = lines
    worst = max(line["time x"] / line["work x"] for line in later)
    what = f"time's growth by work's, {first['varied']} {first['to']} to {later[-1]['to']:,}"
    return Row(what, worst, "x", at_most=1.5)


def _point(varied: str, value: int, sizes: list[int], batch: int, replicas: int = 1) -> Point:
    given = task(sizes, batch, replicas)
    prepare = lifted_replicas.prepare if varied == "replicas" else lifted.prepare
    work = lifting.lift_once(given).program.scalars * batch * replicas
    return Point(varied, value, work, prepare(given)())
