import csv

import numpy as np
import pytest
from judge import attempt, same
from lab11 import cross_entropy, cross_entropy_backward, softmax, softmax_backward

import nn
from minigrad import Tensor
from minigrad.config import bundled

pytestmark = pytest.mark.lab11

RNG = np.random.default_rng(2)
LOGITS, LABELS = RNG.normal(size=(5, 4)) * 3, np.array([0, 3, 1, 1, 2])


def _listed(array):
    return array.tolist() if hasattr(array, "tolist") else array


def test_the_shares_of_a_row_are_positive_and_add_up_to_1():
    shares = softmax(LOGITS)
    hint = "Divide by the sum of each row: axis=1, keepdims=True."
    same("sum of each row", shares.sum(axis=1).tolist(), [1.0] * 5, hint)
    same("softmax of rows", shares.tolist(), Tensor(LOGITS).softmax().data.tolist(), hint)


def test_large_numbers_do_no_harm():
    hint = "exp(1000) is too large for a float. Take the row's largest number off first."
    shares = attempt(lambda: softmax(np.array([[1000.0, 1000.0], [-1000.0, 1000.0]])))
    same(
        "softmax of 1000, 1000 and of -1000, 1000", _listed(shares), [[0.5, 0.5], [0.0, 1.0]], hint
    )


def test_the_rule_of_softmax():
    grad = RNG.normal(size=LOGITS.shape)
    x = Tensor(LOGITS)
    x.softmax().backward(grad)
    slopes = softmax_backward(softmax(LOGITS), grad)
    hint = "Take off each row's sum of grad * p, then multiply by p."
    same("gradient of the logits", slopes.tolist(), x.grad.tolist(), hint)
    constant = softmax_backward(softmax(LOGITS), np.ones(LOGITS.shape))
    hint = "The shares always add up to 1, so the same gradient for all changes nothing."
    same("largest slope for a gradient of ones", float(abs(constant).max()), 0.0, hint)


def test_the_loss_of_each_row():
    expected = nn.losses.cross_entropy(Tensor(LOGITS), LABELS).data.tolist()
    hint = "log of the sum of exp(x), minus x at the label. One loss a row, and no mean."
    same("losses", _listed(cross_entropy(LOGITS, LABELS)), expected, hint)


def test_the_loss_of_a_vanished_share_is_exact():
    logits, labels = np.array([[0.0, 1000.0], [1000.0, 0.0]]), np.array([0, 0])
    with np.errstate(all="ignore"):
        losses = attempt(lambda: cross_entropy(logits, labels))
    hint = "log(softmax(x)) is log(0) here. Write log(S) - x[label] with the largest taken off."
    same("losses of 0, 1000 and 1000, 0 for class 0", _listed(losses), [1000.0, 0.0], hint)


def test_the_gradient_is_what_it_says_minus_what_is_true():
    grad = RNG.normal(size=5)
    x = Tensor(LOGITS)
    nn.losses.cross_entropy(x, LABELS).backward(grad)
    slopes = cross_entropy_backward(LOGITS, LABELS, grad)
    hint = "softmax, minus 1 at each row's label, times that row's gradient."
    same("gradient of the logits", slopes.tolist(), x.grad.tolist(), hint)


def test_one_layer_learns_to_read_digits():
    path = bundled.folder() / "data" / "digits.csv"
    with path.open(encoding="ascii") as file:
        rows = np.array([[float(cell) for cell in row] for row in list(csv.reader(file))[1:601]])
    images, labels = rows[:, :64] / 16, rows[:, 64].astype(int)
    weights = np.zeros((64, 10))
    for _ in range(60):
        grad = np.full(len(images), 1 / len(images))
        weights = weights - 1.0 * images.T @ cross_entropy_backward(images @ weights, labels, grad)
    right = float((softmax(images @ weights).argmax(axis=1) == labels).mean())
    loss = float(cross_entropy(images @ weights, labels).mean())
    hint = (
        "Each part is right on its own, says the rest of the tests? Then look at signs and scale."
    )
    same("more than 95 % of 600 digits are read", right > 0.95, True, hint)
    same("the mean loss is below 0.5", loss < 0.5, True, hint)
