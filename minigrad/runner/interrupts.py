"""Ctrl-C and SIGTERM as a request to stop between two steps, where the state is whole."""

import signal
from types import FrameType, TracebackType
from typing import Any, Self


class Interrupts:
    """While this context lasts, signals are recorded in `received` and interrupt nothing.

    The first signal counts; later ones change nothing.
    """

    def __init__(self) -> None:
        self.received: signal.Signals | None = None
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self.received = self.received or signal.Signals(number)
