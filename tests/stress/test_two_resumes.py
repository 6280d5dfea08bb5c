"""The stress of two resumes at once, a few rounds of it."""

import subprocess
import sys


def test_two_resumes_at_once_lose_and_double_nothing() -> None:
    stressed = subprocess.run(
        [sys.executable, "tests/stress/two_resumes.py", "--rounds", "6", "--seed", "1"],
        capture_output=True,
        text=True,
        env=None,
    )
    assert stressed.returncode == 0, stressed.stdout + stressed.stderr
    assert stressed.stdout == "6 rounds, 6 refusals, none with a fault\n"
