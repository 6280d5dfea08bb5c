"""The stress of two resumes at once, a few rounds of it."""

import subprocess
import sys

import pytest


@pytest.mark.slow
def test_two_resumes_at_once_lose_and_double_nothing() -> None:
    stressed = subprocess.run(
        [sys.executable, "tests/stress/two_resumes.py", "--rounds", "8", "--seed", "2"],
        capture_output=True,
        text=True,
    )
    assert stressed.returncode == 0, stressed.stdout + stressed.stderr
    assert stressed.stdout == "8 rounds, 8 refusals, none with a fault\n"
