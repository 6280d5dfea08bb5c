"""Long curves thinned so that their extremes stay."""

import math
from collections.abc import Sequence
from typing import TypeAlias

BUCKETS = 400
Points: TypeAlias = tuple[list[int], list[float | None]]


class Thinner:
    """A curve of bounded size, however many points are added.

    The points are put into buckets of equally many neighbours, and of each bucket the least and
    the greatest value stay, at their own steps. When there are too many buckets, each two become
    one. A value that is not finite stays as a gap. The first and the last point always stay.
    """

    def __init__(self, buckets: int = BUCKETS) -> None:
        self._most = buckets
        self._size = 1  # points a bucket
        self._filled = 0  # of the last bucket
        self._buckets: list[list[tuple[int, float]]] = []  # least, greatest, and a gap if any
        self._low, self._high = math.inf, -math.inf  # what changes nothing in the last bucket
        self._first: tuple[int, float] | None = None
        self._last: tuple[int, float] | None = None
        self.total = 0

    def extend(self, steps: Sequence[int], values: Sequence[float]) -> None:
        """Add many points: the same extremes as one by one, in a tenth of the time."""
        is_finite = math.isfinite(sum(values))
        place = 0
        while place < len(values):
            room = self._size - self._filled if self._buckets else 0
            part = values[place : place + room]
            if is_finite and len(part) > 8:
                self._add_to_bucket(steps[place : place + room], part)
                place += len(part)
            else:
                self.add(steps[place], values[place])
                place += 1

    def _add_to_bucket(self, steps: Sequence[int], values: Sequence[float]) -> None:
        """Finite points that all belong to the last bucket."""
        low, high = min(values), max(values)
        self._last = (steps[-1], values[-1])
        self.total += len(values)
        self._filled += len(values)
        if not self._low <= low <= high <= self._high:
            extremes = {(steps[values.index(value)], value) for value in (low, high)}
            self._replace_last([*self._buckets[-1], *sorted(extremes)])

    def add(self, step: int, value: float) -> None:
        point = (step, value)
        self._first = self._first or point
        self._last = point
        self.total += 1
        if self._filled < self._size and self._buckets:
            self._filled += 1
            if not self._low <= value <= self._high:
                self._replace_last([*self._buckets[-1], point])
            return
        if len(self._buckets) == self._most:
            pairs = zip(self._buckets[::2], self._buckets[1::2], strict=True)
            self._buckets = [_extremes(one + other) for one, other in pairs]
            self._size *= 2
        self._buckets.append([point])
        self._filled, self._low, self._high = 1, math.inf, -math.inf

    def _replace_last(self, points: list[tuple[int, float]]) -> None:
        bucket = self._buckets[-1] = _extremes(points)
        if len(bucket) > 1 and self._size > 2:
            values = [y for _, y in bucket if math.isfinite(y)]
            self._low, self._high = min(values, default=1), max(values, default=0)

    @property
    def is_thinned(self) -> bool:
        return self._size > 2

    def points(self) -> Points:
        """Steps and values with 6 significant digits, None for a gap."""
        if self._first is None or self._last is None:
            return [], []
        points = [self._first, *(point for bucket in self._buckets for point in bucket), self._last]
        ordered = dict.fromkeys(points)  # each once, in order
        return [step for step, _ in ordered], [rounded(value) for _, value in ordered]


def _extremes(points: list[tuple[int, float]]) -> list[tuple[int, float]]:
    """At most a least, a greatest and a gap, by step; two points stay as they are."""
    if len(points) <= 2:
        return points
    finite = [point for point in points if math.isfinite(point[1])]
    gaps = [point for point in points if not math.isfinite(point[1])]
    chosen = gaps[:1]
    if finite:
        chosen += [min(finite, key=lambda p: p[1]), max(finite, key=lambda p: p[1])]
    return sorted(dict.fromkeys(chosen), key=lambda p: p[0])


def rounded(value: float) -> float | None:
    """With 6 significant digits; None where it is not finite."""
    return float(f"{value:.6g}") if math.isfinite(value) else None
