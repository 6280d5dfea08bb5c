"""Lines for people: at a terminal broken between words, with verdicts and statuses in colour.

In a pipe or a file every line is as it was given, for what reads it.
"""

import os
import re
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Self, TextIO

from minigrad.terminal.output import print_lines
from minigrad.terminal.table import GAP, columns_of, padded_cells, terminal_width, truncated

_GREEN, _YELLOW, _RED, _PALE, _BOLD_RED = "32", "33", "31", "2", "1;31"
COLORS = {
    "ok": _GREEN,
    "sound": _GREEN,
    "finished": _GREEN,
    "warn": _YELLOW,
    "interrupted": _YELLOW,
    "running": "36",
    "skip": _PALE,
    "FAIL": _BOLD_RED,
    "failed": _RED,
    "diverged": _RED,
    "crashed": _RED,
    "damaged": _RED,
}
"""The colour of a verdict or status, as SGR codes (ECMA-48)."""
_WORDS = "|".join(COLORS)
_CELL = re.compile(rf"(?:(?<=  )|(?<=: )|^)(?:{_WORDS})(?=  |$)")  # alone in a table's cell
_SENTENCES = [
    (re.compile(pattern), color)
    for pattern, color in [
        (r"^expectations met", _GREEN),
        (r"^expectation missed", _RED),
        (r"^training (?:diverged|failed)", _RED),
        (r"(?<=: )identical in every number", _GREEN),
        (r"^(?:identical over [^,]*|the configs are identical)", _GREEN),
        (r"^they (?:part|differ)[^,]*", _YELLOW),
        (r"(?:(?<=: )|^)differs? [^,;:]*", _YELLOW),
        (r"^(?:likely cause|also different)(?=:)", _YELLOW),
        (r"\b\d+ failed\b", _RED),
        (r"\b\d+ warnings?\b", _YELLOW),
        (r"(?<=: )all ok\b", _GREEN),
    ]
]
_HEAD = re.compile(r" *(?:\S+ {2,}){0,2}")  # what a line begins with: columns of single words
_COMMAND = re.compile(r"\bpython -m |\bminigrad [a-z]+ ")


def print_text(lines: Iterable[str], stream: TextIO | None = None) -> None:
    """Print lines of words, on standard output by default; see `print_lines` for what it raises."""
    to = sys.stdout if stream is None else stream
    print_lines(on_screen(lines, to), to)


def on_screen(lines: Iterable[str], stream: TextIO) -> Iterator[str]:
    """The lines as the stream takes them: broken and coloured for a terminal alone."""
    if not _is_terminal(stream):
        yield from lines
        return
    width = shutil.get_terminal_size((80, 24)).columns
    in_color = takes_color(stream)
    for text in lines:
        if isinstance(text, Marked):
            yield text.painted() if in_color else text
            continue
        for part in (part for line in text.split("\n") for part in broken(line, width)):
            yield painted(part) if in_color else part


def takes_color(stream: TextIO) -> bool:
    """Whether the stream is a terminal that shows colours, and NO_COLOR is not set.

    https://no-color.org
    """
    if os.environ.get("NO_COLOR") or os.environ.get("TERM", "") in ("", "dumb"):
        return False
    return _is_terminal(stream)


def _is_terminal(stream: TextIO) -> bool:
    try:
        return stream.isatty()
    except ValueError:  # it is closed
        return False


def broken(line: str, width: int) -> list[str]:
    """The line in parts of at most `width` columns, broken between words, the later ones indented
    to where its text begins. A command stays whole, so that it can be copied.

    >>> broken("ok    units     8 hidden units: none dead, none saturated", 44)
    ['ok    units     8 hidden units: none dead,', '                none saturated']
    """
    if columns_of(line) <= width or _COMMAND.search(line):
        return [line]
    head = _HEAD.match(line)
    indent = len(head[0]) if head and len(head[0]) < width / 2 else 0
    parts, part = [], ""
    for word in re.findall(r" *[^ ]+", line):
        if part.strip() and columns_of(part + word) > width:
            parts.append(part)
            part = " " * indent + word.lstrip()
        else:
            part += word
    return [*parts, part]


class Marked(str):
    """A line that fits the terminal, and the parts of it that are coloured: where they start and
    end, and their colours.
    """

    spans: list[tuple[int, int, str]]

    def __new__(cls, line: str, spans: Iterable[tuple[int, int, str]]) -> Self:
        marked = super().__new__(cls, line)
        marked.spans = [(start, min(end, len(line)), color) for start, end, color in spans]
        return marked

    def painted(self) -> str:
        """The line with its colours."""
        return _with_colors(self, self.spans)


def differences_table(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[Marked]:
    """The lines of a `format_table`, a value for each run; coloured where one is not the first's.

    >>> differences_table(["config", "a", "b"], [["lr", 0.1, 0.5], ["seed", 0, 0]])[1].spans
    [(13, 16, '33')]
    """
    width = terminal_width()
    lines = []
    for row, cells in zip([header, *rows], padded_cells(header, rows, width), strict=True):
        spans, end = [], -len(GAP)
        for i, text in enumerate(cells):
            start, end = end + len(GAP), end + len(GAP) + len(text)
            if i > 1 and row is not header and repr(row[i]) != repr(row[1]):
                margin = len(text) - len(text.lstrip())
                spans.append((start + margin, start + len(text.rstrip()), _YELLOW))
        lines.append(Marked(truncated(GAP.join(cells).rstrip(), width), spans))
    return lines


def painted(line: str) -> str:
    """The line with the colours of its verdicts, statuses and differences."""
    spans = [(match.start(), match.end(), COLORS[match[0]]) for match in _CELL.finditer(line)]
    for pattern, color in _SENTENCES:
        spans += [(match.start(), match.end(), color) for match in pattern.finditer(line)]
    return _with_colors(line, spans)


def _with_colors(line: str, spans: Iterable[tuple[int, int, str]]) -> str:
    done = len(line)
    for start, end, color in sorted(spans, reverse=True):
        if end <= done:  # of two that overlap the last one counts
            line = f"{line[:start]}\x1b[{color}m{line[start:end]}\x1b[0m{line[end:]}"
            done = start
    return line
