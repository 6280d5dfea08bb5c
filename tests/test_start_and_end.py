"""What a command does at its start and its end, and `import minigrad` does not."""

import subprocess
import sys

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
