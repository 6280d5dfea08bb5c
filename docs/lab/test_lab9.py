import numpy as np
import pytest
from judge import attempt, refuses, same
from lab9 import broadcast_shape, multiply_backward, unbroadcast

pytestmark = pytest.mark.lab9

GRAD = np.arange(24.0).reshape(4, 2, 3)


@pytest.mark.parametrize(
    ("a", "b", "together"),
    [
        ((2, 3), (2, 3), (2, 3)),
        ((2, 1), (3,), (2, 3)),
        ((3,), (2, 1), (2, 3)),
        ((), (4,), (4,)),
        ((1, 3), (5, 1), (5, 3)),
        ((4, 1, 3), (2, 1), (4, 2, 3)),
    ],
    ids=str,
)
def test_shapes_are_aligned_at_the_right(a, b, together):
    hint = "Put ones in front of the shorter shape. Then take the longer length of each pair."
    same(f"shapes {a} and {b} together", attempt(lambda: broadcast_shape(a, b)), together, hint)


def test_lengths_that_differ_are_refused():
    hint = "Two lengths fit if they are equal or if one of them is 1."
    refuses("shapes (2, 3) and (4,)", lambda: broadcast_shape((2, 3), (4,)), ["(2, 3)"], hint)


@pytest.mark.parametrize("shape", [(), (3,), (1,), (1, 3), (2, 1), (2, 3), (4, 1, 1), (4, 2, 3)])
def test_a_gradient_goes_back_to_the_shape_it_came_from(shape):
    copies = np.broadcast_to(np.arange(np.prod(shape, dtype=int)).reshape(shape), GRAD.shape)
    expected = [float(GRAD[copies == i].sum()) for i in range(copies.max() + 1)]
    found = attempt(lambda: unbroadcast(GRAD, shape))
    hint = "The result has exactly the shape asked for: a stretched axis stays, with length 1."
    same(f"shape after unbroadcast to {shape}", getattr(found, "shape", found), shape, hint)
    hint = "Each number receives the sum over all its copies."
    same(f"numbers after unbroadcast to {shape}", found.ravel().tolist(), expected, hint)


def test_no_number_is_lost():
    hint = "Sum over axes, do not take the first one or the mean."
    total = float(unbroadcast(GRAD, (2, 1)).sum())
    same("sum of all numbers before and after", total, float(GRAD.sum()), hint)


def test_a_column_times_a_row():
    column, row = np.array([[1.0], [2.0]]), np.array([3.0, 4.0, 5.0])
    of_column, of_row = multiply_backward(column, row, np.ones((2, 3)))
    hint = "Each factor receives grad times the other one, and then unbroadcast to its own shape."
    same("gradient of the column", of_column.tolist(), [[12.0], [12.0]], hint)
    same("gradient of the row", of_row.tolist(), [3.0, 3.0, 3.0], hint)


@pytest.mark.parametrize(("a", "b"), [((2, 3), ()), ((1, 3), (2, 1)), ((4, 1, 3), (2, 1))], ids=str)
def test_the_rule_agrees_with_finite_differences(a, b):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=a), rng.normal(size=b)
    grad = rng.normal(size=(x * y).shape)
    h, hint = 1e-6, "Compare the shapes of both shares with those of the operands first."
    for place, share in enumerate(multiply_backward(x, y, grad)):
        move = rng.normal(size=(x, y)[place].shape)
        up, down = (
            ((x + s * h * move) * y if place == 0 else x * (y + s * h * move)) for s in (1, -1)
        )
        expected = float((grad * (up - down)).sum() / (2 * h))
        asked = f"slope of operand {place} of shapes {a} and {b} along a random direction"
        same(asked, float((share * move).sum()), expected, hint, tolerance=1e-6)
