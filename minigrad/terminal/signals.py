"""Ctrl-C and SIGTERM in a command: the first one stops it in good order, the second at once."""

import contextlib
import os
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any, NoReturn, TypeAlias

NUMBERS = (signal.SIGINT, signal.SIGTERM)


class Stopped(KeyboardInterrupt):
    """A signal asks the command to stop, at a moment when no run is being written."""

    def __init__(self, number: int) -> None:
        super().__init__(f"interrupted by {cause(number)}")
        self.number = number


def cause(number: int) -> str:
    return "Ctrl-C" if number == signal.SIGINT else signal.Signals(number).name


Handler: TypeAlias = Callable[[int, FrameType | None], Any] | signal.Handlers


def install(handler: Handler) -> dict[signal.Signals, Any]:
    """Handle both signals; gives the handlers before. Elsewhere than in the main thread, nothing
    can be handled and nothing is.
    """
    if threading.current_thread() is not threading.main_thread():
        return {}
    return {number: signal.signal(number, handler) for number in NUMBERS}


def raise_stopped(number: int, frame: FrameType | None) -> NoReturn:
    """A handler: raises Stopped, and ends the process at the next signal.

    During an import it ends the process now: an extension module that is being loaded may answer
    an exception with a panic of its own, as pydantic's does, or swallow it.
    """
    if _is_importing(frame):
        end_at_once(number)
    install(end_at_once)
    raise Stopped(number)


def _is_importing(frame: FrameType | None) -> bool:
    while frame:
        if frame.f_code.co_filename == "<frozen importlib._bootstrap>":
            return True
        frame = frame.f_back
    return False


def end_at_once(number: int, _frame: FrameType | None = None) -> NoReturn:
    """A handler: ends the process with a line, whatever it is doing and whatever it catches."""
    # a flood of them would call this within itself until the stack ends; a signal that has come
    # already and is then ignored would be an error of Python's
    install(lambda _number, _frame: None)
    with contextlib.suppress(OSError):
        os.write(2, f"{line_start()}interrupted by {cause(number)}\n".encode())
    os._exit(128 + number)


def line_start(number: int = 2) -> str:
    """What overwrites the "^C" that a terminal shows, before a line on output 1 or 2."""
    try:
        return "\r" if os.isatty(number) else ""
    except OSError:  # it is closed
        return ""
