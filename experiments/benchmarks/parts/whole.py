"""Whole processes, from start to exit."""

import ctypes
import os
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from experiments.benchmarks.peers.turns import ONE_THREAD, ROOT


@dataclass(frozen=True)
class Finished:
    """Seconds by the clock and of the processors, and what was printed."""

    clock: float
    processor: float
    output: str


def run(command: Sequence[str], tree: Path = ROOT) -> Finished:
    """Run in a tree with any number of threads; a command that fails ends the program.

    Its bytecode may be cached, as it is for most users: else each run would compile every module.
    """
    unset = *ONE_THREAD, "PYTHONDONTWRITEBYTECODE"
    environment = {key: text for key, text in os.environ.items() if key not in unset}
    _adopt_orphans()
    start, before = time.perf_counter(), _children()
    done = subprocess.run(command, capture_output=True, text=True, cwd=tree, env=environment)
    clock = time.perf_counter() - start
    if done.returncode:
        sys.exit(f"{' '.join(command)} ended with exit code {done.returncode}\n{done.stderr}")
    with suppress(ChildProcessError):
        while True:
            os.wait()
    return Finished(clock, _children() - before, done.stdout)


def _adopt_orphans() -> None:
    """A helper may outlive its command for a moment: let it, and its time, come to us (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER


def _children() -> float:
    """Seconds of the processors that processes which have ended have used."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
