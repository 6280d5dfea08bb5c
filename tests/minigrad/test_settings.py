"""Every bad setting of every optimizer is refused by name, range and value."""

import math
from typing import Annotated, Any

import pytest

from minigrad.settings import Range, check, check_number, settings_of
from optim import OPTIMIZERS
from tests.optim.parameters import Parameter

NO_NUMBERS: list[Any] = [math.nan, -0.1, "0.5", True, False, None, [0.5], (0.5, 0.5), {}]
FROM_0 = ("a number in [0, inf)", [*NO_NUMBERS, -1e-300, -math.inf, math.inf])
BELOW_1 = ("a number in [0, 1)", [*NO_NUMBERS, 1, 1.0, 1.5, math.inf])
UP_TO_1 = ("a number in [0, 1]", [*NO_NUMBERS, 1.0000001, 2, math.inf])
FLAG = ("True or False", [0, 1, 0.0, 1.0, "yes", "true", "", None, math.nan, [], [True]])
PAIR = (
    "two numbers in [0, 1)",
    [
        *[0.9, math.nan, True, None, "ab", "", {0.9, 0.99}, {0.9: 1, 0.99: 2}],
        *[[], [0.9], (0.9,), (0.9, 0.99, 0.999)],
        *[(1.0, 0.9), (0.9, 1.0), [0.9, 1], (-0.1, 0.9), (0.9, -0.1), (1.5, 1.5)],
        *[(math.nan, 0.9), [0.9, math.nan], (0.9, math.inf), (-math.inf, 0.9)],
        *[(True, 0.9), (0.9, False), ("0.9", 0.99), (0.9, None), ([0.9], 0.99)],
    ],
)

BAD: dict[str, tuple[str, list[Any]]] = {
    "lr": ("a number in (0, inf)", [*NO_NUMBERS, 0, 0.0, -0.0, math.inf, -math.inf]),
    "momentum": BELOW_1,
    "dampening": UP_TO_1,
    "weight_decay": FROM_0,
    "nesterov": FLAG,
    "betas": PAIR,
    "eps": FROM_0,
    "amsgrad": FLAG,
    "alpha": BELOW_1,
    "centered": FLAG,
    "lr_decay": FROM_0,
    "initial_accumulator_value": FROM_0,
    "rho": BELOW_1,
    "momentum_decay": FROM_0,
    "decoupled_weight_decay": FLAG,
}

REFUSED = [
    pytest.param(name, setting, BAD[setting][0], value, id=f"{name}-{setting}-{value}")
    for name, optimizer in OPTIMIZERS.items()
    for setting in settings_of(optimizer)
    for value in BAD[setting][1]
]


@pytest.mark.parametrize(("name", "setting", "allowed", "value"), REFUSED)
def test_it_is_refused(name: str, setting: str, allowed: str, value: Any) -> None:
    message = f"{setting} must be {allowed}, found {value!r}"
    with pytest.raises(ValueError) as caught:
        OPTIMIZERS[name]([Parameter(1.0)], **{setting: value})
    assert str(caught.value) == message
    with pytest.raises(ValueError) as caught:
        OPTIMIZERS[name]([{"params": [Parameter(1.0)], setting: value}])
    assert str(caught.value) == f"group 0: {message}"


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_ends_of_the_ranges_are_taken(name: str) -> None:
    ends: dict[str, list[Any]] = {
        "a number in (0, inf)": [5e-324, 1, 1e308],
        "a number in [0, inf)": [0, 0.0, -0.0, 1e308],
        "a number in [0, 1)": [0, 1 - 2**-53],
        "a number in [0, 1]": [0, 1, 1.0],
        "two numbers in [0, 1)": [(0, 0), [0.0, 1 - 2**-53]],
        "True or False": [False],
    }
    for setting in settings_of(OPTIMIZERS[name]):
        for value in ends[BAD[setting][0]]:
            OPTIMIZERS[name]([Parameter(1.0)], **{setting: value})


def test_an_unknown_setting_is_python_s_own_error() -> None:
    with pytest.raises(TypeError, match="momentun"):
        OPTIMIZERS["sgd"]([Parameter(1.0)], momentun=0.9)


def test_kinds_without_a_range_are_checked_too() -> None:
    def target(*, plain: float = 1.0, whole: int = 1, free: str | None = None) -> None: ...

    check(target, {"plain": math.inf, "whole": -3, "free": object()})
    with pytest.raises(ValueError, match="plain must be a number, found 'x'"):
        check(target, {"plain": "x", "whole": 1, "free": None})
    with pytest.raises(ValueError, match=r"whole must be a whole number, found 1\.0"):
        check(target, {"plain": 1, "whole": 1.0, "free": None})


def test_lists_are_checked_member_by_member() -> None:
    def target(*, sizes: Annotated[list[float], Range("(0, 2]")]) -> None: ...

    check(target, {"sizes": (1, 2.0)})
    for sizes in ([], [0.0], [1, 3], 1.0, ["1"]):
        with pytest.raises(ValueError) as caught:
            check(target, {"sizes": sizes})
        assert str(caught.value) == f"sizes must be one or more numbers in (0, 2], found {sizes!r}"


def test_check_number() -> None:
    check_number("norm", 1, "[0, inf]")
    check_number("norm", math.inf, "[0, inf]")
    for value in (math.nan, -1, "1", True, None):
        with pytest.raises(ValueError) as caught:
            check_number("norm", value, "[0, inf]")
        assert str(caught.value) == f"norm must be a number in [0, inf], found {value!r}"
