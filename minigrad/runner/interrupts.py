"""Ctrl-C and SIGTERM as a request to stop between two steps, where the state is complete."""

import signal
from collections.abc import Callable
from contextlib import suppress
from types import FrameType, TracebackType
from typing import Any, Self

from minigrad.terminal.signals import end_at_once, install, raised, restore

AT_ONCE = "ended at once by a second signal"
"""In the error of such a run, which may have come anywhere, even past its last step."""


class Interrupts:
    """While this context lasts, the first signal is recorded in `received` and interrupts nothing.

    The second one ends the process: what is running may never come to the next step, as a plugin
    that hangs. `before_end` is called first.
    """

    def __init__(self) -> None:
        self.received: signal.Signals | None = None
        self.before_end: Callable[[signal.Signals], object] = lambda _: None
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        self.received = raised()  # before this context, where nobody heard of it
        self._before = install(self._note)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        restore(self._before)

    def _note(self, number: int, _frame: FrameType | None) -> None:
        if self.received is None:
            self.received = signal.Signals(number)
            install(self._note)  # again: the system may have forgotten it
            return
        with suppress(Exception):  # the process ends all the same
            self.before_end(self.received)
        end_at_once(self.received)
