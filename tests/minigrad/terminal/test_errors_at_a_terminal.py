"""What commands say on a screen of 80 columns: broken between words, errors too."""

import re
import sys
from pathlib import Path

import pytest

from tests.terminals import at_a_terminal

LONG = "a-name-of-a-file-that-is-nowhere " * 3


def terminal_lines(folder: Path, *words: str) -> list[str]:
    """The lines of the command at a terminal of 80 columns, standard error included."""
    _, screen = at_a_terminal([sys.executable, "-m", *words], columns=80, cwd=folder)
    return re.sub(r"\x1b\[[\d;]*m|\r", "", screen).splitlines()


@pytest.mark.parametrize(
    "words",
    [
        ["minigrad.new", "mine", "--from", f"csv:{LONG}.csv"],
        ["minigrad.lab", "results", LONG],
        ["minigrad.train", "--wrong", LONG],
        ["minigrad.runs", "show", LONG],
    ],
)
def test_a_long_error_is_broken_between_words(tmp_path: Path, words: list[str]) -> None:
    lines = terminal_lines(tmp_path, *words)
    assert lines
    assert max(map(len, lines)) <= 80
    assert not any("Traceback" in line for line in lines)


def test_a_fault_that_was_not_foreseen_is_broken_too(tmp_path: Path) -> None:
    (tmp_path / "faulty.py").write_text(
        "import sys\nfrom minigrad.terminal.command import guard\n"
        f"def main():\n    raise RuntimeError({LONG!r} * 2)\nsys.exit(guard(main))\n"
    )
    lines = terminal_lines(tmp_path, "faulty")
    assert len(lines) > 1
    assert max(map(len, lines)) <= 80
    assert " ".join(lines).startswith("RuntimeError: a-name-of-a-file")
