"""Sweeps whose later cells follow from the results of earlier ones.

What follows depends on the plan and on results alone, never on the order in which members ended: a
sweep that was killed goes on to the same table.
"""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from minigrad.config import ConfigError
from minigrad.config.plugins import Provenance
from minigrad.sweep.cells import Cell, check
from minigrad.sweep.grid import Grid, parse
from minigrad.sweep.plan import SweepPlan
from minigrad.sweep.ranking import STEPS, scores
from minigrad.sweep.store import Ended

_EPOCHS = "train.epochs"  # of a cell already turned into steps
_ETA = 3  # of a rung's cells one in three goes on, with three times the steps
_RUNGS = 3
_FIRST_TRIALS = 3
_PROBES = 500


def following(
    plan: SweepPlan, ended: Sequence[Ended], provenance: Provenance | None = None
) -> list[Cell]:
    """The cells to train next, now that all of the plan's have ended; none at the end.

    Raises ConfigError where the config that a search needs has changed, or names plugins that may
    not be run by `provenance`, that of a stored sweep.
    """
    if plan.search is None:
        return []
    if plan.search["kind"] == "halving":
        return _next_rung(plan, ended)
    return _trials(plan, ended, provenance)


def halving(plan: SweepPlan) -> SweepPlan:
    """The plan of successive halving (Jamieson and Talwalkar 2016): all cells are trained for a
    ninth of their steps, the best third of them for a third, and the best third of these for all.

    Each rung costs a ninth of the whole, so the sweep takes a third of the grid's steps. A rung
    begins at step 0 again, so that each run is whole. Raises ConfigError.
    """
    for key in (STEPS, _EPOCHS):
        if any(key in cell.values for cell in plan.cells):
            raise ConfigError([f"--halving: it decides on {key} itself: give one value of it"])
    if len(plan.cells) < _ETA:
        raise ConfigError([f"--halving: at least {_ETA} cells are needed, found {len(plan.cells)}"])
    whole = [cell.config["train"].get("steps") for cell in plan.cells]
    if None in whole or min(whole) < _ETA ** (_RUNGS - 1):
        raise ConfigError([f"--halving: {STEPS} must be at least {_ETA ** (_RUNGS - 1)}"])
    search = {"kind": "halving", "cells": len(plan.cells), "steps": whole}
    cells = [_at_rung(cell, steps, 0) for cell, steps in zip(plan.cells, whole, strict=True)]
    return replace(plan, cells=cells, search=search)


def _next_rung(plan: SweepPlan, ended: Sequence[Ended]) -> list[Cell]:
    assert plan.search is not None
    sizes = [plan.search["cells"]]
    while len(sizes) < _RUNGS:
        sizes.append(max(1, sizes[-1] // _ETA))
    rung = next((n for n in range(_RUNGS) if sum(sizes[: n + 1]) >= len(plan.cells)), _RUNGS)
    if rung >= _RUNGS - 1:
        return []
    last = range(sum(sizes[:rung]), len(plan.cells))
    by_cell = scores(plan, ended)
    best = sorted(last, key=lambda cell: (by_cell[cell], cell))[: sizes[rung + 1]]
    origin = _origins(plan)
    return [
        _at_rung(plan.cells[cell], plan.search["steps"][origin[cell]], rung + 1)
        for cell in sorted(best)
    ]


def _origins(plan: SweepPlan) -> list[int]:
    """For each cell the first one with the same values, which has its place in the grid."""
    first: dict[str, int] = {}
    texts = [repr({k: v for k, v in c.values.items() if k != STEPS}) for c in plan.cells]
    return [first.setdefault(text, index) for index, text in enumerate(texts)]


def _at_rung(cell: Cell, whole: int, rung: int) -> Cell:
    """The cell with the steps of a rung."""
    steps = whole if rung == _RUNGS - 1 else whole // _ETA ** (_RUNGS - 1 - rung)
    train = {k: v for k, v in cell.config["train"].items() if k != "epochs"} | {"steps": steps}
    return Cell({**cell.values, STEPS: steps}, {**cell.config, "train": train})


def probes(grid: Grid) -> Grid:
    """What is checked before a search begins: all combinations of lists where these are few, else
    each value once.
    """
    if math.prod(map(len, grid.axes.values())) <= _PROBES:
        return grid
    base = next(grid.cells())
    others = [{**base, key: text} for key, texts in grid.axes.items() for text in texts[1:]]
    return replace(grid, chosen=[base, *others])


def tpe(
    path: str,
    asked: Sequence[str],
    trials: int,
    seed: int,
    plan: SweepPlan,
    engine: str | None = None,
) -> SweepPlan:
    """The plan of a search by a tree-structured Parzen estimator (Bergstra et al. 2011; Optuna's):
    `trials` cells, the first ones at random, on `engine` where it can train them. Raises
    ConfigError.
    """
    _optuna()
    search = {"kind": "tpe", "trials": trials, "seed": seed, "sha256": _sha256(path)}
    search["engine"] = engine
    if any(argument.startswith("plugins") for argument in asked):
        raise ConfigError(["--sampler tpe: plugins cannot vary: name them in the config"])
    plan = replace(plan, config=path, asked=list(asked), cells=[], search=search)
    return replace(plan, cells=_trials(plan, []))


def _trials(
    plan: SweepPlan, ended: Sequence[Ended], provenance: Provenance | None = None
) -> list[Cell]:
    """The next few cells: an eighth of all, at most four, so that several workers have work."""
    from minigrad.sweep.tpe import suggest

    assert plan.search is not None
    trials = plan.search["trials"]
    count = min(max(1, min(4, trials // 8)), trials - len(plan.cells))
    if count <= 0:
        return []
    if _sha256(plan.config) != plan.search["sha256"]:
        raise ConfigError([f"{plan.config}: it has changed since the sweep began: begin a new one"])
    grid = parse(plan.asked, trials, searched=True)
    by_cell = scores(plan, ended)
    tried = [(plan.cells[cell].values, score) for cell, score in sorted(by_cell.items())]
    first = max(_FIRST_TRIALS, trials // 4)
    seed = plan.search["seed"] * 1_000_003 + len(plan.cells)
    texts = suggest(grid, tried, count, first=first, seed=seed % 2**32)
    engine = plan.search.get("engine")
    chosen = replace(grid, chosen=texts)
    return check(plan.config, chosen, engine, provenance) if texts else []


def _sha256(path: str) -> str:
    try:
        return hashlib.sha256(Path(path).read_bytes()).hexdigest()
    except OSError as error:
        raise ConfigError([f"{path}: {error.strerror}"]) from None


def _optuna() -> Any:
    try:
        import optuna
    except ImportError:
        raise ConfigError(
            ["--sampler tpe: optuna is absent: pip install 'minigrad-lab[optuna]'"]
        ) from None
    return optuna
