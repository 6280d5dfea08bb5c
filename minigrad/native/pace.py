"""How many steps a call takes, so that Ctrl-C is answered soon."""

import time
from collections.abc import Callable

SECONDS = 0.1
"""A call should last so long: an interrupt, a checkpoint or a bar waits for its end."""


class Pace:
    """Measures calls and says how many steps the next one may take.

    The first has one step, and none has more than eight times those of the one before: a step that
    was measured too fast costs little then. What a call takes however few its steps are, as the
    copy of a hundred thousand models, is told apart by comparing two calls; at least as long again
    goes to steps.

        pace.start()
        machine.train(parameters, inputs, update, rates[: pace.steps])
        pace.stop()
    """

    def __init__(
        self, seconds: float = SECONDS, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self.steps, self._seconds, self._clock = 1, seconds, clock
        self._start = clock()
        self._before: tuple[int, float] | None = None
        self._fixed = 0.0

    def start(self) -> None:
        """A call begins."""
        self._start = self._clock()

    def stop(self) -> None:
        """The call has ended: the next one is as long as the time allows."""
        elapsed = self._clock() - self._start
        if self._before and self._before[0] != self.steps:
            steps, seconds = self._before
            slope = (elapsed - seconds) / (self.steps - steps)
            self._fixed = min(max(0.0, elapsed - slope * self.steps), elapsed)
        self._before = self.steps, elapsed
        most = 8 * self.steps
        fixed = min(self._fixed, 0.9 * elapsed)
        rest = elapsed - fixed
        fitting = int(self.steps * max(self._seconds - fixed, fixed) / rest) if rest > 0 else most
        if elapsed < self._seconds:
            fitting = max(fitting, self.steps + 1)  # to see what one more takes
        self.steps = max(1, min(most, fitting))
