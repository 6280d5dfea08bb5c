import pytest
from judge import attempt, same
from lab1 import gradient
from lab2 import add, divide, exp, log, multiply, relu, subtract, tanh

pytestmark = pytest.mark.lab2

CASES = [
    (add, [2.0, -3.0], -1.0),
    (subtract, [2.0, -3.0], 5.0),
    (multiply, [2.0, -3.0], -6.0),
    (divide, [2.0, -4.0], -0.5),
    (exp, [0.0], 1.0),
    (exp, [2.0], 7.38905609893065),
    (log, [1.0], 0.0),
    (log, [10.0], 2.302585092994046),
    (tanh, [0.5], 0.46211715726000973),
    (tanh, [-2.0], -0.9640275800758169),
    (relu, [1.5], 1.5),
    (relu, [-1.5], 0.0),
]

each_rule = pytest.mark.parametrize(
    ("rule", "point", "expected"),
    CASES,
    ids=[f"{rule.__name__}{point}" for rule, point, _ in CASES],
)


@each_rule
def test_the_value_is_right(rule, point, expected):
    value, _ = rule(*point)
    hint = "A rule returns two things: the value, and a tuple of slopes. `log` is to the base e."
    same(f"the value of {rule.__name__}({_listed(point)})", value, expected, hint)


@each_rule
def test_the_slopes_agree_with_your_central_difference(rule, point, expected):
    del expected
    _, slopes = rule(*point)
    measured = gradient(lambda *numbers: rule(*numbers)[0], point)
    asked = f"the slopes of {rule.__name__}({_listed(point)}), as your gradient() measures them"
    hint = "One slope for each operand, in their order; with one operand it is (slope,)."
    same(asked, slopes, tuple(measured), hint, tolerance=1e-6)


def test_relu_is_flat_up_to_0():
    hint = "At the kink, 0, the slope is undefined; the convention is to take the one on the left."
    same("relu(0.0)", relu(0.0), (0.0, (0.0,)), hint)


def test_tanh_does_not_overflow():
    hint = "exp(1000) is larger than any float. `math.tanh` avoids it."
    same("tanh(1000.0)", attempt(lambda: tanh(1000.0)), (1.0, (0.0,)), hint)


def test_division_by_a_tiny_number_has_a_slope():
    result = attempt(lambda: divide(1e-200, 1e-200))
    hint = "b * b is 0 here, too small for a float. Can the slope be computed from the value a / b?"
    same("divide(1e-200, 1e-200)", result, (1.0, (1e200, -1e200)), hint)


def _listed(point):
    return ", ".join(map(repr, point))
