"""Clipping on numbers and arrays; PyTorch's figures are in test_trajectories.py."""

import math
from typing import Any

import numpy as np
import pytest

from optim import clip_grad_norm, clip_grad_value
from tests.optim.parameters import Parameter


def with_gradients(*gradients: Any) -> list[Parameter]:
    return [Parameter(0.0, gradient) for gradient in gradients]


def test_the_norm_is_of_all_gradients_together() -> None:
    parameters = with_gradients(3.0, np.array([[4.0, 0.0], [0.0, 12.0]]))
    assert clip_grad_norm(iter(parameters), 1.3) == 13.0
    a, b = (parameter.grad for parameter in parameters)
    assert a == pytest.approx(0.3, rel=1e-6)
    assert b.ravel().tolist() == pytest.approx([0.4, 0.0, 0.0, 1.2], rel=1e-6)


def test_small_gradients_are_left_alone() -> None:
    gradient = np.array([3.0, 4.0])
    (parameter,) = with_gradients(gradient)
    assert clip_grad_norm([parameter], 5.1) == 5.0
    assert parameter.grad is gradient


@pytest.mark.parametrize("clip", [clip_grad_norm, clip_grad_value])
def test_floats_and_arrays_get_the_same_bits_in_new_arrays(clip: Any) -> None:
    numbers = [0.0, -0.1, 1 / 3, 1e-200, 7e5, -123.456]
    one_by_one = with_gradients(*numbers)
    gradient = np.array(numbers)
    (at_once,) = with_gradients(gradient)
    assert clip(one_by_one, 0.25) == clip([at_once], 0.25)
    assert [parameter.grad for parameter in one_by_one] == at_once.grad.tolist()
    assert gradient.tolist() == numbers


def test_a_norm_that_a_sum_of_squares_cannot_hold() -> None:
    parameters = with_gradients(3e200, 4e200)
    assert clip_grad_norm(parameters, 5.0) == pytest.approx(5e200)
    assert [parameter.grad for parameter in parameters] == pytest.approx([3.0, 4.0])


def test_what_is_not_finite_becomes_nan() -> None:
    parameters = with_gradients(1.0, math.nan)
    assert math.isnan(clip_grad_norm(parameters, 1.0))
    assert all(math.isnan(parameter.grad) for parameter in parameters)
    (parameter,) = with_gradients(math.inf)
    assert clip_grad_norm([parameter], 1.0) == math.inf
    assert math.isnan(parameter.grad)


def test_values_are_cut_off_and_nan_stays() -> None:
    parameters = with_gradients(-math.inf, -2.0, 0.5, 3, math.nan)
    clip_grad_value(iter(parameters), 1)
    assert [parameter.grad for parameter in parameters[:4]] == [-1, -1, 0.5, 1]
    assert math.isnan(parameters[4].grad)


def test_no_parameters_have_norm_0() -> None:
    assert clip_grad_norm([], 1.0) == 0.0


@pytest.mark.parametrize("limit", [-1, -1e-9, math.nan, -math.inf, "1", True, None])
@pytest.mark.parametrize(
    ("clip", "name"), [(clip_grad_norm, "max_norm"), (clip_grad_value, "clip_value")]
)
def test_a_bad_limit_is_refused(clip: Any, name: str, limit: Any) -> None:
    (parameter,) = with_gradients(3.0)
    with pytest.raises(ValueError) as caught:
        clip([parameter], limit)
    assert str(caught.value) == f"{name} must be a number in [0, inf], found {limit!r}"
    assert parameter.grad == 3.0
