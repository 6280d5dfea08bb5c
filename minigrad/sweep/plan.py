"""The plan of a sweep: its cells, its seeds, and the units of work that follow from them."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any, Literal, Self

from minigrad.config.plugins import sha256
from minigrad.sweep.cells import Cell
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
        """The plan whose `data()` this is."""
        cells = [Cell(**cell) for cell in data["cells"]]
        later = {name: data[name] for name in ("metric", "mode", "search") if name in data}
        return cls(data["config"], data["asked"], data["seeds"], cells, **later)

    def data(self) -> dict[str, Any]:
        """The plan as JSON can hold it."""
        return asdict(self)

    @property
    def name(self) -> str:
        """The name of its runs, or "sweep" where they differ."""
        names = {cell.config["name"] for cell in self.cells}
        return names.pop() if len(names) == 1 else "sweep"

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
