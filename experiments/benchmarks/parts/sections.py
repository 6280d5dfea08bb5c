"""What a measurement has to say: a table, its figures, and whether the bounds on them hold."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from minigrad.table import table

WIDTH = 100


@dataclass(frozen=True)
class Bound:
    """`found` must be at least, or with `at_most` at most, `bound`. None: a peer is absent."""

    what: str
    found: float | None
    bound: float
    at_most: bool = False

    @property
    def is_missed(self) -> bool:
        if self.found is None:
            return False
        return self.found > self.bound if self.at_most else self.found < self.bound

    def __str__(self) -> str:
        relation = "at most" if self.at_most else "at least"
        found = f"{self.found:,.2f}" if self.found is not None else "-"
        return f"{self.verdict:6}  {self.what:54} {found:>9}   {relation} {self.bound:g}"

    @property
    def verdict(self) -> str:
        if self.found is None:
            return "absent"
        return "MISSED" if self.is_missed else "ok"


@dataclass(frozen=True)
class Section:
    """A table with its title, the bounds on its figures, and remarks on what is missing."""

    title: str
    header: Sequence[str] = ()
    rows: Sequence[Sequence[Any]] = ()
    bounds: Sequence[Bound] = ()
    remarks: Sequence[str] = ()

    def __str__(self) -> str:
        rows = [[_readable(value) for value in row] for row in self.rows]
        lines = table(self.header, rows, WIDTH) if rows else None
        return "\n".join(filter(None, [self.title, lines, *self.remarks]))

    def figures(self) -> list[dict[str, Any]]:
        """The rows, ready for JSON."""
        return [dict(zip(self.header, row, strict=True)) for row in self.rows]


def _readable(value: Any) -> Any:
    return round(value) if isinstance(value, float) and value >= 1000 else value
