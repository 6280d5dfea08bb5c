"""Words on a screen: broken and coloured at a terminal, and untouched anywhere else."""

import io
import re
from typing import get_args

import pytest

from minigrad.doctor import finding
from minigrad.terminal import screen
from minigrad.terminal.table import columns_of, format_table
from minigrad.tracking.facts import STATUSES
from tests.terminals import Terminal


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("NO_COLOR", raising=False)
    return Terminal()


LONG = "FAIL  training  the learning rate of 10 is too large: " + "loss 0.6995 -> 17.96 " * 6
LINES = [LONG, "20261122T201500Z-xor-k3f9  crashed   12", "likely cause: config: optimizer.lr"]


def bare(text: str) -> str:
    return re.sub(r"\x1b\[[\d;]*m", "", text)


def test_a_pipe_has_every_line_as_it_is() -> None:
    stream = io.StringIO()
    screen.print_text(LINES, stream)
    assert stream.getvalue().splitlines() == LINES


def test_a_terminal_has_lines_of_at_most_its_width_and_every_word(terminal: Terminal) -> None:
    screen.print_text(LINES, terminal)
    printed = bare(terminal.getvalue())
    assert max(map(len, printed.splitlines())) <= 80
    assert printed.split() == " ".join(LINES).split()
    assert re.match(r" {16}\S", printed.splitlines()[1])


@pytest.mark.parametrize(("name", "setting"), [("NO_COLOR", "1"), ("TERM", "dumb"), ("TERM", "")])
def test_no_colour_where_none_is_wanted_or_known(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, name: str, setting: str
) -> None:
    screen.print_text(LINES, terminal)
    assert "\x1b[1;31mFAIL\x1b[0m  training" in terminal.getvalue()
    assert "  \x1b[31mcrashed\x1b[0m  " in terminal.getvalue()
    monkeypatch.setenv(name, setting)
    plain = Terminal()
    screen.print_text(LINES, plain)
    assert plain.getvalue() == bare(terminal.getvalue())


def test_every_status_and_verdict_has_a_colour() -> None:
    assert {*STATUSES, "crashed", "damaged", *get_args(finding.Status)} <= set(screen.COLORS)


@pytest.mark.parametrize(
    ("line", "colored"),
    [
        ("ok    model  33 parameters", ["ok"]),
        ("id  finished  0.1", ["finished"]),
        ("my finished run  1", []),
        ("xor-k3f9: sound", ["sound"]),
        ("expectations met: final loss", ["expectations met"]),
        ("expectation missed: final loss", ["expectation missed"]),
        ("xor-k3f9: identical in every number", ["identical in every number"]),
        ("identical over 500 logged steps, to the last bit", ["identical over 500 logged steps"]),
        ("they part at step 0, after 0 steps", ["they part at step 0"]),
        ("10 checks: 1 failed, 2 warnings, 0.1 s", ["1 failed", "2 warnings"]),
        ("10 checks: all ok, 0.1 s", ["all ok"]),
        ("loss 0.5 -> 0.1 in 5 steps", []),
    ],
)
def test_verdicts_statuses_and_differences_are_coloured(line: str, colored: list[str]) -> None:
    painted = screen.painted(line)
    assert re.findall(r"\x1b\[[\d;]+m(.*?)\x1b\[0m", painted) == colored
    assert bare(painted) == line


@pytest.mark.parametrize(
    "line",
    [
        "a command: python -m minigrad.train --resume 20261122T201500Z-xor-k3f9 --out somewhere",
        "a command: minigrad train --resume 20261122T201500Z-xor-k3f9 --out somewhere goes on",
        "plot  " + "/a" * 60,
        "short",
        "",
    ],
)
def test_commands_and_single_words_stay_whole(line: str) -> None:
    joined = " ".join(part.strip() for part in screen.broken(line, 40))
    assert joined.split() == line.split()
    if line.startswith("a command"):
        assert screen.broken(line, 40) == [line]


def test_wide_letters_count_twice() -> None:
    parts = screen.broken("結果 " * 30, 40)
    assert max(map(columns_of, parts)) <= 40


def test_a_closed_output_is_no_terminal() -> None:
    stream = io.StringIO()
    stream.close()
    assert not screen.takes_color(stream)


# Tables.

ROW = ["20261122T201500Z-xor-k3f9", "finished", "a long text of many words " * 9, 0.25]
HEADER = ["id", "status", "note", "loss"]


def test_a_piped_table_is_not_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.setattr("sys.stdout", io.StringIO())
    assert format_table(HEADER, [ROW]).splitlines()[1].split() == " ".join(map(str, ROW)).split()


def test_a_terminal_has_the_needed_columns_and_others_from_the_left() -> None:
    wide = format_table(HEADER, [ROW], width=400)
    assert wide.split()[:4] == HEADER
    narrow = format_table(HEADER, [ROW], width=60, needed=["id", "loss"])
    assert narrow.split()[:3] == ["id", "status", "loss"]
    assert max(map(len, narrow.splitlines())) <= 60


def test_what_differs_from_the_first_run_is_coloured_in_a_comparison(terminal: Terminal) -> None:
    lines = screen.differences_table(
        ["config", "xor-aaaa", "xor-bbbb"], [["optimizer.name", "sgd", "adam"], ["seed", 1, 1]]
    )
    screen.print_text(lines, terminal)
    assert re.findall(r"\x1b\[33m(.*?)\x1b\[0m", terminal.getvalue()) == ["adam"]
    plain = io.StringIO()
    screen.print_text(lines, plain)
    assert plain.getvalue() == bare(terminal.getvalue())
    assert plain.getvalue().splitlines()[1].split() == ["optimizer.name", "sgd", "adam"]
