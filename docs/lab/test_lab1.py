import math

import pytest
from judge import same
from lab1 import gradient, slope

pytestmark = pytest.mark.lab1


def test_a_straight_line_has_its_steepness_everywhere():
    measured = slope(lambda x: 3 * x + 1, 2.0)
    hint = "From x - h to x + h, x changes by 2 * h. A slope is a quotient, not a difference."
    same("slope(lambda x: 3 * x + 1, 2.0)", measured, 3.0, hint, tolerance=1e-8)


def test_the_slope_is_measured_on_both_sides():
    measured = slope(lambda x: x**3, 2.0, h=0.1)
    hint = "12.61 looks to the right only, 11.41 to the left only; 12 does not use the h given."
    same("slope(lambda x: x**3, 2.0, h=0.1)", measured, 12.01, hint)


@pytest.mark.parametrize(("x", "expected"), [(3.0, 6.0), (0.0, 0.0), (-2.0, -4.0)])
def test_the_slope_of_the_square_is_twice_the_number(x, expected):
    hint = "Where f falls, the slope is negative: f(x + h) comes first, f(x - h) is taken away."
    same(f"slope(lambda x: x * x, {x})", slope(lambda x: x * x, x), expected, hint, tolerance=1e-8)


def test_ten_times_smaller_steps_make_a_hundred_times_smaller_errors():
    errors = [slope(math.exp, 1.0, h) - math.e for h in (0.1, 0.01)]
    hint = "10 instead of 100: one of the two points is x itself."
    asked = "error of slope(math.exp, 1.0, h) at h = 0.1, divided by that at h = 0.01"
    same(asked, errors[0] / errors[1], 100.0, hint, tolerance=0.01)


def test_a_gradient_has_one_slope_for_each_number():
    slopes = gradient(lambda a, b, c: a * b + math.tanh(c), [2.0, -3.0, 0.5])
    expected = [-3.0, 2.0, 1 - math.tanh(0.5) ** 2]
    hint = "A list as long as the point. Move one number, leave the others, measure; then the next."
    question = "gradient(lambda a, b, c: a * b + math.tanh(c), [2.0, -3.0, 0.5])"
    same(question, slopes, expected, hint, tolerance=1e-8)


def test_each_slope_has_a_function_of_its_own():
    slopes = gradient(lambda a, b: a * a + 10 * b, [1.0, 1.0])
    hint = "[2, 2] or [10, 10] asks for one slope twice; 12 moves both numbers at once."
    same(
        "gradient(lambda a, b: a * a + 10 * b, [1.0, 1.0])",
        slopes,
        [2.0, 10.0],
        hint,
        tolerance=1e-8,
    )


def test_a_gradient_hands_its_h_on():
    slopes = gradient(lambda a, b: a**3 + b**3, [2.0, 0.0], h=0.1)
    hint = "[12, 0] is measured with another h than the one that was given."
    same("gradient(lambda a, b: a**3 + b**3, [2.0, 0.0], h=0.1)", slopes, [12.01, 0.01], hint)


def test_the_point_is_left_as_it_was():
    point = [0.1, 0.7]
    gradient(lambda a, b: a * b, point)
    hint = "Work on a copy, list(point). Adding h and taking it away again may miss the last digit."
    same("the point [0.1, 0.7] after gradient(f, point)", point, [0.1, 0.7], hint, tolerance=0.0)
