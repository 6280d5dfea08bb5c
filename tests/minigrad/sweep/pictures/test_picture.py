"""Each sweep has the picture that suits it, whatever its numbers are."""

import itertools
import math
from pathlib import Path
from typing import Any

import pytest

from minigrad.sweep.cells import Cell
from minigrad.sweep.grid import parse
from minigrad.sweep.member import Member
from minigrad.sweep.pictures import picture
from minigrad.sweep.pictures.heatmap import HeatmapLayout, layout
from minigrad.sweep.plan import SweepPlan
from minigrad.sweep.ranking import rank
from minigrad.sweep.store import Ended, SweepStore

KINDS = ("draw_bands", "draw_heatmap", "draw_trends", "draw_ranking")
CONFIG = {
    **{"name": "some", "seed": 0, "loss": "bce", "data": {}, "expect": {}},
    "train": {"engine": "eager"},
}


def sweep_of(tmp_path: Path, *arguments: str, samples: int | None = None) -> SweepStore:
    """A sweep of that grid, unchecked."""
    grid = parse(arguments, samples)
    cells = [
        Cell({key: _number(cell[key]) for key in grid.varied}, CONFIG) for cell in grid.cells()
    ]
    sweep = SweepStore.begin(tmp_path, SweepPlan("c.yaml", list(arguments), grid.seeds, cells))
    sweep.finish("finished")
    return sweep


def _number(text: str) -> Any:
    try:
        return float(text)
    except ValueError:
        return text


def all_ended(
    sweep: SweepStore, losses: list[float | None], met: bool | None = None
) -> list[Ended]:
    """Each member has the next of the losses; None diverged."""
    members = itertools.product(range(len(sweep.plan.cells)), sweep.plan.seeds or [0])
    return [
        Ended(
            cell, "none", Member(seed, "diverged" if loss is None else "finished", loss, met, "?")
        )
        for (cell, seed), loss in zip(members, itertools.cycle(losses))
    ]


SWEEPS: dict[str, tuple[list[str], int | None, str]] = {
    "no key": ([], None, "draw_bands"),
    "one key": (["a=1,2,3"], None, "draw_bands"),
    "names": (["a=x,y,z,u,v,w,t,s"], None, "draw_ranking"),
    "many numbers": ([f"a={','.join(map(str, range(1, 15)))}"], None, "draw_trends"),
    "two keys": (["a=1,2,3", "b=x,y"], None, "draw_heatmap"),
    "three keys": (["a=1,2,3", "b=x,y", "c=u,v"], None, "draw_heatmap"),
    "two long keys": ([f"a={','.join(map(str, range(13)))}", "b=x,y"], None, "draw_ranking"),
    "four keys": (["a=1,2", "b=x,y", "c=u,v", "d=1,2"], None, "draw_ranking"),
    "draws": (["a=uniform(0,1)", "b=loguniform(0.001,1)", "c=choice(x,y)"], 9, "draw_trends"),
    "drawn names": (["a=choice(x,y)", "b=choice(u,v)", "c=choice(p,q)"], 5, "draw_ranking"),
}


@pytest.mark.parametrize("kind", SWEEPS)
def test_the_grid_decides_what_is_drawn(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments, samples, expected = SWEEPS[kind]
    called = []
    for name in KINDS:
        monkeypatch.setattr(picture, name, lambda *_, name=name, **__: called.append(name))
    monkeypatch.setattr(picture, "band", lambda *_: None)
    sweep = sweep_of(tmp_path, *arguments, samples=samples)
    path = picture.draw(sweep, rank(sweep.plan, all_ended(sweep, [0.1, 0.2])))
    assert called == [expected]
    assert path == sweep.path / "sweep.png"


@pytest.mark.parametrize(
    "losses",
    [
        [0.1, 0.3, 0.2],
        [None],
        [0.0],
        [0.5],
        [None, 1e-300, 1e300, 0.0],
        [None, None, 0.1],
        [-0.5, 0.1],
    ],
)
@pytest.mark.parametrize("kind", ["many numbers", "two keys", "three keys", "four keys", "draws"])
def test_any_numbers_can_be_drawn(kind: str, losses: list[float | None], tmp_path: Path) -> None:
    arguments, samples, _ = SWEEPS[kind]
    sweep = sweep_of(tmp_path, *arguments, samples=samples)
    path = picture.draw(sweep, rank(sweep.plan, all_ended(sweep, losses, met=False)))
    assert path.read_bytes().startswith(b"\x89PNG")


def test_numbers_go_along_x_and_the_shortest_names_by_panels() -> None:
    rates, names, few = [0.1, 1.0], ["x", "y", "z"], ["p", "q"]
    assert layout({"n": names, "lr": rates}) == HeatmapLayout("lr", "n", None)
    assert layout({"f": few, "lr": rates, "n": names}) == HeatmapLayout("lr", "n", "f")
    assert layout({"lr": rates, "n": names}) == HeatmapLayout("lr", "n", None)
    assert layout({"a": [1, 2], "b": [1, 2, 3]}) == HeatmapLayout("b", "a", None)


def test_a_seed_that_diverged_is_infinite_in_its_band(tmp_path: Path) -> None:
    from minigrad.sweep.pictures.bands import band
    from tests.minigrad.tracking.written import write

    whole = write(tmp_path, "20261122T080000Z-a-0000", losses=[1.0, 0.5, 0.25])
    broken = write(tmp_path, "20261122T080000Z-a-0001", losses=[2.0])
    curve = band("both", [whole, broken])
    assert curve.steps == [0, 1, 2]
    assert curve.median == [1.5, math.inf, math.inf]
    assert curve.low[0] == 1.25
