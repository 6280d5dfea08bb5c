"""The results of all cells, ranked."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from minigrad.config import ConfigError
from minigrad.registry import suggestion
from minigrad.sweep.cells import Cell
from minigrad.sweep.plan import SweepPlan
from minigrad.sweep.store import Ended

STEPS = "train.steps"
_METRICS = ("final_loss", "final_accuracy", "initial_loss")
_RANKED_TOO = ("val_", "test_")  # names of columns beside the one that ranks


@dataclass(frozen=True)
class Standing:
    """The results of a cell's members.

    `median`, `q1` and `q3` are quartiles of the ranking metric over seeds; a member that diverged
    or failed counts as infinitely bad. `met` is the share of members that met the config's
    expectations, or None where it has none. `why` is the first error, with its seed. `others` are
    medians, by name, of what was measured on the validation and the test part, which do not rank.
    """

    rank: int
    values: dict[str, Any]
    median: float
    q1: float
    q3: float
    met: float | None
    members: int
    diverged: int
    failed: int
    why: str | None
    cell: int
    runs: list[str] = field(repr=False)
    others: dict[str, float] = field(default_factory=dict)


def ranked_by(plan: SweepPlan, metric: str | None, mode: str | None) -> SweepPlan:
    """The plan, ranked by that metric: without one, by the validation loss where every cell holds
    rows out, and else by the final loss. Raises ConfigError.
    """
    holds_out = all(cell.config["data"].get("val_fraction") for cell in plan.cells)
    name = metric or ("val_loss" if holds_out else "final_loss")
    fault = None
    if name.startswith("test"):
        fault = "test figures never rank: choose by val_loss, and look at the test once"
    elif name.startswith("val_") and not holds_out:
        fault = "no rows are held out: add data.val_fraction=0.2"
    elif not (name.startswith("val_") or name in _METRICS):
        fault = f"no such metric: {suggestion(name, (*_METRICS, 'val_loss', 'val_accuracy'))}"
    if fault:
        raise ConfigError([f"--metric {name}: {fault}"])
    best: Any = mode or default_mode(name)
    return replace(plan, metric=name, mode=best)


def rank(plan: SweepPlan, ended: Iterable[Ended]) -> list[Standing]:
    """The cells of which any member has ended, by median, then by the worse quartile.

    Under successive halving a cell of more steps comes first, and each combination of values is
    there once: with the most steps that it was given.
    """
    by_cell = _by_cell(ended)
    if plan.is_halving:
        by_cell = _last_rungs(plan.cells, by_cell)

    def order(cell: int) -> tuple[float, float, float, int]:
        q1, median, q3 = _quartiles(by_cell[cell], plan)
        steps = plan.cells[cell].config["train"]["steps"] if plan.is_halving else 0
        return (-steps, median, q3, cell) if plan.mode == "min" else (-steps, -median, -q1, cell)

    return [
        _standing(place, cell, plan, by_cell[cell])
        for place, cell in enumerate(sorted(by_cell, key=order), start=1)
    ]


def scores(plan: SweepPlan, ended: Iterable[Ended]) -> dict[int, float]:
    """By cell the median of its metric, turned so that less is better; infinite if it is lost."""
    sign = 1 if plan.mode == "min" else -1
    return {cell: sign * _quartiles(some, plan)[1] for cell, some in _by_cell(ended).items()}


def _by_cell(ended: Iterable[Ended]) -> dict[int, list[Ended]]:
    by_cell: dict[int, list[Ended]] = {}
    for one in ended:
        by_cell.setdefault(one.cell, []).append(one)
    return by_cell


def _last_rungs(cells: Sequence[Cell], by_cell: dict[int, list[Ended]]) -> dict[int, list[Ended]]:
    """Of cells that differ in their steps alone, the one with the most."""
    last: dict[str, int] = {}
    for cell in sorted(by_cell):  # later rungs have later cells
        last[repr({k: v for k, v in cells[cell].values.items() if k != STEPS})] = cell
    return {cell: by_cell[cell] for cell in last.values()}


def _standing(place: int, number: int, plan: SweepPlan, ended: Sequence[Ended]) -> Standing:
    members = sorted((one.member for one in ended), key=lambda member: member.seed)
    q1, median, q3 = _quartiles(ended, plan)
    met = [member.met for member in members if member.met is not None]
    errors = [f"seed {member.seed}: {member.error}" for member in members if member.error]
    statuses = [member.status for member in members]
    return Standing(
        rank=place,
        values=plan.cells[number].values,
        median=median,
        q1=q1,
        q3=q3,
        met=sum(met) / len(met) if met else None,
        members=len(members),
        diverged=statuses.count("diverged"),
        failed=statuses.count("failed"),
        why=errors[0] if errors else None,
        cell=number,
        runs=list(dict.fromkeys(one.run for one in ended)),
        others=_others(ended, plan.metric),
    )


def _others(ended: Sequence[Ended], metric: str) -> dict[str, float]:
    """The medians of validation and test, and of the final loss where it does not rank."""
    known = dict.fromkeys(name for one in ended for name in one.member.numbers)
    names = ["final_loss", *(name for name in known if name.startswith(_RANKED_TOO))]
    names = [name for name in names if name != metric]
    lost = {name: -math.inf if default_mode(name) == "max" else math.inf for name in names}
    return {name: _three([_number(one, name, lost[name]) for one in ended])[1] for name in names}


def default_mode(metric: str) -> str:
    """Whether more of the metric is better."""
    more_is_better = ("accuracy", "r2", "r_squared", "precision", "recall")
    return "max" if any(word in metric for word in more_is_better) else "min"


def _quartiles(ended: Sequence[Ended], plan: SweepPlan) -> tuple[float, float, float]:
    lost = math.inf if plan.mode == "min" else -math.inf
    return _three([_number(one, plan.metric, lost) for one in ended])


def _number(one: Ended, metric: str, lost: float) -> float:
    if metric == "final_loss":  # journals of an older version have no other number
        return lost if one.member.final_loss is None else one.member.final_loss
    return one.member.numbers.get(metric, lost)


def _three(numbers: Sequence[float]) -> tuple[float, float, float]:
    import numpy as np  # here, so that the workers start first

    from minigrad.training.seed_table import quartiles

    # quartiles() takes what is not finite as infinitely large: mirrored for -infinity
    sign = -1.0 if -math.inf in numbers else 1.0
    low, median, high, _ = quartiles(sign * np.array(numbers))
    return (low, median, high) if sign > 0 else (-high, -median, -low)
