"""The results of a measurement: rows of the table, and whether the bounds on them hold."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Row:
    """A figure of minigrad's, and where there is a peer, the peer's and how many times ours it is.

    `median` and `peer_median` are in `unit`; `ratio` is the median over the rounds of the peer's
    figure divided by minigrad's, so that above 1 minigrad takes less. A peer without a ratio is
    absent. `at_least` and `at_most` bound the ratio or, without a peer, the median.
    """

    what: str
    median: float
    unit: str
    peer: str | None = None
    peer_median: float | None = None
    ratio: float | None = None
    at_least: float | None = None
    at_most: float | None = None

    @property
    def verdict(self) -> str | None:
        """On the bound: ok, missed or absent; None without a bound."""
        if self.at_least is None and self.at_most is None:
            return None
        figure = self.ratio if self.peer else self.median
        if figure is None:
            return "absent"
        too_low = self.at_least is not None and not figure >= self.at_least
        too_high = self.at_most is not None and not figure <= self.at_most
        return "missed" if too_low or too_high else "ok"


def beside(
    what: str,
    unit: str,
    mine: Sequence[float],
    peer: str,
    theirs: Sequence[float] | None,
    at_least: float | None = None,
) -> Row:
    """The row of two sides that took turns, a figure a round. No figures of theirs: absent."""
    median = statistics.median(mine)
    if theirs is None:
        return Row(what, median, unit, peer, at_least=at_least)
    ratio = statistics.median(t / m for m, t in zip(mine, theirs, strict=True))
    return Row(what, median, unit, peer, statistics.median(theirs), ratio, at_least)


@dataclass(frozen=True)
class Section:
    """One question's rows, and how they were found.

    `clock` says which time was taken, the processor's or the wall clock's, or None: no time at all;
    `threads` how many of them each side had. `detail` is a table of its own, a dict a line.
    """

    question: str
    rows: Sequence[Row]
    rounds: int
    clock: str | None = "processor"
    threads: str = "one thread"
    remarks: Sequence[str] = ()
    detail: Sequence[dict[str, Any]] = ()

    @property
    def method(self) -> str:
        """One line, to be read after the question."""
        if not self.rows or self.clock is None:
            return "; ".join(self.remarks)
        rounds = "1 round" if self.rounds == 1 else f"{self.rounds} rounds"
        return "; ".join([f"{self.clock} time, {self.threads}, {rounds}", *self.remarks])
