"""The code with which a program ends by `sys.exit`, which Python tells nobody at the end."""

import sys
import threading
from collections.abc import Callable
from typing import Any, NoReturn

_original: Callable[[Any], NoReturn] = sys.exit
_asked: list[object] = []


def watch() -> None:
    """From now on, note what the main thread's `sys.exit` is called with."""
    global _original
    if sys.exit is not _exit:
        _original, sys.exit = sys.exit, _exit


def forget() -> None:
    """The program goes on: somebody has caught the last `sys.exit`."""
    _asked.clear()


def failure() -> SystemExit | None:
    """What `sys.exit` ends the program with, unless that is success."""
    code = _asked[-1] if _asked else None
    return None if code in (None, 0) else SystemExit(code)


def _exit(status: Any = None, /) -> NoReturn:
    if threading.current_thread() is threading.main_thread():  # another's ends that thread alone
        _asked[:] = [status]
    _original(status)
