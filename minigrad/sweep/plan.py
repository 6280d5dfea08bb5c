"""The plan of a sweep: its cells, its seeds, and the units of work that follow from them."""

import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any, Literal, Self

from minigrad.config.plugins import sha256
from minigrad.sweep.cells import Cell
from minigrad.terminal.table import is_number
from minigrad.terminal.text import excerpt
from minigrad.training import seeds


@dataclass(frozen=True)
class Unit:
    """The work of one worker at a time, which makes one run: a cell with some of its seeds."""

    cell: int
    seeds: tuple[int, ...]


@dataclass(frozen=True)
class SweepPlan:
    """Everything that `--resume` needs. Without `seeds`, each cell has the one seed of its config.

    `config` is the path and `asked` are the arguments, both as they were typed. Cells are ranked by
    `metric`, and best is what `mode` says. `search` is how further cells follow from the results of
    these, None where there are no further ones.
    """

    config: str
    asked: list[str]
    seeds: list[int]
    cells: list[Cell] = field(repr=False)
    metric: str = "final_loss"
    mode: Literal["min", "max"] = "min"
    search: dict[str, Any] | None = None

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Self:
        """The plan whose `data()` this is. Raises ValueError, KeyError or TypeError for others."""
        cells = [Cell(**cell) for cell in data["cells"]]
        later = {name: data[name] for name in ("metric", "mode", "search") if name in data}
        plan = cls(data["config"], data["asked"], data["seeds"], cells, **later)
        _check(plan)
        return plan

    def data(self) -> dict[str, Any]:
        """The plan as JSON can hold it."""
        return asdict(self)

    @property
    def name(self) -> str:
        """The name of its runs, or "sweep" where they differ."""
        names = {cell.config["name"] for cell in self.cells}
        return names.pop() if len(names) == 1 else "sweep"

    @property
    def is_halving(self) -> bool:
        """Whether the cells are trained by successive halving."""
        return self.search is not None and self.search["kind"] == "halving"

    def plugins(self) -> list[str]:
        """The paths of all plugins that the cells name, each once."""
        return list(dict.fromkeys(p for cell in self.cells for p in cell.config.get("plugins", ())))

    def plugin_hashes(self) -> dict[str, str]:
        """The sha256 of each plugin, all of which were run when the cells were checked."""
        return {plugin: sha256(plugin) for plugin in self.plugins()}

    @cached_property
    def units(self) -> list[Unit]:
        """Replicas first, which take longest; the rest seed by seed over all cells, so that an
        unfinished sweep has some seeds of each cell.
        """
        every = range(len(self.cells))
        return [
            Unit(cell, tuple(self._seeds_of(cell))) for cell in every if self._is_one_run(cell)
        ] + [
            Unit(cell, (self._seeds_of(cell)[position],))
            for position in range(max(1, len(self.seeds)))
            for cell in every
            if not self._is_one_run(cell)
        ]

    @property
    def members(self) -> int:
        """The number of members, over all units."""
        return sum(len(unit.seeds) for unit in self.units)

    def config_of(self, index: int) -> dict[str, Any]:
        """The config of the run that the unit at `index` makes."""
        unit = self.units[index]
        config = self.cells[unit.cell].config
        return config if self._is_one_run(unit.cell) else {**config, "seed": unit.seeds[0]}

    def _is_one_run(self, cell: int) -> bool:
        """Whether the cell's members are replicas in one run."""
        return "seeds" in self.cells[cell].config["train"]

    def _seeds_of(self, cell: int) -> list[int]:
        config = self.cells[cell].config
        if self._is_one_run(cell):
            return seeds.parse(config["train"]["seeds"])
        return self.seeds or [config["seed"]]


_IN_CONFIG = {"name": str, "seed": int, "loss": str, "data": dict, "expect": dict, "train": dict}
"""What is read of a cell's config without loading it."""


def _check(plan: SweepPlan) -> None:
    """Raise ValueError, KeyError or TypeError for a plan from a file that nothing could rank."""
    _check_kinds("the plan", vars(plan), {"config": str, "asked": list, "seeds": list})
    _check_kinds("the plan", vars(plan), {"cells": list, "metric": str})
    if plan.mode not in ("min", "max"):
        raise ValueError(f"sweep.json: the plan's mode cannot be {excerpt(plan.mode)}")
    if not plan.cells:
        raise ValueError("sweep.json: the plan has no cells")
    for number, cell in enumerate(plan.cells):
        where = f"cell {number}"
        _check_kinds(where, vars(cell), {"values": dict, "config": dict})
        _check_kinds(where, cell.config, _IN_CONFIG)
        _check_kinds(where, cell.config["train"], {"engine": str})
        _check_kinds(where, {"plugins": cell.config.get("plugins", [])}, {"plugins": list})
        if plan.is_halving:
            _check_kinds(where, cell.config["train"], {"steps": int})
        for key, value in cell.values.items():
            if is_number(value) and not abs(value) <= sys.float_info.max:
                raise ValueError(f"sweep.json: {where}: its {excerpt(key)} is not a finite number")
        if cell.values.keys() != plan.cells[0].values.keys():
            raise ValueError(f"sweep.json: {where} has other values than cell 0")
    if not all(type(seed) is int for unit in plan.units for seed in unit.seeds):
        raise ValueError("sweep.json: the plan's seeds must be whole numbers")


def _check_kinds(where: str, data: Mapping[str, Any], kinds: Mapping[str, type]) -> None:
    for name, kind in kinds.items():
        if type(data[name]) is not kind:
            raise ValueError(f"sweep.json: {where}: its {name} cannot be {excerpt(data[name])}")
