"""Losses: their formulas, their digits far from 0, and what they refuse."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from minigrad import Value
from nn.losses import CORRECT


@given(st.floats(-30, 30), st.floats(0, 1))
def test_bce_is_the_cross_entropy_of_the_sigmoid(logit: float, target: float) -> None:
    p = 1 / (1 + math.exp(-logit))
    expected = -target * math.log(p) - (1 - target) * math.log1p(-p) if p < 1 else None
    if expected is not None:
        assert nn.losses.bce(Value(logit), target).data == pytest.approx(expected, rel=1e-3)
    x = Value(logit)
    nn.losses.bce(x, target).backward()
    assert x.grad == pytest.approx(p - target, abs=1e-12)


@pytest.mark.parametrize(
    ("logit", "target", "expected"),
    [
        (1000.0, 1.0, 0.0),
        (-1000.0, 1.0, 1000.0),
        (1000.0, 0.0, 1000.0),
        (40.0, 1.0, math.exp(-40)),
        (-40.0, 0.0, math.exp(-40)),
        (0.0, 0.5, math.log(2)),
    ],
)
def test_bce_keeps_its_digits_at_any_logit(logit: float, target: float, expected: float) -> None:
    assert nn.losses.bce(Value(logit), target).data == pytest.approx(expected, rel=1e-14)


def test_mse_is_the_squared_error_and_a_mean_over_outputs() -> None:
    prediction = Value(3.0)
    loss = nn.losses.mse(prediction, 1.0)
    loss.backward()
    assert (loss.data, prediction.grad) == (4.0, 4.0)
    assert nn.losses.mse([Value(3.0), Value(1.0)], [1.0, 2.0]).data == (4.0 + 1.0) / 2


def test_outputs_and_targets_of_different_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="2 outputs and 1 targets"):
        nn.losses.bce([Value(0.0), Value(0.0)], 1.0)


def test_a_binary_output_is_right_on_its_side_of_0() -> None:
    right = CORRECT["bce"]
    assert right([0.1], 1.0)
    assert right([-0.1], 0.0)
    assert not right([0.1], 0.0)
    assert not right([-0.1], 1.0)


def test_cross_entropy_is_minus_the_log_of_softmax() -> None:
    logits = [Value(1.0), Value(-0.5), Value(2.0)]
    loss = nn.losses.cross_entropy(logits, 1)
    loss.backward()
    total = sum(math.exp(logit.data) for logit in logits)
    assert loss.data == pytest.approx(math.log(total) + 0.5, rel=1e-14)
    for index, logit in enumerate(logits):
        assert logit.grad == pytest.approx(math.exp(logit.data) / total - (index == 1), rel=1e-12)


def test_cross_entropy_takes_probabilities_too() -> None:
    logits = [Value(1.0), Value(-0.5)]
    mixed = nn.losses.cross_entropy(logits, [0.25, 0.75]).data
    alone = [nn.losses.cross_entropy(logits, label).data for label in (0, 1.0)]
    assert mixed == pytest.approx(0.25 * alone[0] + 0.75 * alone[1], rel=1e-14)


def test_cross_entropy_does_not_overflow() -> None:
    loss = nn.losses.cross_entropy([Value(1000.0), Value(-1000.0)], 1)
    assert loss.data == 2000.0


@pytest.mark.parametrize("target", [2, -1, 0.5, [1.0]])
def test_cross_entropy_refuses_a_target_that_does_not_fit(target) -> None:
    with pytest.raises(ValueError, match="cross_entropy"):
        nn.losses.cross_entropy([Value(0.0), Value(0.0)], target)


@pytest.mark.parametrize(
    ("name", "prediction", "target", "loss", "slope"),
    [
        ("mae", 3.0, 1.0, 2.0, 1.0),
        ("mae", 1.0, 3.0, 2.0, -1.0),
        ("mae", 1.0, 1.0, 0.0, 0.0),
        ("huber", 0.5, 0.0, 0.125, 0.5),
        ("huber", -3.0, 0.0, 2.5, -1.0),
        ("huber", 1.0, 0.0, 0.5, 1.0),
        ("huber", 0.0, 0.0, 0.0, 0.0),
        ("hinge", 0.25, 1.0, 0.75, -1.0),
        ("hinge", 0.25, 0.0, 1.25, 1.0),
        ("hinge", 2.0, 1.0, 0.0, 0.0),
        ("hinge", -2.0, 0.0, 0.0, 0.0),
    ],
)
def test_regression_and_margin_losses(
    name: str, prediction: float, target: float, loss: float, slope: float
) -> None:
    x = Value(prediction)
    result = nn.losses.LOSSES[name](x, target)
    result.backward()
    assert (result.data, x.grad) == (loss, slope)


def test_the_largest_output_is_the_answer_of_a_classifier() -> None:
    right = CORRECT["cross_entropy"]
    assert right([0.1, 0.7, 0.2], 1.0)
    assert not right([0.1, 0.7, 0.2], 2.0)


def test_a_binary_output_on_the_boundary_is_label_0() -> None:
    for loss in ("bce", "hinge"):
        assert CORRECT[loss]([0.0], 0.0)
        assert not CORRECT[loss]([0.0], 1.0)
