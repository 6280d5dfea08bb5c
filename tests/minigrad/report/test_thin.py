"""A thinned curve has the extremes, the ends and the gaps of the whole one."""

import math
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from minigrad.report.curves import Extent, RunCurves
from minigrad.report.thin import Thinner


def thinned(values: list[float], buckets: int) -> tuple[list[int], list[float | None]]:
    curve = Thinner(buckets)
    for step, value in enumerate(values):
        curve.add(step, value)
    return curve.points()


@given(
    st.lists(st.integers(-1000, 1000).map(float), min_size=1, max_size=400),
    st.sampled_from([2, 4, 10]),
)
def test_extremes_and_ends_stay_at_their_steps(values: list[float], buckets: int) -> None:
    steps, points = thinned(values, buckets)
    assert all(values[step] == point for step, point in zip(steps, points, strict=True))
    assert (min(values), max(values)) == (
        min(p for p in points if p is not None),
        max(p for p in points if p is not None),
    )
    assert (steps[0], steps[-1]) == (0, len(values) - 1)
    assert steps == sorted(steps)
    assert len(steps) <= 3 * buckets + 2


def test_a_short_curve_is_whole() -> None:
    values = [float(x * x % 7) for x in range(40)]
    assert thinned(values, 20) == (list(range(40)), values)


@given(
    st.lists(st.lists(st.integers(-1000, 1000).map(float), max_size=90), max_size=9),
    st.sampled_from([2, 4, 10]),
)
def test_many_points_at_once_have_the_same_extremes(parts: list[list[float]], most: int) -> None:
    values = [value for part in parts for value in part]
    curve, extent, place = Thinner(most), Extent(0.0), 0
    for part in parts:
        steps = range(place, place + len(part))
        curve.extend(list(steps), part)
        if part:
            extent.extend(list(steps), part)
        place += len(part)
    steps_drawn, points = curve.points()
    assert curve.total == len(values)
    assert all(values[step] == point for step, point in zip(steps_drawn, points, strict=True))
    assert steps_drawn == sorted(steps_drawn)
    if values:
        finite = [point for point in points if point is not None]
        assert (min(finite), max(finite)) == (min(values), max(values))
        assert (steps_drawn[0], steps_drawn[-1]) == (0, len(values) - 1)
        known = (extent.least, extent.least_at, extent.highest, extent.last)
        assert known == (min(values), values.index(min(values)), max(values), values[-1])


def test_a_gap_among_many_points_stays() -> None:
    curve, extent = Thinner(4), Extent(1.0)
    for begin in range(0, 1000, 100):
        steps = list(range(begin, begin + 100))
        values = [math.inf if step == 555 else float(step) for step in steps]
        curve.extend(steps, values)
        extent.extend(steps, values)
    steps, points = curve.points()
    assert points[steps.index(555)] is None
    assert (extent.least, extent.highest) == (0.0, 999.0)


def test_a_gap_stays_and_is_no_extreme() -> None:
    values = [1.0] * 1000
    values[500] = math.nan
    values[700] = math.inf
    steps, points = thinned(values, 10)
    assert points.count(None) == 2
    assert steps[points.index(None)] == 500


def test_a_spike_in_a_long_curve_is_seen() -> None:
    values = [math.sin(i) for i in range(10_000)]
    values[7777] = 50.0
    steps, points = thinned(values, 100)
    assert points[steps.index(7777)] == 50.0
    assert len(steps) <= 302


def test_two_points_a_bucket_are_whole_and_more_are_thinned() -> None:
    curve = Thinner(4)
    for step in range(8):
        curve.add(step, float(step % 3))
    assert not curve.is_thinned
    assert curve.points()[0] == list(range(8))
    curve.add(8, 0.0)
    assert curve.is_thinned


def test_the_curves_of_another_file_take_the_place_of_the_old_ones(tmp_path: Path) -> None:
    log, new = tmp_path / "metrics.jsonl", tmp_path / "new"
    log.write_text('{"step": 0, "loss": 9.0}\n{"step": 1, "loss": 8.0, "old": 1}\n')
    curves = RunCurves(tmp_path)
    curves.read_all()
    assert curves.thinned["loss"].points() == ([0, 1], [9.0, 8.0])
    new.write_text('{"step": 0, "loss": 2.0}\n')
    new.replace(log)
    curves.read_all()
    assert curves.thinned.keys() == {"loss"}
    assert curves.thinned["loss"].points() == ([0], [2.0])
    assert curves.extents["loss"].highest == 2.0
