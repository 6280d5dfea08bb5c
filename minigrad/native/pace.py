"""How many steps a call takes, so that Ctrl-C is answered soon."""

import time
from collections.abc import Callable

SECONDS = 0.1
"""A call should last so long: an interrupt, a checkpoint or a bar waits for its end."""


class Pace:
    """Measures calls and says how many steps the next one may take.

    The first has one step, and none has more than eight times those of the one before: a step that
    was measured too fast costs little then. With `has_fixed_cost`, what a call takes however few
    its steps are, as the copy of a hundred thousand models, is told apart by comparing two calls.

        pace.start()
        machine.train(parameters, inputs, update, rates[: pace.steps])
        pace.stop()
    """

    def __init__(
        self,
        seconds: float = SECONDS,
        clock: Callable[[], float] = time.perf_counter,
        *,
        has_fixed_cost: bool = False,
    ) -> None:
        self.steps, self._seconds, self._clock = 1, seconds, clock
        self._start = clock()
        self._has_fixed_cost, self._fixed = has_fixed_cost, 0.0
        self._before: tuple[int, float] | None = None

    def start(self) -> None:
        """A call begins."""
        self._start = self._clock()

    def stop(self, taken: int | None = None) -> None:
        """The call has ended: the next one is as long as the time allows.

        `taken` is how many steps it had, if these were not `steps`.
        """
        self.steps = taken or self.steps
        elapsed = self._clock() - self._start
        fixed = self._fixed_cost(elapsed) if self._has_fixed_cost else 0.0
        most, rest = 8 * self.steps, elapsed - fixed
        fitting = int(self.steps * (self._seconds - fixed) / rest) if rest > 0 else most
        if self._has_fixed_cost and elapsed < self._seconds:
            fitting = max(fitting, self.steps + 1)  # to see what one more takes
        self.steps = max(1, min(most, fitting))

    def _fixed_cost(self, elapsed: float) -> float:
        """What the line through two calls of different length says; at most half of a call."""
        if self._before and self._before[0] != self.steps:
            steps, seconds = self._before
            slope = (elapsed - seconds) / (self.steps - steps)
            if slope > 0:  # else the two were measured too badly
                self._fixed = max(0.0, elapsed - slope * self.steps)
        self._before = self.steps, elapsed
        return min(self._fixed, self._seconds / 2, elapsed / 2)
