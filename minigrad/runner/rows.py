"""The rows of a CSV file as a model takes them, by the names of its columns in any order."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from minigrad.data import DataError
from minigrad.data.csv_file import (
    MAX_FAULTS,
    MAX_ROWS,
    nearest,
    number,
    number_fault,
    quoted,
    read_rows,
)
from minigrad.registry import suggestion
from minigrad.runner.model import Model
from minigrad.terminal.text import excerpt, printable


@dataclass(frozen=True)
class Table:
    """Features in the model's order, and the targets where the file has their column: labels in
    the model's words, or numbers. `lines` are those of the file.
    """

    path: str
    rows: list[list[float]]
    lines: list[int]
    targets: list[Any] | None

    def place(self, row: int) -> str:
        """The file and line of a row, for messages."""
        return f"{printable(self.path)}:{self.lines[row]}"


def read_table(path: str, model: Model) -> Table:
    """All rows of the file. Raises DataError with a line for each of the first 20 faults, which
    names file, line and column.
    """
    rows = read_rows(path)
    line, cells = next(rows, (1, []))
    header = [cell.strip() for cell in cells]
    where = printable(path)
    if not header:
        raise DataError([f"{where}: is empty: a header row with {_names(model)} is expected"])
    if faults := [f"{where}:{line}: {fault}" for fault in _header_faults(header, model)]:
        raise DataError(faults[:MAX_FAULTS])
    reader = _RowReader(model, header)
    for line, cells in rows:
        if len(reader.lines) == MAX_ROWS:
            raise DataError([f"{where}:{line}: more than {MAX_ROWS:,} rows"])
        reader.read(line, cells)
        if len(reader.faults) >= MAX_FAULTS:
            break
    if reader.faults:
        raise DataError([f"{where}:{fault}" for fault in reader.faults[:MAX_FAULTS]])
    if not reader.lines:
        raise DataError([f"{where}: a header row alone: rows to predict are expected below it"])
    return Table(path, reader.rows, reader.lines, reader.targets if reader.has_target else None)


def _names(model: Model) -> str:
    return excerpt(", ".join(model.features), 160)


def _header_faults(header: Sequence[str], model: Model) -> Iterator[str]:
    target = model.description.target
    known = [*model.features, *([] if target in model.features else [target])]
    for name, count in Counter(header).items():
        if not name:
            yield f"column {header.index(name) + 1} has no name"
        elif name not in known:
            near = nearest(name, known)
            yield f"column {quoted(name)}: the model of {model.run} has no such column: {near}"
        elif count > 1:
            yield f"column {quoted(name)} is there {count} times"
    for name in model.features:
        if name not in header:
            yield f"column {quoted(name)} is missing: the model takes {_names(model)}"


class _RowReader:
    """Takes the rows below the header; `faults` are sentences that begin with the line."""

    def __init__(self, model: Model, header: list[str]) -> None:
        self.header, self.model = header, model
        self.target = model.description.target
        self.has_target = self.target in header and self.target not in model.features
        self.rows: list[list[float]] = []
        self.targets: list[Any] = []
        self.lines: list[int] = []
        self.faults: list[str] = []

    def read(self, line: int, cells: list[str]) -> None:
        if len(cells) != len(self.header):
            self.faults.append(f"{line}: {self._count_fault(cells)}")
            return
        by_name = dict(zip(self.header, cells, strict=True))
        self.rows.append([self._number(line, by_name, name) for name in self.model.features])
        if self.has_target:
            self.targets.append(self._target(line, by_name))
        self.lines.append(line)

    def _count_fault(self, cells: list[str]) -> str:
        count = f"{len(self.header)} cells are expected, as in the header, found {len(cells)}"
        if len(cells) < len(self.header):
            return f"column {quoted(self.header[len(cells)])}: the cell is missing: {count}"
        extra = quoted(cells[len(self.header)])
        return f"column {len(self.header) + 1}: the cell {extra} is one too many: {count}"

    def _number(self, line: int, cells: dict[str, str], name: str) -> float:
        try:
            return number(cells[name])
        except ValueError:
            self.faults.append(f"{line}: {number_fault(name, cells[name])}")
            return 0.0

    def _target(self, line: int, cells: dict[str, str]) -> Any:
        """A label in the model's words, or the number that was measured."""
        classes, text = self.model.classes, cells[self.target].strip()
        if classes is None:
            return self._number(line, cells, self.target)
        if text in classes:
            return text
        if not self.model.description.classes:
            try:
                if (label := number(text)) in classes:
                    return int(label)
            except ValueError:
                pass
        known = excerpt(suggestion(text[:60], map(str, classes)), 250)
        fault = f"{quoted(text)} is no class of the model: {known}"
        self.faults.append(f"{line}: column {quoted(self.target)}: {fault}")
        return None
