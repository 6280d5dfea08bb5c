"""Optimizers, schedules and clipping against stored runs of PyTorch's float64."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from typing import Any

import pytest

from minigrad.settings import settings_of
from optim import OPTIMIZERS, SCHEDULES, clip_grad_norm, clip_grad_value
from tests.optim.make_torch_trajectories import (
    START,
    TRAJECTORIES,
    Clip,
    Run,
    derive,
    height,
    slopes,
    stored,
)
from tests.optim.parameters import Parameter

RUNS, CLIPS = stored()


def _name(row: Any) -> str:
    if isinstance(row, Clip):
        return f"{row.by} {row.gradients} {row.limit}"
    if row.schedule == "constant":
        return f"{row.optimizer} {json.dumps(row.groups)}"
    return f"{row.schedule} {json.dumps(row.settings)} on {len(row.groups)}"


@pytest.mark.parametrize("run", RUNS, ids=_name)
def test_the_way_is_pytorchs(run: Run) -> None:
    rates, points = _minigrad(run)

    assert len(points) == len(run.points) >= 3
    _assert_close(rates, run.rates, 1e-11)
    _assert_close(points, run.points, 1e-11)


@pytest.mark.parametrize("clip", CLIPS, ids=_name)
def test_clipping_is_pytorchs(clip: Clip) -> None:
    parameters = [Parameter(0.0, gradient) for gradient in clip.gradients]
    function: Any = clip_grad_norm if clip.by == "norm" else clip_grad_value

    norm = function(parameters, clip.limit)

    clipped = [parameter.grad for parameter in parameters]
    _assert_close([clipped], [clip.clipped], 1e-15)
    if clip.norm is not None:
        _assert_close([[norm]], [[clip.norm]], 1e-15)


def test_the_stored_runs_cover_every_setting_of_everything() -> None:
    given: dict[str, set[str]] = {}
    for run in RUNS:
        for name, settings in [
            (run.schedule, run.settings),
            *((run.optimizer, g) for g in run.groups),
        ]:
            given.setdefault(name, set()).update(settings)
    for kind in (OPTIMIZERS, SCHEDULES):
        for name, target in kind.items():
            assert given[name] == set(settings_of(target)), name
    assert TRAJECTORIES.stat().st_size < 400_000


def test_the_stored_rates_of_a_plateau_fall() -> None:
    fallen = [len({str(rate) for rate in run.rates}) for run in RUNS if run.schedule == "plateau"]
    assert min(fallen) >= 2
    assert max(fallen) >= 5


def test_torch_derives_the_stored_runs_again() -> None:
    pytest.importorskip("torch")

    runs, clips = derive()

    assert [run[:4] for run in runs] == [run[:4] for run in RUNS]
    assert [clip[:3] for clip in clips] == [clip[:3] for clip in CLIPS]
    for new, old in zip(runs, RUNS, strict=True):
        _assert_close(new.rates, old.rates, 1e-13)
        _assert_close(new.points, old.points, 1e-13)
    for clip, stored_clip in zip(clips, CLIPS, strict=True):
        _assert_close([clip.clipped], [stored_clip.clipped], 1e-15)


def _minigrad(run: Run) -> tuple[list[list[float]], list[list[float]]]:
    point = [Parameter(coordinate) for coordinate in START]
    members = [point] if len(run.groups) == 1 else [[parameter] for parameter in point]
    groups = [{"params": m, **g} for m, g in zip(members, run.groups, strict=True)]
    optimizer: Any = OPTIMIZERS[run.optimizer](groups)
    schedule: Any = SCHEDULES[run.schedule](**run.settings)
    rates, points = [], []
    for step in range(len(run.points)):
        optimizer.set_lr(schedule, step)
        x, y = (parameter.data for parameter in point)
        for parameter, slope in zip(point, slopes(x, y), strict=True):
            parameter.grad = slope
        optimizer.step()
        if run.schedule == "plateau":
            schedule.observe(height(x, y))
        rates.append([group.settings.lr for group in optimizer.groups])
        points.append([parameter.data for parameter in point])
    return rates, points


def _assert_close(
    ours: Iterable[Iterable[float]], theirs: Iterable[Iterable[float]], rel_tol: float
) -> None:
    for step, (row, expected) in enumerate(zip(ours, theirs, strict=True)):
        for a, b in zip(row, expected, strict=True):
            assert math.isclose(a, b, rel_tol=rel_tol), f"step {step}: {a!r}, PyTorch {b!r}"
