"""What a sweep is to do: its cells, its seeds, and the units of work that these make."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any, Self

from minigrad.sweep.cells import Cell
from minigrad.training import seeds


@dataclass(frozen=True)
class Unit:
    """What one worker does at a time, and what makes one run: a cell with some of its seeds."""

    cell: int
    seeds: tuple[int, ...]


@dataclass(frozen=True)
class Plan:
    """All that `--resume` needs. Without `seeds`, each cell has the one seed of its config.

    `config` is the path and `asked` are the arguments as they were typed.
    """

    config: str
    asked: list[str]
    seeds: list[int]
    cells: list[Cell] = field(repr=False)

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Self:
        """The plan that `data` gave."""
        cells = [Cell(**cell) for cell in data["cells"]]
        return cls(data["config"], data["asked"], data["seeds"], cells)

    def data(self) -> dict[str, Any]:
        """The plan as JSON can hold it."""
        return asdict(self)

    @property
    def name(self) -> str:
        """What its runs are called, if all are called the same."""
        names = {cell.config["name"] for cell in self.cells}
        return names.pop() if len(names) == 1 else "sweep"

    @cached_property
    def units(self) -> list[Unit]:
        """Replicas first, which take longest; the rest seed by seed over all cells, so that an
        unfinished sweep has a bit of each.
        """
        whole = [number for number in range(len(self.cells)) if self._is_one_run(number)]
        apart = [number for number in range(len(self.cells)) if not self._is_one_run(number)]
        return [Unit(number, tuple(self._seeds_of(number))) for number in whole] + [
            Unit(number, (self._seeds_of(number)[position],))
            for position in range(max(1, len(self.seeds)))
            for number in apart
        ]

    @property
    def members(self) -> int:
        """How many there are in all."""
        return sum(len(unit.seeds) for unit in self.units)

    def config_of(self, index: int) -> dict[str, Any]:
        """The config that makes the run of the unit at `index`."""
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
