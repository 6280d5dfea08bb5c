"""state_dict and load_state_dict: to go on bit for bit, and what is refused."""

import copy
import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from optim import OPTIMIZERS, SGD, Adam, AdamW
from optim.optimizer import Optimizer
from optim.schedules import exponential
from tests.optim.make_torch_trajectories import OPTIMIZERS as CHOICES
from tests.optim.parameters import Parameter

RULES = [(name, settings) for name, choices in CHOICES.items() for settings in choices]


def descend(optimizer: Optimizer, steps: range) -> None:
    schedule = exponential(gamma=0.97)
    for step in steps:
        for index, parameter in enumerate(optimizer.parameters):
            parameter.grad = parameter.data * (index + 1) + 1 / (step + 1)
        optimizer.set_lr(schedule, step)
        optimizer.step()


def grouped(name: str, settings: dict[str, Any], starts: list[Any]) -> Optimizer:
    a, *rest = (Parameter(start) for start in starts)
    return OPTIMIZERS[name]([{"params": [a], "lr": 0.02}, {"params": rest}], **settings)


@pytest.mark.parametrize(("name", "settings"), RULES)
def test_it_goes_on_bit_for_bit(name: str, settings: dict[str, Any]) -> None:
    whole = grouped(name, settings, [0.3, -1.7, 0.1])
    descend(whole, range(20))
    first = grouped(name, settings, [0.3, -1.7, 0.1])
    descend(first, range(10))
    saved = json.dumps(first.state_dict(), allow_nan=False)

    second = grouped(name, {}, [parameter.data for parameter in first.parameters])
    second.load_state_dict(json.loads(saved))
    assert second.lr == first.lr
    descend(second, range(10, 20))

    assert [p.data for p in second.parameters] == [p.data for p in whole.parameters]
    assert second.state_dict() == whole.state_dict()


@pytest.mark.parametrize(("name", "settings"), RULES)
def test_arrays_go_on_bit_for_bit(name: str, settings: dict[str, Any]) -> None:
    starts = [np.array([0.3, 0.2]), np.array([-1.7])]
    whole = grouped(name, settings, starts)
    descend(whole, range(20))
    first = grouped(name, settings, starts)
    descend(first, range(10))
    second = grouped(name, settings, [parameter.data for parameter in first.parameters])
    second.load_state_dict(first.state_dict())
    descend(second, range(10, 20))
    for ours, expected in zip(second.parameters, whole.parameters, strict=True):
        assert ours.data.tolist() == expected.data.tolist()


def test_a_state_is_json_with_all_of_each_group() -> None:
    optimizer = SGD([Parameter(1.0, 2.0)], lr=0.1, momentum=0.9)
    optimizer.step()
    optimizer.lr = 0.05
    state = optimizer.state_dict()
    assert state == {
        "optimizer": "SGD",
        "groups": [
            {
                "settings": {
                    "lr": 0.05,
                    "momentum": 0.9,
                    "dampening": 0.0,
                    "weight_decay": 0.0,
                    "nesterov": False,
                },
                "initial_lr": 0.1,
                "states": [{"v": 2.0}],
            }
        ],
    }
    assert json.loads(json.dumps(state)) == state


@pytest.mark.parametrize("start", [1.0, np.ones(2)], ids=["number", "array"])
def test_a_state_is_a_copy_both_ways(start: Any) -> None:
    optimizer = Adam([Parameter(start, start)])
    optimizer.step()
    state = optimizer.state_dict()
    before = json.dumps(state, default=np.ndarray.tolist)
    optimizer.step()
    optimizer.groups[0].settings.betas[0] = 0.5
    assert json.dumps(state, default=np.ndarray.tolist) == before

    optimizer.load_state_dict(state)
    loaded = optimizer.groups[0]
    assert loaded.settings.betas is not state["groups"][0]["settings"]["betas"]
    assert loaded.states[0] is not state["groups"][0]["states"][0]
    optimizer.step()
    loaded.states[0]["m"] *= 2
    loaded.settings.lr = 7.0
    assert json.dumps(state, default=np.ndarray.tolist) == before


def test_a_rate_of_0_can_be_loaded() -> None:
    optimizer = SGD([Parameter(1.0)], lr=0.1)
    optimizer.lr = 0.0
    other = SGD([Parameter(1.0)], lr=0.2)
    other.load_state_dict(optimizer.state_dict())
    assert (other.lr, other.groups[0].initial_lr) == (0.0, 0.1)


def change(state: dict[str, Any], *path: Any, to: Any = ...) -> None:
    """Set what lies at `path`, or delete it."""
    *way, last = path
    for key in way:
        state = state[key]
    if to is ...:
        del state[last]
    else:
        state[last] = to


GROUP_1 = ("groups", 1)
SETTINGS_1 = (*GROUP_1, "settings")
STATE_1 = (*GROUP_1, "states", 0)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda s: change(s, "groups"), "the state: 'groups' is missing"),
        (lambda s: change(s, "optimizer"), "the state: 'optimizer' is missing"),
        (lambda s: change(s, "extra", to=1), "the state: unknown 'extra'"),
        (lambda s: change(s, "optimizer", to="AdamW"), "the state is of AdamW, not of Adam"),
        (lambda s: change(s, "groups", 1), "the state has 1 group, this optimizer has 2"),
        (lambda s: s["groups"].append(s["groups"][0]), "the state has 3 groups, this"),
        (
            lambda s: change(s, "groups", to=None),
            "the groups of the state must be a list, found None",
        ),
        (lambda s: change(s, *GROUP_1, to=[]), "group 1: its state must be a dict, found []"),
        (lambda s: change(s, *GROUP_1, "states"), "group 1: its state: 'states' is missing"),
        (
            lambda s: change(s, *GROUP_1, "initial_lr"),
            "group 1: its state: 'initial_lr' is missing",
        ),
        (lambda s: change(s, *GROUP_1, "x", to=1), "group 1: its state: unknown 'x'"),
        (
            lambda s: change(s, *GROUP_1, "initial_lr", to=0.0),
            "group 1: lr must be a number in (0, inf), found 0.0",
        ),
        (lambda s: change(s, *SETTINGS_1, "eps"), "group 1: its settings: 'eps' is missing"),
        (
            lambda s: change(s, *SETTINGS_1, "bets", to=[0.9, 0.9]),
            "group 1: its settings: unknown 'bets': did you mean 'betas'?",
        ),
        (
            lambda s: change(s, *SETTINGS_1, "lr", to=math.nan),
            "group 1: lr must be a number in [0, inf), found nan",
        ),
        (
            lambda s: change(s, *SETTINGS_1, "betas", to=[0.9, 1.0]),
            "group 1: betas must be two numbers in [0, 1), found [0.9, 1.0]",
        ),
        (
            lambda s: change(s, *GROUP_1, "states", 0),
            "group 1: the state has 1 parameter, this optimizer has 2",
        ),
        (
            lambda s: change(s, *STATE_1, to=None),
            "group 1: the state of parameter 0 must be a dict, found None",
        ),
        (
            lambda s: change(s, *STATE_1, "m", to="0.5"),
            "group 1: 'm' of parameter 0 does not fit the parameter: found str '0.5'",
        ),
        (
            lambda s: change(s, *STATE_1, "m", to=[0.5]),
            "group 1: 'm' of parameter 0 does not fit the parameter: found list [0.5]",
        ),
        (
            lambda s: change(s, *STATE_1, "m", to=np.ones(3)),
            "group 1: 'm' of parameter 0 does not fit the parameter: found shape (3,)",
        ),
    ],
)
def test_a_state_that_does_not_fit_is_refused_and_nothing_changed(
    spoil: Callable[[dict[str, Any]], None], message: str
) -> None:
    optimizer = grouped("adam", {}, [0.5, 0.6, 0.7])
    descend(optimizer, range(3))
    before = optimizer.state_dict()
    state = copy.deepcopy(before)
    state["groups"][0]["settings"]["lr"] = 0.5  # in the part that is right
    spoil(state)
    with pytest.raises(ValueError) as caught:
        optimizer.load_state_dict(state)
    assert message in str(caught.value)
    assert optimizer.state_dict() == before


def test_another_optimizer_with_the_same_settings_is_refused() -> None:
    state = Adam([Parameter(1.0)]).state_dict()
    with pytest.raises(ValueError, match="the state is of Adam, not of AdamW"):
        AdamW([Parameter(1.0)]).load_state_dict(state)


def test_settings_that_clash_are_refused() -> None:
    optimizer = SGD([Parameter(1.0)])
    state = optimizer.state_dict()
    state["groups"][0]["settings"]["nesterov"] = True
    with pytest.raises(ValueError, match="group 0: nesterov needs a momentum"):
        optimizer.load_state_dict(state)


def test_a_state_that_is_no_dict_is_refused() -> None:
    with pytest.raises(ValueError, match=r"the state must be a dict, found \[\]"):
        SGD([Parameter(1.0)]).load_state_dict([])  # type: ignore[arg-type]
