"""What a command does at its start and its end, and `import minigrad` does not."""

import signal
import subprocess
import sys

import pytest

_CYCLE = """
import sys
sys.argv = [{name!r}]
import minigrad

class Cycle:
    def __init__(self):
        self.own = self

    def __del__(self):
        print("searched")

cycle = Cycle()
"""


def output(name: str) -> str:
    script = _CYCLE.format(name=name) + "del cycle\n"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stderr == ""
    return done.stdout


def test_a_command_does_not_search_its_memory_for_cycles_at_its_end() -> None:
    assert output("-m") == ""


def test_a_program_that_imports_minigrad_ends_as_any_other() -> None:
    assert output("loop.py") == "searched\n"


_SIGNAL = """
import builtins, os, signal, sys
sys.argv = ["-m"]
signal.signal(signal.SIGINT, signal.default_int_handler)
for name in {forgotten!r}:
    sys.modules.pop(name, None)
plain = builtins.__import__

def interrupted(name, *rest):
    if name == {name!r}:
        os.kill(os.getpid(), signal.SIGINT)
    return plain(name, *rest)

builtins.__import__ = interrupted
import minigrad
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals of this kind")
@pytest.mark.parametrize("name", ["typing", "atexit", "minigrad.terminal", "signal", "threading"])
def test_ctrl_c_while_a_command_begins_to_import_is_one_line(name: str) -> None:
    script = _SIGNAL.format(name=name, forgotten=[name])
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stderr == "interrupted by Ctrl-C\n"
    assert done.returncode == 128 + signal.SIGINT
