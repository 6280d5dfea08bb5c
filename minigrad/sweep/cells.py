"""The cells of a grid, each checked as far as it can be without training."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from minigrad import config
from minigrad.config import ConfigError
from minigrad.files import yaml12
from minigrad.runner import build
from minigrad.sweep.grid import Grid, Overrides

_LISTED = 50  # faults told; the grid is not read further


@dataclass(frozen=True)
class Cell:
    """One point of the grid: what sets it apart from the others, and its config as plain data."""

    values: dict[str, Any]
    config: dict[str, Any]

    @property
    def name(self) -> str:
        """As it would stand on a command line."""
        return " ".join(f"{key}={_shown(value)}" for key, value in self.values.items())


def check(path: str | Path, grid: Grid) -> list[Cell]:
    """All cells, loaded and built once each. Raises ConfigError with the faults of all of them.

    The members of a cell differ by seed alone, which no check depends on: one is built for all.
    """
    cells: dict[str, Cell] = {}
    faulty: dict[str, list[Overrides]] = {}
    same: list[str] = []
    seen = 0
    for overrides in grid.cells():
        seen += 1
        try:
            cell = _cell(path, grid, overrides)
        except ConfigError as error:
            for fault in error.faults:
                faulty.setdefault(fault, []).append(overrides)
            if len(faulty) > _LISTED:
                break
            continue
        other = cells.setdefault(json.dumps(cell.config, sort_keys=True), cell)
        if other is not cell and not same:
            same = [
                f"command line: {other.name} and {cell.name} make the same config: a block's name, "
                "as optimizer=..., comes before its settings"
            ]
    if faulty or same:
        raise ConfigError([*_told(grid, faulty, seen), *same])
    return list(cells.values())


def _cell(path: str | Path, grid: Grid, overrides: Overrides) -> Cell:
    given = [f"{key}={text}" for key, text in overrides.items()]
    checked = config.load(path, [*given, *(f"seed={seed}" for seed in grid.seeds[:1])])
    if grid.seeds and checked.train.seeds is not None:
        raise ConfigError(["command line: seed: train.seeds says which already: leave one out"])
    if len(grid.seeds) > 1 and checked.train.engine == "numpy":
        checked = config.load(path, [*given, f"train.seeds={_written(grid.seeds)}"])
    build.check(checked)
    values = {key: yaml12.parse_scalar(overrides[key]) for key in grid.varied}
    return Cell(values, checked.model_dump(exclude_none=True))


def _written(seeds: Sequence[int]) -> str:
    """As `train.seeds` takes them, as briefly as can be."""
    consecutive = list(seeds) == list(range(seeds[0], seeds[-1] + 1))
    return f"{seeds[0]}..{seeds[-1]}" if consecutive else str(seeds)


def _told(grid: Grid, faulty: Mapping[str, Sequence[Overrides]], seen: int) -> Iterator[str]:
    """Each fault once, with what the cells that have it have in common."""
    for fault, cells in list(faulty.items())[:_LISTED]:
        common = [k for k in grid.varied if all(cell[k] == cells[0][k] for cell in cells)]
        where = " ".join(f"{key}={cells[0][key]}" for key in common or grid.varied)
        everywhere = len(cells) == seen or not where
        yield fault if everywhere else f"{fault} ({'with' if common else 'as with'} {where})"
    if len(faulty) > _LISTED:
        yield f"more than {_LISTED} faults: the rest of the grid was not checked"


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)
