"""The shells themselves complete what is typed, by the lines that docs/install.md names."""

import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

PAGES = [Path("docs/install.md"), Path("docs/es/install.md")]
RUN = "20261122T201500Z-xor-k3f9"
WAIT = 60.0  # s; a busy machine takes a few
CASES = [
    ("minigrad tr", "minigrad train"),
    ("minigrad train x", "minigrad train xor"),
    ("minigrad train --se", "minigrad train --seeds"),
    ("minigrad runs sh", "minigrad runs show"),
    ("minigrad runs list --so", "minigrad runs list --sort"),
    ("minigrad runs show 2026", f"minigrad runs show {RUN}"),
    ("minigrad doctor mi", "minigrad doctor mine.yaml"),
]


def row(shell: str, page: Path = PAGES[0]) -> str:
    """The line that the page tells users of the shell to add."""
    (line,) = re.findall(rf"^\| {shell} \| .* \| `(.*)` \|$", page.read_text("utf-8"), re.MULTILINE)
    return str(line).replace("\\|", "|")


def needs(shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the user is: with a config and a run, and `minigrad` in a folder of programs."""
    (tmp_path / "mine.yaml").touch()
    (tmp_path / "runs" / RUN).mkdir(parents=True)
    program = tmp_path / "bin/minigrad"
    program.parent.mkdir()
    program.write_text(
        f'#!/bin/sh\nPYTHONPATH="{os.getcwd()}" exec "{sys.executable}" -m minigrad "$@"\n'
    )
    program.chmod(0o755)
    return tmp_path


def environment(folder: Path) -> dict[str, str]:
    path = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return {"PATH": path, "HOME": str(folder), "TERM": "dumb", "LANG": "C.UTF-8", "PS1": "$ "}


class Terminal:
    """A shell with a terminal, to which keys are sent. Its effects are read from files."""

    def __init__(self, command: list[str], folder: Path) -> None:
        self.folder = folder
        self.process, self.terminal = pty.fork()
        if self.process == 0:
            os.chdir(folder)
            os.execvpe(command[0], command, environment(folder))

    def press(self, keys: str, until: Callable[[str], bool]) -> None:
        """Send keys, and read what appears until it is as expected."""
        os.write(self.terminal, keys.encode())
        screen, end = "", time.monotonic() + WAIT
        while time.monotonic() < end and not until(screen):
            if select.select([self.terminal], [], [], 0.05)[0]:
                screen += os.read(self.terminal, 65536).decode(errors="replace")
        assert until(screen), screen

    def close(self) -> None:
        os.kill(self.process, signal.SIGKILL)
        os.waitpid(self.process, 0)
        os.close(self.terminal)


def completed(terminal: Terminal, typed: str, expected: str) -> str:
    """The line after TAB: it is put between quotes and written into a file, in place of run."""
    answer = terminal.folder / "answer"
    answer.unlink(missing_ok=True)
    terminal.press(f"{typed}\t", lambda screen: expected in screen)
    keys = "\x01printf %s '\x05' > answer.new; mv answer.new answer\r"
    terminal.press(keys, lambda _screen: answer.exists())
    return answer.read_text().strip()


@pytest.mark.parametrize(
    ("shell", "options", "before"),
    [
        ("bash", ["--norc", "--noprofile", "-i"], ""),
        ("zsh", ["-f", "-i"], "autoload -Uz compinit && compinit -u; "),
    ],
)
def test_tab_completes_in_bash_and_zsh(
    shell: str, options: list[str], before: str, folder: Path
) -> None:
    needs(shell)
    terminal = Terminal([shell, *options], folder)
    try:
        ready = folder / "ready"
        line = f"{before}{row(shell)}; touch ready\r"
        terminal.press(line, lambda _screen: ready.exists())
        for typed, expected in CASES:
            assert completed(terminal, typed, expected) == expected
    finally:
        terminal.close()


def test_fish_completes(folder: Path) -> None:
    needs("fish")
    asked = "".join(f"\ncomplete -C '{typed}'; echo ==" for typed, _ in CASES)
    result = subprocess.run(
        ["fish", "--no-config", "-c", row("fish") + asked],
        cwd=folder,
        env=environment(folder),
        capture_output=True,
        text=True,
        check=True,
    )
    answers = [answer.split("\t")[0].split() for answer in result.stdout.split("==\n")[:-1]]
    assert answers == [[expected.split()[-1]] for _, expected in CASES], result.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_command_and_both_pages_name_the_same_line(shell: str) -> None:
    command = [sys.executable, "-m", "minigrad", "completion", "--help"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert all(row(shell, page) in lines for page in PAGES)
