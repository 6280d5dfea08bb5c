"""The cells of a grid, each checked as far as is possible without training."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from minigrad.config import Config, ConfigError, load
from minigrad.config.plugins import Provenance
from minigrad.files import yaml12
from minigrad.runner import build
from minigrad.sweep.grid import Grid, Overrides

_LISTED = 50  # faults; then the rest of the grid is not checked


@dataclass(frozen=True)
class Cell:
    """One point of the grid: the values in which cells differ, and its config as plain data."""

    values: dict[str, Any]
    config: dict[str, Any]

    @property
    def name(self) -> str:
        """The values as on a command line."""
        return " ".join(f"{key}={_written_value(value)}" for key, value in self.values.items())


def check(
    path: str | Path,
    grid: Grid,
    engine: str | None = None,
    provenance: Provenance | None = None,
) -> list[Cell]:
    """All cells, each loaded and built once. Raises ConfigError with the faults of all of them.

    `engine` trains the cells that it can train, in place of the config's. With a `provenance`, that
    of a stored sweep, plugins are checked against it.

    The members of a cell differ by their seed alone, on which no check depends, so one is built.
    """
    cells: dict[str, Cell] = {}
    faulty: dict[str, list[Overrides]] = {}
    same: list[str] = []
    count = 0
    for overrides in grid.cells():
        count += 1
        try:
            cell = make_cell(path, grid, overrides, engine, provenance)
        except ConfigError as error:
            for fault in error.faults:
                faulty.setdefault(fault, []).append(overrides)
            if len(faulty) > _LISTED:
                break
            continue
        other = cells.setdefault(json.dumps(cell.config, sort_keys=True), cell)
        if other is not cell and not same:
            same = [_same(other, cell)]
    if faulty or same:
        raise ConfigError([*_faults(grid, faulty, count), *same])
    return list(cells.values())


def make_cell(
    path: str | Path,
    grid: Grid,
    overrides: Overrides,
    engine: str | None = None,
    provenance: Provenance | None = None,
) -> Cell:
    """The cell of these overrides, built once without training. Raises ConfigError."""
    arguments = [f"{key}={text}" for key, text in overrides.items()]
    values = {key: yaml12.parse_scalar(overrides[key]) for key in grid.varied}
    if engine is not None:
        with suppress(ConfigError):  # it cannot be lifted, or has a fault that is reported below
            config = _config(path, grid, [*arguments, f"train.engine={engine}"], provenance)
            return Cell(values, config.model_dump(exclude_none=True))
    config = _config(path, grid, arguments, provenance)
    return Cell(values, config.model_dump(exclude_none=True))


def _config(
    path: str | Path, grid: Grid, arguments: Sequence[str], provenance: Provenance | None
) -> Config:
    twice = ConfigError(["command line: seed: train.seeds says which already: leave one out"])
    if grid.seeds and any(argument.startswith("train.seeds=") for argument in arguments):
        raise twice
    seeded = [*arguments, *(f"seed={seed}" for seed in grid.seeds[:1])]
    config = load(path, seeded, provenance)
    if grid.seeds and config.train.seeds is not None:
        raise twice
    follows_one = config.train.keep_best or config.train.patience  # which many at once cannot
    at_once = config.train.engine in ("native", "numpy") and not follows_one
    if len(grid.seeds) > 1 and at_once:
        seeded = [*arguments, f"train.seeds={_written_seeds(grid.seeds)}"]
        config = load(path, seeded, provenance)
    config = build.with_steps(config)
    build.check(config)
    return config


def _same(one: Cell, other: Cell) -> str:
    """The reason why two cells have the same config, if their values show it."""
    keys = list(one.values)
    for key in keys:
        a, b = (_written_value(cell.values[key]) for cell in (one, other))
        if a != b and one.values == other.values:
            return f"command line: {key}: {a} and {b} are the same value: leave one of them out"
    what = f"command line: {one.name} and {other.name} make the same config: "
    if any(late.startswith(f"{block}.") for i, block in enumerate(keys) for late in keys[:i]):
        return what + "a block's name, as optimizer=..., comes before its settings"
    return what + "leave one of them out"


def _written_seeds(seeds: Sequence[int]) -> str:
    """The value of `train.seeds`, as short as possible."""
    consecutive = list(seeds) == list(range(seeds[0], seeds[-1] + 1))
    return f"{seeds[0]}..{seeds[-1]}" if consecutive else str(seeds)


def _faults(grid: Grid, faulty: Mapping[str, Sequence[Overrides]], count: int) -> Iterator[str]:
    """Each fault once, with the overrides that all of its cells share; `count` cells were read."""
    for fault, cells in list(faulty.items())[:_LISTED]:
        common = [k for k in grid.varied if all(cell[k] == cells[0][k] for cell in cells)]
        where = " ".join(f"{key}={cells[0][key]}" for key in common or grid.varied)
        everywhere = len(cells) == count or not where
        yield fault if everywhere else f"{fault} ({'with' if common else 'as with'} {where})"
    if len(faulty) > _LISTED:
        yield f"more than {_LISTED} faults: the rest of the grid was not checked"


def _written_value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)
