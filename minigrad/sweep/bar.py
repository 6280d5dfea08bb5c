"""The progress of a sweep on a terminal: members that have ended, and those in training."""

import sys
import time
from collections import Counter
from collections.abc import Collection
from typing import Any, Self

from minigrad.sweep.member import Result
from minigrad.sweep.plan import SweepPlan

_FORMAT = "{percentage:3.0f}%|{bar}| {desc} [{elapsed}]"


class Bar:
    """A bar over all members, of which one in training counts half, so that it moves at once.

    Not on a terminal it is nothing.
    """

    def __init__(self, plan: SweepPlan, ended: Counter[str]) -> None:
        self._plan, self._ended, self._training = plan, ended, 0
        self._before, self._began = ended.total(), time.monotonic()
        self._bar: Any = None

    def __enter__(self) -> Self:
        if sys.stderr is not None and sys.stderr.isatty():  # None if it is closed
            from tqdm import tqdm  # here, since it takes long to import

            self._bar = tqdm(total=self._plan.members, leave=False, bar_format=_FORMAT)
            self._draw()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def in_training(self, units: Collection[int]) -> None:
        """Show that these units of the plan are being trained."""
        self._training = sum(len(self._plan.units[unit].seeds) for unit in units)
        self._draw()

    def ended(self, result: Result) -> None:
        """Show that the members of a result have ended."""
        self._ended.update(member.status for member in result.members)
        self._training = max(0, self._training - len(result.members))
        self._draw()

    def _draw(self) -> None:
        if self._bar is None:
            return
        ended, total = self._ended.total(), self._plan.members
        troubled = [f"{n:,} {status}" for status, n in self._ended.items() if status != "finished"]
        counts = [f"{ended:,} of {total:,} members", f"{self._training:,} in training", *troubled]
        if done := ended - self._before:  # before that nobody can know
            left = (time.monotonic() - self._began) / done * (total - ended)
            counts.append(f"{self._bar.format_interval(left)} left")
        self._bar.n = min(total, ended + self._training / 2)
        self._bar.set_description_str(", ".join(counts), refresh=False)
        self._bar.refresh()
