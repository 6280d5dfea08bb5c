"""Waiting for what must come, however slow the machine: no test asserts a time."""

import subprocess
import time
from collections.abc import Callable

HANG = 600.0  # seconds: what takes longer than this will never end by itself
_PAUSE = 0.002


def until(condition: Callable[[], object], process: subprocess.Popen[str] | None = None) -> None:
    """Return as soon as the condition holds.

    Raises AssertionError where `process` has ended and the condition can come true no more, or
    where nothing has come of it after HANG.
    """
    begun = time.monotonic()
    while not condition():
        assert process is None or process.poll() is None or condition(), "the process has ended"
        assert time.monotonic() - begun < HANG, "it hangs"
        time.sleep(_PAUSE)
