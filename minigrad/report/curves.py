"""The curves of a run, as a chart of the page has them; they can grow."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path

from minigrad.report.thin import BUCKETS, Thinner
from minigrad.tracking.names import StoreError
from minigrad.tracking.reading import CLOCK
from minigrad.tracking.tail import Tail

_NO_METRICS = ("step", "time", CLOCK)
MOST_METRICS = 24
_VERSIONS = count(1)


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

    def extend(self, steps: Sequence[int], values: Sequence[float]) -> None:
        """As `add` for each of them."""
        if math.isfinite(sum(values)):
            for value in (min(values), max(values), values[-1]):
                self.add(steps[values.index(value)], value)
        else:
            for step, value in zip(steps, values, strict=True):
                self.add(step, value)


class RunCurves:
    """The metrics of one run, by name, each thinned to a bounded size.

    `damage` is sentences on what cannot be read; nothing is raised. `version` is another number
    after every change, and no other curves of this process have it: these may be dropped and read
    again while a page is open.
    """

    def __init__(self, run: Path, buckets: int = BUCKETS) -> None:
        self._tail = Tail(run)
        self._buckets = buckets
        self.thinned: dict[str, Thinner] = {}
        self.extents: dict[str, Extent] = {}
        self.damage: list[str] = []
        self.is_caught_up = False  # the end of the file has been reached once
        self.version = next(_VERSIONS)

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
            self.version = next(_VERSIONS)
        for name in dict.fromkeys(chain.from_iterable(rows)):
            if name not in _NO_METRICS:
                points = [(int(row["step"]), row[name]) for row in rows if name in row]
                self._add(name, points)
        self.damage = list(self._tail.damage)
        self.is_caught_up = self.is_caught_up or not more
        return more

    def _add(self, name: str, points: list[tuple[int, float]]) -> None:
        steps, values = [step for step, _ in points], [value for _, value in points]
        curve = self.thinned.get(name)
        if curve is None:
            if len(self.thinned) == MOST_METRICS:
                return
            curve = self.thinned[name] = Thinner(self._buckets)
            self.extents[name] = Extent(values[0])
        curve.extend(steps, values)
        self.extents[name].extend(steps, values)
