"""A training watched in a notebook: a bar and the curve of the loss, drawn while it runs."""

import sys
import time
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

from minigrad.terminal.markup import svg_curve
from minigrad.training.protocol import StepMetrics

Metrics = TypeVar("Metrics", bound=StepMetrics)

_SECONDS = 0.25  # between two drawings
_MOST_POINTS = 600


def display() -> Any:
    """IPython's `display` where a notebook is asking, else None. IPython is not imported for it."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    if getattr(shell, "kernel", None) is None:
        return None
    from IPython.display import display as show

    return show


def watched(records: Iterable[Metrics], done: int, steps: int) -> Iterator[Metrics]:
    """The records, with a bar and a curve in a notebook; elsewhere as they are."""
    show = display()
    if show is None:
        yield from records
        return
    points = _Points()
    handle = show({"text/html": _html(points, done, steps)}, raw=True, display_id=True)
    drawn_at, step = time.monotonic(), done
    try:
        for record in records:
            step = record.step + 1
            points.add(record.step, record.loss)
            if time.monotonic() - drawn_at > _SECONDS:
                handle.update({"text/html": _html(points, step, steps)}, raw=True)
                drawn_at = time.monotonic()
            yield record
    finally:
        handle.update({"text/html": _html(points, step, steps)}, raw=True)


class _Points:
    """The curve so far: of a long one every second, fourth, ... point."""

    def __init__(self) -> None:
        self.steps: list[float] = []
        self.losses: list[float] = []
        self._every = 1

    def add(self, step: int, loss: float) -> None:
        if step % self._every == 0:
            self.steps.append(step)
            self.losses.append(loss)
        if len(self.steps) > _MOST_POINTS:
            self._every *= 2
            self.steps, self.losses = self.steps[::2], self.losses[::2]


def _html(points: _Points, step: int, steps: int) -> str:
    loss = f", loss {points.losses[-1]:.4g}" if points.losses else ""
    return (
        f'<div><progress value="{step}" max="{steps}" style="width:300px"></progress> '
        f"step {step:,} of {steps:,}{loss}</div>"
        f"<div>{svg_curve(points.steps, points.losses, 'loss')}</div>"
    )
