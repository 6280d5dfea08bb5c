"""One thread: a run reproduces on any number of cores, and small matrices lose no time."""

import os
import subprocess
import sys

import pytest

WATCHED = """
import importlib, os, sys

class Watch:
    def find_spec(self, name, path=None, target=None):
        if name == "numpy" and "seen" not in vars(self):
            self.seen = os.environ.get("OPENBLAS_NUM_THREADS")
            print("numpy loads with", self.seen)

sys.meta_path.insert(0, Watch())
command = importlib.import_module(sys.argv[1])
assert "OPENBLAS_NUM_THREADS" not in os.environ or sys.argv[2:] == ["chosen"]
if sys.argv[2:] == ["import"]:
    import minigrad.engines, minigrad.lift, minigrad.config, minigrad.runner.build
    assert "OPENBLAS_NUM_THREADS" not in os.environ
else:
    try:
        command.main([])  # bad usage
    except SystemExit:
        pass
    import numpy
"""

COMMANDS = [
    f"minigrad.{name}"
    for name in ("train", "runs", "sweep.__main__", "doctor.__main__", "lift.__main__")
]


def watched(*arguments: str, **variables: str) -> str:
    without = {k: v for k, v in os.environ.items() if not k.endswith("_NUM_THREADS")}
    command = [sys.executable, "-c", WATCHED, *arguments]
    return subprocess.run(
        command, env=without | variables, capture_output=True, text=True, check=True
    ).stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_asks_for_one_thread_before_numpy_loads(command: str) -> None:
    assert watched(command) == "numpy loads with 1\n"


def test_a_number_of_ones_own_choice_stays() -> None:
    ended = watched("minigrad.train", "chosen", OPENBLAS_NUM_THREADS="2")
    assert ended == "numpy loads with 2\n"


def test_an_import_changes_no_variable_and_loads_no_numpy() -> None:
    assert watched("minigrad.train", "import") == ""
