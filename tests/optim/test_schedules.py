"""Schedules beyond PyTorch's runs: where they end, and what they refuse."""

import math
from typing import Any

import pytest

from minigrad.settings import settings_of
from optim import SCHEDULES
from optim.schedules import cosine, exponential, linear, multistep, one_cycle, warmup_cosine

NO_NUMBERS: list[Any] = [math.nan, "1", True, None, [1], (), -1]
ABOVE_0 = ("a number in (0, inf)", [*NO_NUMBERS, 0, 0.0, math.inf, -0.1])
FROM_0 = ("a number in [0, inf)", [*NO_NUMBERS, math.inf, -1e-9])
UP_TO_1 = ("a number in [0, 1]", [*NO_NUMBERS, 1.01, math.inf])
COUNT = ("a whole number in [1, 1000000000]", [*NO_NUMBERS, 0, 2.0, 2.5, math.inf])
WHOLE = ("a whole number in [0, 1000000000]", [*NO_NUMBERS, 0.0, 2.5, math.inf])
WORD: list[Any] = ["", "COS", "x", None, True, 1, math.nan, ["cos"]]

BAD: dict[str, tuple[str, list[Any]]] = {
    "step_size": COUNT,
    "gamma": ABOVE_0,
    "milestones": (
        "one or more whole numbers in [0, 1000000000]",
        [5, "12", None, math.nan, {1, 2}, [], [-1], [1, -2], [2.0], [1, 2.5], [True], ["1"], [[1]]],
    ),
    "start_factor": ("a number in (0, 1]", [*NO_NUMBERS, 0, 0.0, 1.01, math.inf]),
    "end_factor": UP_TO_1,
    "total_iters": COUNT,
    "T_max": COUNT,
    "eta_min": FROM_0,
    "warmup_steps": WHOLE,
    "total_steps": COUNT,
    "pct_start": UP_TO_1,
    "div_factor": ABOVE_0,
    "final_div_factor": ABOVE_0,
    "anneal_strategy": ("'cos' or 'linear'", WORD),
    "factor": ("a number in (0, 1)", [*NO_NUMBERS, 0, 0.0, 1, 1.0, math.inf]),
    "patience": WHOLE,
    "threshold": FROM_0,
    "threshold_mode": ("'rel' or 'abs'", WORD),
    "cooldown": WHOLE,
    "min_lr": FROM_0,
    "eps": FROM_0,
}
NEEDED: dict[str, dict[str, Any]] = {
    "step": {"step_size": 1},
    "multistep": {"milestones": [1]},
    "exponential": {"gamma": 0.5},
    "cosine": {"T_max": 1},
    "warmup_cosine": {"warmup_steps": 1, "total_steps": 2},
    "one_cycle": {"total_steps": 1},
}
REFUSED = [
    pytest.param(name, setting, BAD[setting][0], value, id=f"{name}-{setting}-{value}")
    for name, schedule in SCHEDULES.items()
    for setting in settings_of(schedule)
    for value in BAD[setting][1]
]


@pytest.mark.parametrize(("name", "setting", "allowed", "value"), REFUSED)
def test_a_bad_setting_is_refused(name: str, setting: str, allowed: str, value: Any) -> None:
    with pytest.raises(ValueError) as caught:
        SCHEDULES[name](**{**NEEDED.get(name, {}), setting: value})
    assert str(caught.value) == f"{setting} must be {allowed}, found {value!r}"


@pytest.mark.parametrize("milestones", [[2, 1], [1, 1], [1, 3, 2], (0, 0)])
def test_milestones_that_do_not_increase_are_refused(milestones: Any) -> None:
    with pytest.raises(ValueError) as caught:
        multistep(milestones=milestones)
    assert str(caught.value) == (
        "milestones must be one or more whole numbers in [0, 1000000000], "
        f"each above the one before, found {milestones!r}"
    )


@pytest.mark.parametrize("total", [1, 9, 10])
def test_a_warm_up_of_all_steps_is_refused(total: int) -> None:
    with pytest.raises(ValueError) as caught:
        warmup_cosine(warmup_steps=10, total_steps=total)
    assert str(caught.value) == (
        f"total_steps must be a whole number in (10, inf), above warmup_steps, found {total}"
    )


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_schedule_is_settings_by_name_and_a_summary(name: str) -> None:
    schedule: Any = SCHEDULES[name](**NEEDED.get(name, {}))
    assert schedule(3, 0.5) >= 0
    summary = str(SCHEDULES[name].__doc__).split("\n")[0]
    assert summary == summary.strip()
    assert summary[0].islower()
    assert not summary.endswith(".")
    with pytest.raises(TypeError):
        SCHEDULES[name](1, 2)


def test_milestones_are_copied() -> None:
    milestones = [2]
    schedule = multistep(milestones=milestones)
    milestones[0] = 0
    assert schedule(1, 1.0) == 1.0


def test_linear_stays_at_its_end() -> None:
    schedule = linear(start_factor=0.5, end_factor=0.25, total_iters=4)
    assert [schedule(step, 2.0) for step in (0, 2, 4, 5, 10**9)] == [1.0, 0.75, 0.5, 0.5, 0.5]


def test_cosine_is_a_wave_of_twice_t_max() -> None:
    schedule = cosine(T_max=10, eta_min=0.1)
    assert schedule(0, 1.0) == schedule(20, 1.0) == schedule(40, 1.0) == 1.0
    assert schedule(10, 1.0) == schedule(30, 1.0) == 0.1
    assert schedule(13, 1.0) == pytest.approx(schedule(7, 1.0), rel=1e-15)


def test_warmup_cosine_reaches_lr_and_eta_min_exactly_and_stays() -> None:
    schedule = warmup_cosine(warmup_steps=7, total_steps=20, eta_min=0.01)
    assert [schedule(step, 0.3) for step in (6, 7, 20, 21, 10**9)] == [0.3, 0.3, 0.01, 0.01, 0.01]
    assert schedule(0, 0.3) == 0.3 / 7
    assert all(schedule(step, 0.3) < schedule(step + 1, 0.3) for step in range(6))
    assert all(schedule(step, 0.3) > schedule(step + 1, 0.3) for step in range(7, 20))


def test_a_warm_up_of_no_steps_is_a_cosine() -> None:
    schedule, expected = warmup_cosine(warmup_steps=0, total_steps=9), cosine(T_max=9)
    assert [schedule(step, 1.0) for step in range(10)] == [
        expected(step, 1.0) for step in range(10)
    ]


@pytest.mark.parametrize("strategy", ["cos", "linear"])
def test_one_cycle_peaks_and_stays_at_its_end(strategy: Any) -> None:
    schedule = one_cycle(total_steps=20, pct_start=0.5, anneal_strategy=strategy)
    rates = [schedule(step, 1.0) for step in range(20)]
    assert rates[0] == pytest.approx(1 / 25, rel=1e-14)
    assert max(rates) == rates[9] == 1.0
    assert rates[19] == pytest.approx(1 / 25 / 1e4, rel=1e-9)
    assert schedule(20, 1.0) == schedule(10**9, 1.0) == rates[19]


@pytest.mark.parametrize(
    ("total", "start", "first", "last"),
    [
        (1, 0.3, 4e-6, 4e-6),  # the only step is the last one
        (1, 1.0, 1.0, 1.0),
        (10, 0.1, 1.0, 4e-6),  # the peak is step 0 itself
        (10, 1.0, 0.04, 1.0),  # the peak is the last step: there PyTorch divides by 0
        (10, 0, (1 + math.cos(math.pi / 10)) / 2, 4e-6),  # and here between -1 and 0
    ],
)
def test_one_cycle_with_a_part_left_out(
    total: int, start: float, first: float, last: float
) -> None:
    schedule = one_cycle(total_steps=total, pct_start=start)
    assert schedule(0, 1.0) == pytest.approx(first, rel=1e-5)
    assert schedule(total - 1, 1.0) == schedule(total, 1.0) == pytest.approx(last, rel=1e-9)


def test_one_number_above_1_grows() -> None:
    assert exponential(gamma=2)(10, 1.0) == 1024


def test_an_unknown_schedule_is_answered_with_the_nearest_name() -> None:
    with pytest.raises(ValueError, match="did you mean 'cosine'"):
        SCHEDULES["cosin"]
