"""Numbers from your own CSV file."""

import csv
import math
import os
import random
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import BinaryIO

from minigrad.data.dataset import DATASETS, Dataset
from minigrad.files.untrusted import open_regular
from minigrad.registry import suggestion
from minigrad.terminal.text import excerpt, printable

MAX_BYTES = 50_000_000
MAX_ROWS = 100_000
MAX_COLUMNS = 1_000
MAX_NUMBERS = 1_000_000  # a second to read, at worst, and 40 MB as Python floats
MAX_LINES = 500_000  # including blank ones
MAX_ROW_BYTES = 1_000_000  # including line breaks within quotes
MAX_CLASSES = 100
MAX_FAULTS = 20


@DATASETS.register_as("csv")
def read_csv(*, path: str, target: str, rng: random.Random) -> Dataset:
    """the numbers in a CSV file, one of its columns the target

    RFC 4180 in UTF-8 with a header row; every cell below it a finite number, in whatever units
    the file has. `target` names the column to predict; all others are features, in their order.
    A relative `path` starts at the working directory. Targets that are the whole numbers 0 to
    k - 1, each of them there, 2 <= k <= 100, are labels of k classes. Spaces around a number or a
    column's name do not count. Raises DataError.
    """
    del rng  # a file needs no random numbers
    faults = _Faults(path)
    try:
        with _open(path) as file:
            rows = iter(_Rows(file))
            names = _header(rows, target, faults)
            return replace(_dataset(rows, names, target, faults), source=path)
    except _Unreadable as error:
        faults.add(error.line, error.sentence)
    except OSError as error:
        faults.add(None, f"cannot be read: {error.strerror}")
    raise DataError(faults.sentences)


class DataError(ValueError):
    """The faults of a data file; `faults` has a line for each of the first 20."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = list(faults)


class _Unreadable(Exception):
    """A fault that makes the rest of a file unreadable."""

    def __init__(self, line: int | None, sentence: str) -> None:
        super().__init__(sentence)
        self.line = line
        self.sentence = sentence


class _Faults:
    """The faults of a file, each with its line; those after the first 20 are only counted."""

    def __init__(self, path: str) -> None:
        self.path = printable(path)
        self.first: list[str] = []
        self.more = 0

    def add(self, line: int | None, sentence: str) -> None:
        if len(self.first) == MAX_FAULTS:
            self.more += 1
            return
        place = self.path if line is None else f"{self.path}:{line}"
        self.first.append(f"{place}: {sentence}")

    @property
    def sentences(self) -> list[str]:
        return [*self.first, f"... and {self.more:,} more"] if self.more else self.first

    def check(self) -> None:
        if self.first:
            raise DataError(self.sentences)


def _open(path: str) -> BinaryIO:
    file = open_regular(path)
    if os.fstat(file.fileno()).st_size > MAX_BYTES:
        file.close()
        raise _too_large()
    return file


class _Rows:
    """The rows of an open file, each with the line that it starts on, without blank lines."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.start = 1
        self.row_bytes = 0

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        reader = csv.reader(self.lines(), strict=True)
        try:
            for cells in reader:
                if len(cells) > 1 or "".join(cells).strip():
                    yield self.start, cells
                self.start = reader.line_num + 1  # line_num is the last line of a row
                self.row_bytes = 0
        except csv.Error as error:
            raise _Unreadable(self.start, _csv_fault(str(error))) from None

    def lines(self) -> Iterator[str]:
        """The text line by line. Raises for files that could fill the memory or take minutes."""
        total = number = 0
        while line := self.file.readline(MAX_ROW_BYTES + 1):
            number += 1
            total += len(line)
            self.row_bytes += len(line)
            if b"\0" in line:
                raise _Unreadable(number, "a NUL byte: this is not a text file in UTF-8")
            if self.row_bytes > MAX_ROW_BYTES:
                raise _Unreadable(self.start, f"the row is longer than {MAX_ROW_BYTES:,} bytes")
            if number > MAX_LINES:
                raise _Unreadable(number, f"more than {MAX_LINES:,} lines")
            if total > MAX_BYTES:  # the file has grown, or the system gives its size as 0
                raise _too_large()
            yield _decoded(line, number)


def read_rows(path: str) -> Iterator[tuple[int, list[str]]]:
    """The line and the cells of each row of a CSV file, that of the names first. Blank lines are
    left out. Raises DataError where the file cannot be read any further.
    """
    try:
        with _open(path) as file:
            yield from _Rows(file)
    except _Unreadable as error:
        place = printable(path) if error.line is None else f"{printable(path)}:{error.line}"
        raise DataError([f"{place}: {error.sentence}"]) from None
    except OSError as error:
        raise DataError([f"{printable(path)}: cannot be read: {error.strerror}"]) from None


def _too_large() -> _Unreadable:
    return _Unreadable(None, f"larger than {MAX_BYTES // 1_000_000} MB")


def _decoded(line: bytes, number: int) -> str:
    try:
        return line.decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError as error:
        byte = line[error.start]
        sentence = f"byte 0x{byte:02x} is not UTF-8: save the file in UTF-8"
        raise _Unreadable(number, sentence) from None


def _csv_fault(message: str) -> str:
    """The csv module's message, reworded to say what to correct."""
    if "unexpected end" in message:
        return "a quote in the row that starts here is never closed"
    if "expected after" in message:
        return "text after a closing quote: a quote within a cell is written twice"
    if "field limit" in message:
        limit = f"a cell is longer than {csv.field_size_limit():,} characters"
        return f"{limit}: is a quote never closed?"
    if "new-line" in message:
        return "a carriage return within a line: lines end in LF or CRLF"
    return message


def _header(rows: Iterator[tuple[int, list[str]]], target: str, faults: _Faults) -> list[str]:
    """The names of the columns, from the first row. Raises DataError."""
    line, cells = next(rows, (None, []))
    names = [cell.strip() for cell in cells]
    if not names:
        faults.add(None, "is empty: a header row and rows of numbers are expected")
    elif len(names) > MAX_COLUMNS:
        faults.add(line, f"{len(names):,} columns; the limit is {MAX_COLUMNS:,}")
    elif len(names) == 1 and (separator := _separator(names[0])):
        faults.add(line, f"commas are expected between cells, found {separator}")
    elif all(map(_is_number, names)):
        faults.add(line, "no header row: the first row is all numbers, but must name the columns")
    else:
        for sentence in _header_faults(names, target):
            faults.add(line, sentence)
    faults.check()
    return names


def _separator(header: str) -> str | None:
    """The separator of the cells, if it is not a comma."""
    mark = max(";\t|", key=header.count)
    return {";": "';'", "\t": "tabs", "|": "'|'"}[mark] if mark in header else None


def _header_faults(names: Sequence[str], target: str) -> Iterator[str]:
    for column, name in enumerate(names, 1):
        if not name:
            yield f"column {column} has no name"
    for name, count in Counter(filter(None, names)).items():
        if count > 1:
            places = [str(column) for column, other in enumerate(names, 1) if other == name]
            usage = f"column name {_quoted(name)} is used {count} times"
            yield excerpt(f"{usage}: columns {', '.join(places)}", 160)
    if target not in names:
        known = {excerpt(name[:60]) for name in names if name}
        yield excerpt(f"no column {_quoted(target)}: {suggestion(target[:60], known)}", 400)
    elif len(names) == 1:
        yield f"column {_quoted(target)} is the only one: there is nothing to predict it from"


def _dataset(
    rows: Iterator[tuple[int, list[str]]], names: Sequence[str], target: str, faults: _Faults
) -> Dataset:
    """The rows below the header. Raises DataError."""
    column = names.index(target)
    inputs, targets, lines = [], [], []
    for count, (line, cells) in enumerate(rows, 1):
        if count > MAX_ROWS:
            raise _Unreadable(line, f"more than {MAX_ROWS:,} rows")
        if count * len(names) > MAX_NUMBERS:
            raise _Unreadable(line, f"more than {MAX_NUMBERS:,} numbers")
        if len(cells) != len(names):
            faults.add(line, f"expected {len(names)} cells, as in the header, found {len(cells)}")
            continue
        try:
            numbers = [number(cell) for cell in cells]
        except ValueError:
            for sentence in _row_faults(names, cells):
                faults.add(line, sentence)
            continue
        targets.append(numbers.pop(column))
        inputs.append(numbers)
        lines.append(line)
    if not (lines or faults.first):
        faults.add(None, "a header row alone: rows of numbers are expected below it")
    faults.check()
    features = [*names[:column], *names[column + 1 :]]
    return Dataset(inputs, targets, _classes(targets), lines=lines, names=features)


def _row_faults(names: Iterable[str], cells: Iterable[str]) -> Iterator[str]:
    for name, cell in zip(names, cells, strict=True):
        if not _is_number(cell):
            text = _quoted(cell.strip()) if cell.strip() else "an empty cell"
            yield f"column {_quoted(name)}: must be a finite number, found {text}"


def _classes(targets: Iterable[float]) -> int | None:
    """k, if the targets are 0, 1, ... k - 1 and none of them is missing."""
    values = set(targets)
    k = len(values)
    return k if 2 <= k <= MAX_CLASSES and values == set(range(k)) else None


def number(cell: str) -> float:
    """The finite number in a cell. Raises ValueError."""
    parsed = float(cell)
    # float() takes underscores and the digits of every script, which other readers refuse
    if "_" in cell or not cell.strip().isascii() or not math.isfinite(parsed):
        raise ValueError
    return parsed


def _is_number(cell: str) -> bool:
    try:
        number(cell)
    except ValueError:
        return False
    return True


def _quoted(text: str) -> str:
    """The text in quotes, on one line and of at most 60 characters."""
    return excerpt(repr(text[:60]))
