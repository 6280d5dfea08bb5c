"""A thinned curve has the extremes, the ends and the gaps of the whole one."""

import math

from hypothesis import given
from hypothesis import strategies as st

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
