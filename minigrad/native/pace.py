"""How many steps a call takes, so that Ctrl-C is answered soon."""

import time
from collections.abc import Callable

SECONDS = 0.1
"""A call should last so long: an interrupt, a checkpoint or a bar waits for its end."""


class Pace:
    """Measures calls and says how many steps the next one may take.

    The first has one step, and none has more than eight times those of the one before: a step that
    was measured too fast costs little then.

        pace.start()
        machine.train(parameters, inputs, update, rates[: pace.steps])
        pace.stop()
    """

    def __init__(
        self, seconds: float = SECONDS, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self.steps, self._seconds, self._clock = 1, seconds, clock
        self._start = clock()

    def start(self) -> None:
        """A call begins."""
        self._start = self._clock()

    def stop(self) -> None:
        """The call has ended: the next one is as long as the time allows."""
        elapsed = self._clock() - self._start
        most = 8 * self.steps
        fitting = int(self.steps * self._seconds / elapsed) if elapsed > 0 else most
        self.steps = max(1, min(most, fitting))
