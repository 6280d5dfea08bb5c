"""A few rounds of each stress."""

import subprocess
import sys

import pytest


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "summary"),
    [
        (["two_resumes", "--rounds", "8", "--seed", "2"], "8 rounds, 8 refusals, none"),
        (["one_store", "--rounds", "1"], "1 rounds of 16 processes, none"),
        (["kills", "operations", "--rounds", "12"], "operations: 12 rounds of two kills, none"),
        (
            ["every_operation", "iris", "--share", "1/20"],
            "iris, numpy, train, kill: every 20th, none",
        ),
        (
            ["every_operation", "seeds", "--share", "5/20", "--how", "full"],
            "seeds, numpy, train, full: every 20th, none",
        ),
        (["kills", "train", "--rounds", "3"], "train: 3 rounds of two kills, none"),
        (["kills", "seeds", "--rounds", "3"], "seeds: 3 rounds of two kills, none"),
        (["kills", "sweep", "--rounds", "3"], "sweep: 3 rounds of two kills, none"),
    ],
    ids=lambda argument: argument if isinstance(argument, str) else argument[0],
)
def test_nothing_is_lost_and_nothing_doubled(command: list[str], summary: str) -> None:
    stressed = subprocess.run(
        [sys.executable, "-m", f"tests.stress.{command[0]}", *command[1:]],
        capture_output=True,
        text=True,
    )
    assert stressed.returncode == 0, stressed.stdout + stressed.stderr
    assert stressed.stdout == f"{summary} with a fault\n"
