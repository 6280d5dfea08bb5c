"""Ctrl-C and SIGTERM in a command: the first one stops it in good order, the second at once."""

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping
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
    before = {number: signal.signal(number, handler) for number in NUMBERS}
    _let_second_kill()
    return before


def restore(before: Mapping[signal.Signals, Any]) -> None:
    """Put back the handlers that `install` gave."""
    for number, handler in before.items():
        signal.signal(number, handler)
    _let_second_kill()


def expect_foreign_code() -> None:
    """From here on code of the user's own may run, which may hang in C, where no handler is called.
    So the system ends the process at the second signal of a kind, unless the first one's handler
    has been called by then: it installs one again.
    """
    global _is_foreign
    _is_foreign = True
    _let_second_kill()


_is_foreign = False


def _let_second_kill() -> None:
    """Have the system forget each of our handlers once it has called Python's own for a signal
    (SA_RESETHAND). Only glibc can do this for a handler that is there already.
    """
    if not _is_foreign:
        return
    if sys.platform != "linux":
        return
    import ctypes  # here, since few commands need it

    libc, api = ctypes.CDLL(None), ctypes.pythonapi
    if not hasattr(libc, "sysv_signal"):
        return
    api.PyOS_getsig.restype = ctypes.c_void_p
    libc.sysv_signal.argtypes = [ctypes.c_int, ctypes.c_void_p]
    libc.sysv_signal.restype = ctypes.c_void_p
    for number in NUMBERS:
        if str(getattr(signal.getsignal(number), "__module__", "")).startswith("minigrad."):
            libc.sysv_signal(number, api.PyOS_getsig(number))


def raise_stopped(number: int, frame: FrameType | None) -> NoReturn:
    """A handler: raises Stopped, and ends the process at the next signal.

    During an import it ends the process now: an extension module that is being loaded may answer
    an exception with a panic of its own, as pydantic's does, or swallow it.
    """
    if _is_importing(frame):
        end_at_once(number)
    install(end_at_once)
    global _raised
    _raised = signal.Signals(number)
    raise Stopped(number)


_raised: signal.Signals | None = None


def raised() -> signal.Signals | None:
    """The signal that Stopped was raised for in this command. Python drops what is raised while an
    object is finalized, a file that nobody closed for one: who begins a long work asks here.
    """
    return _raised


def begin_command() -> None:
    """A command begins: signals raise Stopped, and none has come yet."""
    global _raised
    _raised = None
    install(raise_stopped)


def end_command() -> None:
    """Its end takes a while too, and waits for threads: a signal ends it at once."""
    global _raised
    _raised = None
    install(end_at_once)


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
