"""Tables of text that fit the terminal, and the values in their cells."""

import json
import os
import shutil
import sys
import unicodedata
from collections.abc import Collection, Sequence
from typing import Any

from minigrad.terminal.text import printable

GAP = "  "
_DOTS = "..."
_NO_LIMIT = 1_000_000  # columns
_NARROWEST = 8  # cells are not made narrower: then the line itself is shortened


def terminal_width() -> int:
    """Columns of the terminal; for a pipe or a file no limit, unless COLUMNS says otherwise."""
    if os.environ.get("COLUMNS") or (sys.stdout and sys.stdout.isatty()):
        return shutil.get_terminal_size((80, 24)).columns
    return _NO_LIMIT


def cell(value: Any) -> str:
    """A value on one line: floats with 4 significant digits, None as a dash.

    >>> cell(0.00015012564), cell(500), cell(None), cell(True), cell([8, 8]), cell("a\\nb")
    ('0.0001501', '500', '-', 'true', '[8, 8]', 'a\\\\nb')
    >>> cell({"name": "sgd", "momentum": 0.9})
    '{name: sgd, momentum: 0.9}'
    """
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, dict) and "name" in value:  # a block of a config, as one types it
        return f"{{{', '.join(f'{key}: {cell(part)}' for key, part in value.items())}}}"
    return printable(json.dumps(value, default=str, ensure_ascii=False))


def format_table(
    header: Sequence[str],
    rows: Sequence[Sequence[Any]],
    width: int | None = None,
    needed: Collection[str] | None = None,
) -> str:
    """Rows under their header, each on one line of at most `width` columns.

    Numbers are aligned to the right. Columns that are not `needed` (by default all are) are shown
    if there is room for them, from left to right; of the others the widest are shortened, the first
    one last, and numbers never.

    >>> print(format_table(["run", "loss"], [["xor", 0.00015012], ["moons", 12]], width=80))
    run         loss
    xor    0.0001501
    moons         12
    """
    width = width or terminal_width()
    lines = padded_cells(header, rows, width, needed)
    return "\n".join(truncated(GAP.join(cells).rstrip(), width) for cells in lines)


def padded_cells(
    header: Sequence[str],
    rows: Sequence[Sequence[Any]],
    width: int,
    needed: Collection[str] | None = None,
) -> list[list[str]]:
    """The cells of each line of a `format_table`, as wide as its column, to be joined by a gap."""
    columns = [_column(header, rows, i) for i in range(len(header))]
    columns = _with_room(columns, width, header if needed is None else needed)
    least = [_widest_number(rows, i) for i, _ in columns]
    right = [width > 0 for width in least]
    room = _fitted([_widest(texts) for _, texts in columns], least, width)
    return [
        [
            _padded(truncated(text, at_most), at_most, to_right)
            for text, at_most, to_right in zip(line, room, right, strict=True)
        ]
        for line in zip(*(texts for _, texts in columns), strict=True)
    ]


def truncated(text: str, width: int) -> str:
    """The text in at most `width` columns, with an ellipsis where it had more.

    The ellipsis is at the end; in one long word, as an id, it is in the middle.

    >>> truncated("a long name", 8), truncated("short", 8), truncated("20261122T201500Z-xor", 12)
    ('a lon...', 'short', '20261...-xor')
    """
    if columns_of(text) <= width:
        return text
    room = max(0, width - len(_DOTS))
    end = "" if " " in text or width <= _NARROWEST else text[len(text) - room // 2 :]
    while text and columns_of(text) + columns_of(end) > room:
        text = text[:-1]
    return text + _DOTS[:width] + end


def columns_of(text: str) -> int:
    """The columns that the text takes on a terminal: two for a wide letter, none for an accent."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )


def _column(header: Sequence[str], rows: Sequence[Sequence[Any]], i: int) -> tuple[int, list[str]]:
    return i, [printable(header[i]), *(cell(row[i]) for row in rows)]


def _with_room(
    columns: list[tuple[int, list[str]]], width: int, needed: Collection[str]
) -> list[tuple[int, list[str]]]:
    """The needed columns, and of the others those that fit beside them; `columns` are in order."""
    names = set(map(printable, needed))
    used = sum(_widest(texts) + len(GAP) for _, texts in columns if texts[0] in names)
    fitting = []
    for number, texts in columns:
        if texts[0] not in names:
            if used + _widest(texts) > width:
                continue
            used += _widest(texts) + len(GAP)
        fitting.append((number, texts))
    return fitting


def _fitted(room: list[int], least: Sequence[int], width: int) -> list[int]:
    """The widths of the columns, the widest made narrower until all fit or none can be."""
    room = list(room)
    while sum(room) + len(GAP) * (len(room) - 1) > width:
        wide = [i for i, columns in enumerate(room) if columns > (least[i] or _NARROWEST)]
        if not wide:
            break
        room[max(wide, key=lambda i: (i > 0, room[i]))] -= 1
    return room


def _widest_number(rows: Sequence[Sequence[Any]], i: int) -> int:
    return max((len(cell(row[i])) for row in rows if is_number(row[i])), default=0)


def is_number(value: Any) -> bool:
    """Whether it is one to a reader: True and False are words."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _widest(texts: Sequence[str]) -> int:
    return max(map(columns_of, texts))


def _padded(text: str, width: int, to_right: bool) -> str:
    space = " " * (width - columns_of(text))
    return space + text if to_right else text + space
