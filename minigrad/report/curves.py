"""The curves of a run, as a chart of the page has them; they can grow."""

import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from minigrad.report.thin import BUCKETS, Thinner
from minigrad.tracking.names import StoreError
from minigrad.tracking.reading import CLOCK
from minigrad.tracking.tail import Tail

_NO_METRICS = ("step", "time", CLOCK)
MOST_METRICS = 24


@dataclass
class Extent:
    """What a table says of one curve; values that are not finite count for `last` alone."""

    first: float
    least: float = math.nan
    least_at: int = 0
    highest: float = math.nan
    last: float = math.nan

    def add(self, step: int, value: float) -> None:
        if math.isfinite(value) and not value >= self.least:
            self.least, self.least_at = value, step
        if math.isfinite(value) and not value <= self.highest:
            self.highest = value
        self.last = value


class RunCurves:
    """The metrics of one run, by name, each thinned to a bounded size.

    `damage` is sentences on what cannot be read; nothing is raised.
    """

    def __init__(self, run: Path, buckets: int = BUCKETS) -> None:
        self._tail = Tail(run)
        self._buckets = buckets
        self.thinned: dict[str, Thinner] = {}
        self.extents: dict[str, Extent] = {}
        self.damage: list[str] = []
        self.version = 0

    @property
    def lines(self) -> int:
        return self._tail.total

    def read_all(self) -> None:
        while self.read():
            pass

    def read_for(self, seconds: float) -> bool:
        """Read on for at least one part and about so many seconds; whether there is more."""
        end = time.monotonic() + seconds
        while more := self.read():
            if time.monotonic() > end:
                break
        return more

    def read(self) -> bool:
        """Read some of the next lines; whether there is more."""
        try:
            rows, is_new, more = self._tail.read()
        except StoreError as error:
            self.damage = [str(error)]
            return False
        if is_new:
            self.thinned, self.extents = {}, {}
        if rows or is_new:
            self.version += 1
        for row in rows:
            self._add(row)
        self.damage = list(self._tail.damage)
        return more

    def _add(self, row: dict[str, float]) -> None:
        step = int(row["step"])
        for name, value in row.items():
            if name in _NO_METRICS:
                continue
            curve = self.thinned.get(name)
            if curve is None:
                if len(self.thinned) == MOST_METRICS:
                    continue
                curve = self.thinned[name] = Thinner(self._buckets)
                self.extents[name] = Extent(value)
            curve.add(step, value)
            self.extents[name].add(step, value)

    def data(self) -> dict[str, Any]:
        """By metric its steps and values, as JSON can hold them."""
        return {name: list(curve.points()) for name, curve in self.thinned.items()}
