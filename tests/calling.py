"""A command in this process, many times faster than as a process of its own.

Each command is also called as a process in `tests/commands`, where signals, closed outputs and the
end of the process are tested too.
"""

import contextlib
import io
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from minigrad.config import plugins
from minigrad.data import DATASETS
from minigrad.engines import ENGINES
from minigrad.registry import Registry
from minigrad.terminal.command import guard
from nn.activations import ACTIVATIONS
from nn.initialisers import INITIALISERS
from nn.losses import LOSSES
from optim import OPTIMIZERS
from optim.schedules import SCHEDULES

REGISTRIES: tuple[Registry[Any], ...] = (
    *(ACTIVATIONS, DATASETS, ENGINES, INITIALISERS),
    *(LOSSES, OPTIMIZERS, SCHEDULES),
)


@contextlib.contextmanager
def contained() -> Iterator[None]:
    """Leaves no names, no plugins and no signal handlers behind."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    names = [dict(registry) for registry in REGISTRIES]
    loaded = dict(plugins._loaded)
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        for registry, before in zip(REGISTRIES, names, strict=True):
            registry.clear()
            registry.update(before)
        plugins._loaded.clear()
        plugins._loaded.update(loaded)


@contextlib.contextmanager
def _environment(changes: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(changes)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _output() -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)


def call(
    module: ModuleType, *arguments: str, cwd: Path | str = ".", columns: int = 80
) -> subprocess.CompletedProcess[str]:
    """What `python -m MODULE ARGUMENTS` gives in the folder `cwd`: exit code and both outputs."""
    outputs = out, err = _output(), _output()
    called = sys.argv
    sys.argv = [str(module.__file__), *arguments]
    try:
        with (
            contained(),
            _environment({"COLUMNS": str(columns)}),
            contextlib.chdir(cwd),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            code = guard(lambda: module.main(sys.argv[1:]))
    except SystemExit as end:  # a fault of usage, or --help
        code = end.code if isinstance(end.code, int) else 1
    finally:
        sys.argv = called
    printed = [output.buffer.getvalue().decode() for output in outputs]  # type: ignore[attr-defined]
    return subprocess.CompletedProcess(sys.argv, code, *printed)
