"""Hidden units are idle from the bounds on that the doctor names, and not before."""

from typing import Any

import pytest

from minigrad.config import load
from minigrad.doctor import units
from minigrad.doctor.patient import Patient
from minigrad.doctor.units import HiddenLayer, check_dying, check_units


@pytest.fixture
def patient() -> Patient:
    return Patient(load("configs/xor.yaml"))


def with_layer(monkeypatch: pytest.MonkeyPatch, **counts: int) -> None:
    layer = HiddenLayer(1, 100, **{"alike": 0, "dead": 0, "saturated": 0, **counts})
    monkeypatch.setattr(units, "_layers", lambda *_: [layer])


@pytest.mark.parametrize(
    ("counts", "verdict"),
    [
        ({"dead": 50}, "ok"),
        ({"dead": 51}, "warn"),
        ({"dead": 20, "saturated": 30}, "ok"),
        ({"dead": 20, "saturated": 31}, "warn"),
        ({"dead": 99}, "warn"),
        ({"dead": 60, "saturated": 40}, "FAIL"),
    ],
)
def test_more_than_half_of_a_layer_idle_is_a_doubt_and_all_of_it_a_fault(
    counts: Any, verdict: str, patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_layer(monkeypatch, **counts)
    assert check_units(patient).verdict == verdict


@pytest.mark.parametrize(
    ("dead", "verdict"), [(50, "ok"), (51, "warn"), (99, "warn"), (100, "FAIL")]
)
def test_more_than_half_of_a_layer_killed_is_a_doubt_and_all_of_it_a_fault(
    dead: int, verdict: str, patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_layer(monkeypatch, dead=dead)
    assert check_dying(patient).verdict == verdict


@pytest.mark.parametrize(
    ("slopes", "flat"),
    [
        ([0.0099] * 20, True),
        ([-0.0099] * 20, True),
        ([0.01] * 20, False),
        ([0.0101] * 20, False),
        ([0.0] * 19 + [1.0], True),  # 95 %
        ([0.0] * 18 + [1.0] * 2, False),
    ],
)
def test_a_unit_is_flat_below_a_slope_of_0_01_for_95_percent_of_the_samples(
    slopes: list[float], flat: bool
) -> None:
    assert units._is_flat(slopes) is flat
