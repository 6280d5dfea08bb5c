"""Parameter groups: as PyTorch takes them, and what is refused."""

import math
from typing import Any

import numpy as np
import pytest

from optim import OPTIMIZERS, SGD, Adam
from tests.optim.parameters import Parameter


def parameters(count: int) -> list[Parameter]:
    return [Parameter(1.0, 2.0) for _ in range(count)]


def test_parameters_alone_are_one_group() -> None:
    a, b = parameters(2)
    optimizer = Adam(iter([a, b]), lr=0.1)
    (group,) = optimizer.groups
    assert group.parameters == optimizer.parameters == [a, b]
    assert (group.settings.lr, group.initial_lr, group.states) == (0.1, 0.1, [{}, {}])


def test_a_group_has_settings_of_its_own_and_the_optimizers_else() -> None:
    a, b, c = parameters(3)
    optimizer = SGD([{"params": [a, b], "lr": 0.5}, {"params": (c,), "momentum": 0.9}], lr=0.1)
    assert [group.parameters for group in optimizer.groups] == [[a, b], [c]]
    assert optimizer.parameters == [a, b, c]
    assert [group.settings.lr for group in optimizer.groups] == [0.5, 0.1]
    assert [group.settings.momentum for group in optimizer.groups] == [0.0, 0.9]
    optimizer.step()
    assert [p.data for p in (a, b, c)] == [0.0, 0.0, 0.8]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_groups_step_as_optimizers_of_their_own(name: str) -> None:
    together, apart = parameters(2), parameters(2)
    own: list[dict[str, Any]] = [{"lr": 0.3}, {"weight_decay": 0.2}]
    groups = [{"params": [p], **settings} for p, settings in zip(together, own, strict=True)]
    optimizers = [OPTIMIZERS[name](groups)]
    optimizers += [OPTIMIZERS[name]([p], **s) for p, s in zip(apart, own, strict=True)]
    for step in range(10):
        for parameter in [*together, *apart]:
            parameter.grad = parameter.data - step % 3
        for optimizer in optimizers:
            optimizer.step()
    assert [p.data for p in together] == [p.data for p in apart]


def test_settings_are_copied() -> None:
    betas = [0.5, 0.6]
    group = {"params": parameters(1), "betas": betas}
    optimizer = Adam([group, {"params": parameters(1)}])
    betas[0] = 0.1
    assert optimizer.groups[0].settings.betas == [0.5, 0.6]
    optimizer.groups[1].settings.betas[0] = 0.2
    assert Adam(parameters(1)).groups[0].settings.betas == [0.9, 0.999]
    assert group["betas"] is betas


def test_a_tuple_of_betas_is_kept_as_a_list() -> None:
    assert Adam(parameters(1), betas=(0.5, 0.6)).groups[0].settings.betas == [0.5, 0.6]  # type: ignore[arg-type]


def test_lr_is_the_first_groups_and_sets_all() -> None:
    optimizer = SGD([{"params": parameters(1), "lr": 0.5}, {"params": parameters(1)}], lr=0.1)
    assert optimizer.lr == 0.5
    optimizer.lr = 0.2
    assert [group.settings.lr for group in optimizer.groups] == [0.2, 0.2]
    assert [group.initial_lr for group in optimizer.groups] == [0.5, 0.1]


def test_a_schedule_sets_every_group_from_its_initial_rate() -> None:
    optimizer = SGD([{"params": parameters(1), "lr": 0.5}, {"params": parameters(1)}], lr=0.1)
    for step in range(3):
        optimizer.set_lr(lambda step, lr: lr * (2 - step), step)
        assert [g.settings.lr for g in optimizer.groups] == [0.5 * (2 - step), 0.1 * (2 - step)]


@pytest.mark.parametrize("rate", [math.nan, math.inf, -0.1, "0.1", True, None])
def test_a_rate_that_is_none_is_refused_and_no_group_changed(rate: Any) -> None:
    optimizer = SGD([{"params": parameters(1), "lr": 0.5}, {"params": parameters(1)}], lr=0.1)
    message = rf"lr must be a number in \[0, inf\), found {rate!r}"
    with pytest.raises(ValueError, match=message):
        optimizer.set_lr(lambda _step, lr: rate if lr == 0.1 else 1.0, 0)
    with pytest.raises(ValueError, match=message):
        optimizer.lr = rate
    assert [group.settings.lr for group in optimizer.groups] == [0.5, 0.1]


def test_zero_grad_clears_all_groups_numbers_and_arrays() -> None:
    a, b, c = parameters(3)
    c.grad = np.array([1.0, math.nan])
    SGD([{"params": [a, b]}, {"params": [c]}]).zero_grad()
    assert (a.grad, b.grad, c.grad.tolist()) == (0.0, 0.0, [0.0, 0.0])


def test_a_group_may_be_empty_if_not_all_are() -> None:
    optimizer = SGD([{"params": []}, {"params": parameters(1)}], lr=0.1)
    optimizer.step()
    assert optimizer.parameters[0].data == 0.8
    with pytest.raises(ValueError, match="SGD was given no parameters"):
        SGD([{"params": []}, {"params": []}])


A, B = parameters(2)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([], "Adam was given no parameters"),
        ([A, {"params": [B]}], "member 0 is no dict: give all parameters in groups, or none"),
        ([{"params": [A]}, B], "member 1 is no dict: give all parameters in groups, or none"),
        ([{"lr": 0.1}], "group 0 has no 'params', found lr"),
        ([{"params": A}], "parameters come in a list, found Parameter"),
        (A, "parameters come in a list, found Parameter"),
        ({A, B}, "parameters come in a list, found set"),
        ([{"params": {A, B}}], "parameters come in a list, found set"),
        ({"params": [A]}, "parameter 0 of group 0 has no .data and .grad, found 'params'"),
        ([A, 3.0], "parameter 1 of group 0 has no .data and .grad, found 3.0"),
        (np.ones(2), "parameter 0 of group 0 has no .data and .grad"),
        ([A, B, A], "parameter 2 of group 0 is parameter 0 of group 0 too"),
        ([{"params": [A]}, {"params": [B, A]}], "parameter 1 of group 1 is parameter 0 of group 0"),
        (
            [{"params": [A]}, {"params": [B], "betass": (0.9, 0.9)}],
            "group 1: unknown setting 'betass': did you mean 'betas'? Known: amsgrad, betas, eps",
        ),
        ([{"params": [A], "momentum": 0.9}], "group 0: unknown setting 'momentum'"),
        ([{"params": [A], "initial_lr": 0.9}], "group 0: unknown setting 'initial_lr'"),
        ([{"params": [A], "lr": 0}], "group 0: lr must be a number in (0, inf), found 0"),
        (
            [{"params": [A], "eps": math.nan}],
            "group 0: eps must be a number in [0, inf), found nan",
        ),
    ],
)
def test_what_cannot_be_stepped_is_refused(given: Any, message: str) -> None:
    with pytest.raises(ValueError) as caught:
        Adam(given)
    assert message in str(caught.value)


def test_settings_that_clash_are_refused_in_a_group() -> None:
    groups = [{"params": [A], "momentum": 0.9}, {"params": [B], "nesterov": True}]
    with pytest.raises(ValueError, match="group 1: nesterov needs a momentum above 0"):
        SGD(groups)
    SGD([{**group, "momentum": 0.5} for group in groups])


def test_parameters_that_are_equal_are_not_the_same() -> None:
    class Equal(Parameter):
        def __eq__(self, other: object) -> bool:
            return True

        __hash__ = None  # type: ignore[assignment]

    assert len(SGD([Equal(1.0), Equal(1.0)]).parameters) == 2
