"""Where outputs lead: to a terminal, or to a reader that has left."""

import contextlib
import io
import os
import pty
import subprocess
import termios
from collections.abc import Sequence
from pathlib import Path


class Terminal(io.StringIO):
    """A screen to write on, within this process."""

    def isatty(self) -> bool:
        return True


def at_a_terminal(
    command: Sequence[str], *, columns: int = 100, cwd: Path | None = None
) -> tuple[int, str]:
    """The exit code of a command at a terminal, and all that it wrote on the screen."""
    leader, follower = pty.openpty()
    termios.tcsetwinsize(follower, (24, columns))
    environment = {**os.environ, "COLUMNS": str(columns), "TERM": "xterm"}
    environment["PYTHONPATH"] = str(Path.cwd())
    process = subprocess.Popen(
        command, cwd=cwd, env=environment, stdin=follower, stdout=follower, stderr=follower
    )
    os.close(follower)
    screen = b""
    with contextlib.suppress(OSError):  # so says Linux that the process has ended
        while chunk := os.read(leader, 65536):
            screen += chunk
    os.close(leader)
    return process.wait(), screen.decode()


def left_by_its_reader(command: Sequence[str]) -> tuple[int, str]:
    """The exit code of a command whose output nobody reads, and what it writes as an error."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as output:
        result = subprocess.run(command, stdout=output, stderr=subprocess.PIPE, text=True)
    return result.returncode, result.stderr
