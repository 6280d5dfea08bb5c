"""Cells that follow from results: which, and that they depend on nothing else."""

import hashlib
import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from minigrad.config import ConfigError, config_class
from minigrad.config.plugins import Provenance
from minigrad.runner import build
from minigrad.sweep import search
from minigrad.sweep.cells import Cell, check
from minigrad.sweep.grid import parse
from minigrad.sweep.member import Member
from minigrad.sweep.plan import SweepPlan
from minigrad.sweep.ranking import STEPS, rank
from minigrad.sweep.store import Ended

XOR = "configs/xor.yaml"
RATES = "optimizer.lr=0.1,0.2,0.3,0.4,0.5,0.6,0.7,0.8,0.9"
DRAWN = ["optimizer.lr=loguniform(0.001,10)", "model.activation=tanh,relu", "model.hidden=[2],[3]"]


def plan_of(*asked: str) -> SweepPlan:
    grid = parse(asked)
    return SweepPlan(XOR, list(asked), grid.seeds, check(XOR, grid))


def distance(cell: Cell) -> float:
    """The best rate is 0.7."""
    return abs(float(cell.values["optimizer.lr"]) - 0.7)


def trained(
    plan: SweepPlan, loss: Callable[[Cell], float] = distance, seeds: Sequence[int] = (0,)
) -> tuple[SweepPlan, list[Ended]]:
    """All cells to the end; members end in an order of their own."""
    ended: list[Ended] = []
    new = list(range(len(plan.cells)))
    while new:
        for cell in random.Random(len(new)).sample(new, len(new)):
            for seed in seeds:
                ended.append(
                    Ended(cell, "run", Member(seed, "finished", loss(plan.cells[cell]), None, None))
                )
        more = search.following(plan, ended)
        new = list(range(len(plan.cells), len(plan.cells) + len(more)))
        plan = replace(plan, cells=[*plan.cells, *more])
    return plan, ended


def test_halving_trains_a_third_of_the_cells_three_times_as_long() -> None:
    plan, ended = trained(search.halving(plan_of(RATES, "train.steps=90")))
    assert [cell.config["train"]["steps"] for cell in plan.cells] == [10] * 9 + [30] * 3 + [90]
    rates = [cell.values["optimizer.lr"] for cell in plan.cells]
    assert (rates[9:12], rates[12]) == ([0.6, 0.7, 0.8], 0.7)
    ranked = rank(plan, ended)
    assert [one.values[STEPS] for one in ranked] == [90, 30, 30] + [10] * 6
    assert len({one.values["optimizer.lr"] for one in ranked}) == 9


def test_halving_needs_nine_steps_and_no_more() -> None:
    plan, _ = trained(search.halving(plan_of(RATES, "train.steps=9")))
    assert [cell.config["train"]["steps"] for cell in plan.cells] == [1] * 9 + [3] * 3 + [9]
    with pytest.raises(ConfigError, match=r"train\.steps must be at least 9"):
        search.halving(plan_of(RATES, "train.steps=8"))


def test_halving_of_epochs_is_halving_of_their_steps() -> None:
    plan, _ = trained(search.halving(plan_of(RATES, "train.epochs=90")))
    assert [cell.config["train"]["steps"] for cell in plan.cells] == [10] * 9 + [30] * 3 + [90]
    for cell in plan.cells:
        assert "epochs" not in cell.config["train"]
        assert build.with_steps(config_class().model_validate(cell.config)).train.steps in (
            10,
            30,
            90,
        )


def test_halving_takes_a_third_of_the_steps_of_the_grid() -> None:
    for count in (9, 10, 25, 36):
        rates = ",".join(f"0.{n + 10}" for n in range(count))
        plan, _ = trained(search.halving(plan_of(f"optimizer.lr={rates}", "train.steps=90")))
        assert sum(cell.config["train"]["steps"] for cell in plan.cells) <= count * 90 / 3


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ([RATES, "train.steps=8"], "train.steps must be at least 9"),
        (["optimizer.lr=0.1,0.2"], "at least 3 cells are needed, found 2"),
        ([RATES, "train.steps=90,100"], "it decides on train.steps itself"),
        ([RATES, "train.epochs=90,100"], "it decides on train.epochs itself"),
    ],
)
def test_what_cannot_be_halved_is_refused(asked: list[str], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        search.halving(plan_of(*asked))


def tpe_plan(trials: int, asked: Sequence[str] = DRAWN, seed: int = 0) -> SweepPlan:
    grid = parse(asked, trials, searched=True)
    return search.tpe(XOR, asked, trials, seed, SweepPlan(XOR, list(asked), grid.seeds, []))


def test_tpe_trains_so_many_distinct_cells_and_nears_the_best() -> None:
    plan, _ = trained(tpe_plan(24))
    assert len({cell.name for cell in plan.cells}) == len(plan.cells) == 24
    first, last = (sorted(map(distance, plan.cells[half])) for half in (slice(12), slice(12, 24)))
    assert last[6] < first[6]  # medians


def test_tpe_suggests_the_same_whatever_the_order_in_which_members_ended() -> None:
    plan, ended = trained(tpe_plan(16))
    again = replace(plan, cells=plan.cells[:8])
    some = [one for one in ended if one.cell < 8]
    assert search.following(again, some) == search.following(again, some[::-1])
    assert search.following(again, some) == plan.cells[8:10]
    other = tpe_plan(16, seed=1)
    assert other.cells != plan.cells[: len(other.cells)]


def test_tpe_ends_early_where_the_grid_has_no_more_cells() -> None:
    plan, _ = trained(tpe_plan(50, ["optimizer.lr=0.1,0.2,0.3", "model.activation=tanh,relu"]))
    assert len(plan.cells) == 6


def test_tpe_does_not_go_on_with_a_config_that_has_changed() -> None:
    plan = tpe_plan(16)
    assert plan.search is not None
    changed = replace(plan, search={**plan.search, "sha256": "0"})
    with pytest.raises(ConfigError, match="it has changed since the sweep began"):
        search.following(changed, [])


def test_a_stored_search_runs_no_plugin_that_it_did_not_record(tmp_path: Path) -> None:
    """A forged plan names no plugins, and its config one beside the store, or an override does."""
    mark, config = tmp_path / "ran", tmp_path / "c.yaml"
    plugin = tmp_path / "plugin.py"
    plugin.write_text(f"open({str(mark)!r}, 'w').close()\n")
    text = Path(XOR).read_text()
    for written, asked in ((f"{text}plugins: [plugin.py]\n", []), (text, [f"plugins=[{plugin}]"])):
        config.write_text(written)
        sha256 = hashlib.sha256(config.read_bytes()).hexdigest()
        stored = {"kind": "tpe", "trials": 8, "seed": 0, "sha256": sha256}
        forged = SweepPlan(str(config), [*DRAWN, *asked], [], [], search=stored)
        with pytest.raises(ConfigError, match="has no checksum in the run's record"):
            search.following(forged, [], Provenance(tmp_path / "store", {}))
        assert not mark.exists()


def test_halving_of_epochs_trains_steps() -> None:
    plan, _ = trained(search.halving(plan_of(RATES, "train.epochs=90")))
    for cell in plan.cells:
        config = build.with_steps(config_class().model_validate(cell.config))
        assert config.train.steps == cell.config["train"]["steps"] == cell.values[STEPS]
