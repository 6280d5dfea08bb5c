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
from minigrad.terminal.numbers import decimal
from minigrad.terminal.text import counted, excerpt, printable

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
    k - 1, each of them there, 2 <= k <= 100, are labels of k classes; targets that are all text
    are the names of classes, whose labels follow the names' order. Spaces around a cell or a
    column's name do not count. Raises DataError.
    """
    del rng  # a file needs no random numbers
    return _read(path, target, None)


def read_test(path: str, target: str, train: Dataset) -> Dataset:
    """The rows of another file with the columns of `train`, in any order, and its classes.

    Raises DataError, also for a column or a class that `train` does not have.
    """
    return _read(path, target, train)


def _read(path: str, target: str, train: Dataset | None) -> Dataset:
    faults = _Faults(path)
    try:
        with _open(path) as file:
            rows = iter(_CsvRows(file))
            names = _header(rows, target, faults)
            features = [name for name in names if name != target]
            if train is not None:
                _check_columns(features, train, faults)
            dataset = _dataset(rows, names, target, faults, train)
            if train is not None and train.names:
                dataset = _in_order_of(train.names, features, dataset)
            return replace(dataset, source=path)
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
    """The faults of a file, by line; one a column, with the number of its other faulty rows.

    Those after the first 20 are only counted.
    """

    def __init__(self, path: str) -> None:
        self.path = printable(path)
        self._faults: list[tuple[int, str, str]] = []  # line (0: none), column, sentence
        self._repeated: Counter[str] = Counter()

    def add(self, line: int | None, sentence: str, column: str = "") -> None:
        """A fault; of the same `column` only the first is reported, and the others are counted."""
        if column:
            self._repeated[column] += 1
            if self._repeated[column] > 1:
                return
        self._faults.append((line or 0, column, sentence))

    def add_cell(self, line: int, name: str, cell: str) -> None:
        """A cell that is no finite number."""
        self.add(line, number_fault(name, cell), f"column {name}")

    @property
    def sentences(self) -> list[str]:
        ordered = sorted(self._faults, key=lambda fault: fault[0] or MAX_LINES + 1)
        lines = [self._line(*fault) for fault in ordered[:MAX_FAULTS]]
        more = len(ordered) - len(lines)
        return [*lines, f"... and {more:,} more"] if more else lines

    def _line(self, line: int, column: str, sentence: str) -> str:
        others = self._repeated[column] - 1 if column else 0
        more = f" (and in {counted(others, 'more row')})" if others else ""
        place = f"{self.path}:{line}" if line else self.path
        return f"{place}: {sentence}{more}"

    def __bool__(self) -> bool:
        return bool(self._faults)

    def check(self) -> None:
        if self:
            raise DataError(self.sentences)


def _open(path: str) -> BinaryIO:
    file = open_regular(path)
    if os.fstat(file.fileno()).st_size > MAX_BYTES:
        file.close()
        raise _too_large()
    return file


class _CsvRows:
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
            yield from _CsvRows(file)
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
            usage = f"column name {quoted(name)} is used {count} times"
            yield excerpt(f"{usage}: columns {', '.join(places)}", 160)
    if target not in names:
        known = {excerpt(name[:60]) for name in names if name}
        yield excerpt(f"no column {quoted(target)}: {suggestion(target[:60], known)}", 400)
    elif len(names) == 1:
        yield f"column {quoted(target)} is the only one: there is nothing to predict it from"


def _check_columns(features: Sequence[str], train: Dataset, faults: _Faults) -> None:
    """Raise DataError unless they are the features of `train`, in any order."""
    known = train.names or []
    for name in [name for name in known if name not in features]:
        faults.add(1, f"column {quoted(name)} is missing, and the training data have it")
    for name in [name for name in features if name not in known]:
        faults.add(1, f"column {quoted(name)} is not in the training data: {nearest(name, known)}")
    faults.check()


def _in_order_of(names: Sequence[str], features: Sequence[str], dataset: Dataset) -> Dataset:
    places = [features.index(name) for name in names]
    inputs = [[row[place] for place in places] for row in dataset.inputs]
    return replace(dataset, inputs=inputs, names=list(names))


def _dataset(
    rows: Iterator[tuple[int, list[str]]],
    names: Sequence[str],
    target: str,
    faults: _Faults,
    train: Dataset | None,
) -> Dataset:
    """The rows below the header. Raises DataError."""
    column = names.index(target)
    features = [*names[:column], *names[column + 1 :]]
    inputs, targets, lines = [], _Targets(target, faults, train), []
    try:
        for count, (line, cells) in enumerate(rows, 1):
            if count > MAX_ROWS:
                raise _Unreadable(line, f"more than {MAX_ROWS:,} rows")
            if count * len(names) > MAX_NUMBERS:
                raise _Unreadable(line, f"more than {MAX_NUMBERS:,} numbers")
            if len(cells) != len(names):
                sentence = f"expected {len(names)} cells, as in the header, found {len(cells)}"
                faults.add(line, sentence, "cells")
                continue
            targets.add(line, cells.pop(column))
            try:
                inputs.append([number(cell) for cell in cells])
            except ValueError:
                for name, cell in zip(features, cells, strict=True):
                    if not _is_number(cell):
                        faults.add_cell(line, name, cell)
            lines.append(line)
    except _Unreadable:
        targets.labels()
        raise
    if not (lines or faults):
        faults.add(None, "a header row alone: rows of numbers are expected below it")
    labels, classes, class_names = targets.labels()
    faults.check()
    return Dataset(inputs, labels, classes, lines=lines, names=features, class_names=class_names)


class _Targets:
    """The cells of the target's column: numbers, or names of classes."""

    def __init__(self, name: str, faults: _Faults, train: Dataset | None) -> None:
        self.name, self.faults, self.train = name, faults, train
        self.numbers: list[float] = []
        self.words: list[tuple[int, str]] = []  # with their lines

    def add(self, line: int, cell: str) -> None:
        if self.train is not None and self.train.class_names:
            self.words.append((line, cell.strip()))
            return
        try:
            self.numbers.append(number(cell))
        except ValueError:
            self.words.append((line, cell.strip()))

    def labels(self) -> tuple[list[float], int | None, list[str] | None]:
        """A number a row, the number of classes and their names; adds the faults of the column."""
        if self.train is not None and self.train.class_names:
            return self._known(self.train.class_names)
        if not self.words:
            return self.numbers, _classes(self.numbers), None
        is_text = not self.numbers and not any(map(_is_odd_number, self._texts()))
        if self.train is not None or not is_text:
            for line, word in self.words:
                self.faults.add_cell(line, self.name, word)
            return [], None, None
        names = sorted(set(self._texts()))
        if not 2 <= len(names) <= MAX_CLASSES:
            self.faults.add(self.words[0][0], self._count_fault(names))
        places = {name: float(label) for label, name in enumerate(names)}
        return [places[text] for text in self._texts()], len(names), names

    def _texts(self) -> list[str]:
        return [text for _, text in self.words]

    def _known(self, names: list[str]) -> tuple[list[float], int, list[str]]:
        places = {name: float(label) for label, name in enumerate(names)}
        for line, word in self.words:
            if word not in places:
                fault = f"{quoted(word)} is no class of the training data: {nearest(word, names)}"
                self.faults.add(line, f"column {quoted(self.name)}: {fault}", self.name)
        return [places.get(text, 0.0) for text in self._texts()], len(names), names

    def _count_fault(self, names: Sequence[str]) -> str:
        column = f"column {quoted(self.name)}"
        if len(names) == 1:
            return f"{column} is {quoted(names[0])} in every row: there is nothing to tell apart"
        return (
            f"{column} has {len(names):,} different texts, and {MAX_CLASSES} classes are the "
            "limit: is it a column of names?"
        )


def _is_odd_number(text: str) -> bool:
    """Whether a cell that is no finite number is empty or meant as a number, as nan or 1e999."""
    try:
        float(text)
    except ValueError:
        return not text
    return True


def _classes(targets: Iterable[float]) -> int | None:
    """k, if the targets are 0, 1, ... k - 1 and none of them is missing."""
    values = set(targets)
    k = len(values)
    return k if 2 <= k <= MAX_CLASSES and values == set(range(k)) else None


def number(cell: str) -> float:
    """The finite number in a cell. Raises ValueError."""
    parsed = decimal(cell)
    if not math.isfinite(parsed):
        raise ValueError
    return parsed


def number_fault(name: str, cell: str) -> str:
    """What to say of a cell that is no finite number, in the column of this name."""
    text = quoted(cell.strip()) if cell.strip() else "an empty cell"
    return f"column {quoted(name)}: must be a finite number, found {text}"


def _is_number(cell: str) -> bool:
    try:
        number(cell)
    except ValueError:
        return False
    return True


def nearest(text: str, known: Iterable[str]) -> str:
    """A hint for a name or a class that is unknown, all of it cut to a bounded length."""
    return excerpt(suggestion(text[:60], [excerpt(one[:60]) for one in known]), 250)


def quoted(text: str) -> str:
    """The text in quotes, on one line and of at most 60 characters."""
    return excerpt(repr(text[:60]))
