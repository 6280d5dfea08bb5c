"""gradcheck passes what is right, and names what is wrong."""

import math
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nn
from minigrad import Tensor, Value, maximum, tensor
from minigrad.gradcheck import GradientError, gradcheck
from minigrad.value import _node


def wrong(x: Value, slope: float = 1.1) -> Value:
    """tanh with a slope that is off by a factor."""
    right = x.tanh()

    def backward(grad):
        x.grad += grad * slope * (1 - right.data**2)

    return _node(right.data, "wrong_tanh", (x,), backward)


def test_a_right_gradient_passes_and_the_report_says_how_well() -> None:
    report = gradcheck(lambda a, b: a * b + (a / b).tanh(), [2.0, Value(-3.0)])
    assert report.checked == 2
    assert report.worst < 1e-7
    assert report.kinks == []


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "relu", "softplus"])
@pytest.mark.parametrize("loss", ["bce", "mse"])
def test_a_whole_model_passes_over_all_its_parameters(activation: str, loss: str) -> None:
    model = nn.MLP(2, [5, 4, 1], activation=activation, rng=random.Random(3))
    score = getattr(nn.losses, loss)
    report = gradcheck(lambda: score(model([0.3, -0.8]), 1.0), model.parameters())
    assert report.checked == len(model)
    assert report.worst < 1e-5 or activation == "relu"


def test_gradients_and_data_are_left_as_they_were() -> None:
    x = Value(2.0)
    x.grad = 7.0
    gradcheck(lambda v: v**3, [x])
    assert (x.data, x.grad) == (2.0, 7.0)


def test_a_wrong_slope_is_named_with_argument_operation_and_both_numbers() -> None:
    x = Value(0.5, label="gain")
    with pytest.raises(GradientError) as caught:
        gradcheck(lambda v: (wrong(v * 2) + 1).exp() * v, [x])
    message = str(caught.value)
    assert message.startswith("inputs[0] (gain) = 0.5: backward() gives ")
    assert "central differences give" in message
    assert "the local slope of wrong_tanh at * (1.0) is 0.461972, should be 0.419974" in message
    assert "\n" not in message


def test_a_slope_that_is_wrong_by_a_thousandth_is_found() -> None:
    with pytest.raises(GradientError, match="wrong_tanh"):
        gradcheck(lambda v: wrong(v, 1.001), [0.3])


def test_a_share_sent_to_the_wrong_operand_is_found() -> None:
    def swapped(a: Value, b: Value) -> Value:
        def backward(grad):
            a.grad += a.data * grad
            b.grad += b.data * grad

        return _node(a.data * b.data, "swapped", (a, b), backward)

    with pytest.raises(GradientError, match=r"local slope of swapped at 2\.0, 5\.0 is wrong"):
        gradcheck(swapped, [2.0, 5.0])


def test_a_share_that_is_lost_between_operations_is_found_and_none_is_blamed() -> None:
    with pytest.raises(GradientError) as caught:
        gradcheck(lambda x: x * Value(x.data), [3.0])  # the copy cuts one of two shares off
    message = str(caught.value)
    assert message.startswith("inputs[0] = 3.0: backward() gives 3.0, central differences give ")
    assert message.endswith("a relative error of 5.0e-01")


@pytest.mark.parametrize(
    ("f", "at", "op"),
    [
        (lambda x: x.relu() * 3, 1e-7, "relu"),
        (lambda x: abs(x - 1), 1.0 + 1e-7, "abs"),
        (lambda x: maximum(x, 2.0), 2.0, "maximum"),
        (lambda x: x.leaky_relu(), -1e-7, "leaky_relu"),
    ],
)
def test_a_kink_within_the_step_is_told_and_not_called_wrong(f, at: float, op: str) -> None:
    report = gradcheck(f, [at])
    assert report.checked == 0
    (sentence,) = report.kinks
    assert f"a kink of {op}" in sentence
    assert "within the step of" in sentence


def test_a_graph_that_changes_within_the_step_is_told() -> None:
    report = gradcheck(lambda x: x * 2 if x > 1.0 else x + 10, [1.0])
    assert "the graph itself changes" in report.kinks[0]


def test_a_kink_outside_the_step_is_compared() -> None:
    assert gradcheck(lambda x: x.relu(), [0.01]).checked == 1


def test_an_infinite_slope_is_the_errors_own_sentence() -> None:
    with pytest.raises(ArithmeticError, match="sqrt"):
        gradcheck(lambda x: x.sqrt(), [0.0])


def test_a_function_that_gives_no_value_is_refused() -> None:
    with pytest.raises(TypeError, match=r"gives a Value, not 2\.0"):
        gradcheck(lambda x: x.data, [2.0])


def test_no_inputs_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one input"):
        gradcheck(lambda: Value(1.0), [])


def test_a_result_that_left_the_graph_is_told_so() -> None:
    with pytest.raises(GradientError) as caught:
        gradcheck(lambda a: Value(a.data * 2), [1.0])
    message = str(caught.value)
    assert "the result does not depend on the inputs through the graph" in message
    assert "inputs[0] = 1.0: backward() gives 0.0" in message
    assert "\n" not in message


def test_an_input_that_left_the_graph_is_told_by_its_name() -> None:
    with pytest.raises(GradientError, match=r"does not depend on inputs\[1\] through the graph"):
        gradcheck(lambda a, b: a * Value(b.data), [1.0, 2.0])


def test_an_input_that_has_no_effect_passes() -> None:
    assert gradcheck(lambda a, b: Value(3.0) * b, [1.0, 2.0]).checked == 2
    assert gradcheck(lambda a: Value(3.0), [1.0]).checked == 1


def test_what_rounding_explains_is_no_error() -> None:
    # f near 1000 is rounded to 1e-13, which 2h = 2e-5 makes 6e-9: more than a millionth of 1e-3
    report = gradcheck(lambda a: a * 1e-3 + 1000.0, [1.0])
    assert (report.checked, report.worst) == (1, 0.0)


def test_what_rounding_does_not_explain_is_one() -> None:
    def off(a: Value, by: float) -> Value:
        def backward(grad):
            a.grad += grad * (1e-3 + by)

        return _node(a.data * 1e-3, "off", (a,), backward)

    # the bound is 8 roundings of 1000 over a step of 1e-5, that is 1.8e-7
    assert gradcheck(lambda a: off(a, 1.6e-7) + 1000.0, [1.0]).checked == 1
    with pytest.raises(GradientError, match="relative error"):
        gradcheck(lambda a: off(a, 2.2e-7) + 1000.0, [1.0])


# Tensors.


def wrong_of_tensors(x: Tensor) -> Tensor:
    """tanh with a slope that is off by a tenth."""
    right = x.tanh()
    numbers = right.data

    def backward(grad):
        x._accumulate(grad * 1.1 * (1 - numbers**2))

    return tensor._node(numbers, "wrong_tanh", (x,), backward)


def test_tensors_are_checked_number_by_number_or_along_directions() -> None:
    x, w = Tensor([[0.5, -1.0], [2.0, 0.1]], label="x"), Tensor([0.3, 0.7])
    x.grad = np.ones((2, 2))

    def loss(x, w):
        return ((x @ w).tanh() * x.max(axis=1)).mean()

    whole, random_ones = gradcheck(loss, [x, w]), gradcheck(loss, [x, w], directions=3)
    assert (whole.checked, random_ones.checked) == (6, 3)
    assert max(whole.worst, random_ones.worst) < 1e-7
    assert x.grad.tolist() == [[1.0, 1.0], [1.0, 1.0]]
    assert x.data.tolist() == [[0.5, -1.0], [2.0, 0.1]]
    assert gradcheck(lambda x: x.exp().sum(), [np.array([1.0, 2.0])]).checked == 2


@pytest.mark.parametrize("directions", [None, 2])
def test_a_wrong_rule_of_tensors_is_named_with_its_operation(directions: int | None) -> None:
    x = Tensor([[0.5, -0.4]], label="gain")
    with pytest.raises(GradientError) as caught:
        gradcheck(lambda x: (wrong_of_tensors(x * 2) + 1).exp().sum(), [x], directions=directions)
    message = str(caught.value)
    where = r"inputs[0] (gain) at [0, 0] = 0.5" if directions is None else "direction 0"
    assert message.startswith(f"{where}: backward() gives ")
    assert "the rule of wrong_tanh at * ([[1.0, -0.8]]) is wrong" in message


def test_a_kink_of_tensors_within_the_step_is_told() -> None:
    report = gradcheck(lambda x: (x.relu() + x.max()).sum(), [Tensor([0.0, 1.0, 1.0])])
    assert [kink.split(": ")[1] for kink in report.kinks] == [
        *("a kink of relu within the step of 1e-05", "a kink of max within the step of 1e-05"),
        "a kink of max within the step of 1e-05",
    ]


def test_what_gives_no_single_number_is_refused() -> None:
    with pytest.raises(TypeError, match="gives one number"):
        gradcheck(lambda x: x * 2, [Tensor([1.0, 2.0])])
    with pytest.raises(ValueError, match="directions in Tensors alone"):
        gradcheck(lambda x: x * 2, [1.0], directions=2)


def test_a_result_of_tensors_that_left_the_graph_is_told_so() -> None:
    whole: list[Callable[[Tensor], Any]] = [
        lambda a: Tensor(a.data * 2).sum(),
        lambda a: Tensor(a.numpy()[:1]),
        lambda a: Tensor(a.data.sum() * 2),
    ]
    for f in whole:
        for directions in (None, 2):
            with pytest.raises(GradientError, match="the result does not depend on the inputs"):
                gradcheck(f, [Tensor([1.0, 2.0])], directions=directions)
    with pytest.raises(GradientError, match=r"does not depend on inputs\[1\] through the graph"):
        gradcheck(lambda a, b: (a * Tensor(b.data)).sum(), [Tensor([1.0]), Tensor([2.0])])


@pytest.mark.filterwarnings("ignore:math.exp")
@pytest.mark.parametrize(
    "f",
    [
        lambda a: a * getattr(a, "item", a.__float__)(),
        lambda a: a * a.data,
        lambda a: a * math.exp(a),
        lambda a: (a + a.data) * 2,
    ],
)
@pytest.mark.parametrize("x", [2.0, Tensor(2.0)], ids=["Value", "Tensor"])
def test_a_number_that_was_taken_out_is_named_and_no_rule_is_blamed(f: Any, x: Any) -> None:
    with pytest.raises(GradientError) as caught:
        gradcheck(f, [x])
    message = str(caught.value)
    assert "a plain number that meets" in message
    assert "was taken out by .data, .item(), float() or a function of math" in message
    assert "wrong" not in message
    assert "should be" not in message


def test_a_tensor_itself_and_one_that_comes_twice_are_right() -> None:
    assert gradcheck(lambda a: a, [Tensor([1.5])]).worst < 1e-9
    x = Tensor([2.0, 3.0])
    for directions in (None, 3):
        report = gradcheck(lambda a, b: (a * b).sum(), [x, x], directions=directions)
        assert report.worst < 1e-8


def test_a_function_of_pythons_own_without_a_signature_is_called_with_the_inputs() -> None:
    assert gradcheck(max, [3.0, 4.0]).checked == 2


@pytest.mark.parametrize("result", [lambda a: a.data, lambda a: a.data.sum(), lambda a: None])
def test_what_is_no_tensor_is_refused(result: Any) -> None:
    with pytest.raises(TypeError, match="gives one number, not "):
        gradcheck(result, [Tensor([1.0])])


@pytest.mark.parametrize("x", [Value(2.0), Tensor([1.0, 2.0]), np.array([1.0, 2.0])])
def test_inputs_are_a_list(x: Any) -> None:
    with pytest.raises(TypeError, match=r"a list of inputs: write \[x\] for x"):
        gradcheck(lambda a: a * 2, x)


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_inputs_are_finite(number: float) -> None:
    for x in (number, Tensor([1.0, number])):
        with pytest.raises(ValueError, match="gradcheck needs finite inputs, found"):
            gradcheck(lambda a: abs(a * 2), [x])


def test_an_overflow_within_the_step_blames_no_operation() -> None:
    for x in (1e200, Tensor([1e200])):
        with pytest.raises(GradientError, match="central differences give nan") as caught:
            gradcheck(lambda a: a * a, [x])
        assert "wrong" not in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"step": 0.0}, "step must be from 1e-12 to 1, found 0.0"),
        ({"step": -1e-5}, "step must be"),
        ({"step": 1e-30}, "step must be"),
        ({"step": math.nan}, "step must be"),
        ({"step": math.inf}, "step must be"),
        ({"tolerance": -1.0}, "tolerance must be at least 0 and below 1"),
        ({"tolerance": math.nan}, "tolerance must be"),
        ({"tolerance": math.inf}, "tolerance must be"),
        ({"directions": 0}, "directions are a whole number from 1, found 0"),
        ({"directions": -1}, "directions are"),
        ({"directions": 1.5}, "directions are"),
        ({"directions": True}, "directions are"),
    ],
)
def test_settings_with_which_anything_would_pass_are_refused(settings: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        gradcheck(lambda x: wrong_of_tensors(x).sum(), [Tensor([0.3])], **settings)
