"""python -m minigrad: the commands that it names are there."""

import re
import subprocess
import sys


def test_every_command_that_is_named_explains_itself() -> None:
    result = subprocess.run(
        [sys.executable, "-m", "minigrad"], capture_output=True, text=True, check=True
    )
    commands = re.findall(r"^python -m (minigrad\.\w+)", result.stdout, flags=re.MULTILINE)
    assert {"minigrad.train", "minigrad.runs", "minigrad.graph"} <= set(commands)
    assert result.stderr == ""
    for command in commands:
        explained = subprocess.run(
            [sys.executable, "-m", command, "--help"], capture_output=True, text=True, check=True
        )
        assert explained.stdout.startswith(f"usage: python -m {command}")
