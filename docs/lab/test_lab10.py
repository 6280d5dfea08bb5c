import numpy as np
import pytest
from judge import attempt, same
from lab10 import matmul_backward, matrix_backward

from minigrad import Tensor

pytestmark = pytest.mark.lab10


def _operands(a, b):
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=a), rng.normal(size=b)
    return x, y, rng.normal(size=(x @ y).shape)


def _check(rule, a, b, hint):
    x, y, grad = _operands(a, b)
    ours, theirs = Tensor(x), Tensor(y)
    (ours @ theirs).backward(grad)
    found = attempt(lambda: rule(x, y, grad))
    for name, place, leaf in (("a", 0, ours), ("b", 1, theirs)):
        asked = f"gradient of {name} for shapes {a} @ {b}"
        share = found if isinstance(found, str) else found[place]
        same(f"shape of the {asked}", getattr(share, "shape", share), leaf.shape, hint)
        same(asked, share.ravel().tolist(), leaf.grad.ravel().tolist(), hint)


def test_one_row_times_one_column():
    a, b = np.array([[1.0, 2.0, 3.0]]), np.array([[4.0], [5.0], [6.0]])
    of_a, of_b = matrix_backward(a, b, np.array([[10.0]]))
    hint = "The gradient of a is grad @ b transposed, that of b is a transposed @ grad."
    same("gradient of the row", of_a.tolist(), [[40.0, 50.0, 60.0]], hint)
    same("gradient of the column", of_b.tolist(), [[10.0], [20.0], [30.0]], hint)


@pytest.mark.parametrize(
    ("a", "b"), [((2, 3), (3, 4)), ((1, 3), (3, 1)), ((4, 1), (1, 2))], ids=str
)
def test_two_matrices(a, b):
    _check(matrix_backward, a, b, "Order and transpose: only one product has the right shape.")


@pytest.mark.parametrize(("a", "b"), [((3,), (3,)), ((3,), (3, 2)), ((2, 3), (3,))], ids=str)
def test_vectors_have_gradients_that_are_vectors(a, b):
    hint = "Add the missing axis to the operand and to grad, and take it out of the share again."
    _check(matmul_backward, a, b, hint)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ((5, 2, 3), (5, 3, 4)),
        ((5, 2, 3), (3, 4)),
        ((2, 3), (5, 3, 4)),
        ((2, 1, 2, 3), (4, 3, 2)),
        ((5, 2, 3), (3,)),
        ((3,), (5, 3, 2)),
    ],
    ids=str,
)
def test_stacks_broadcast_their_axes_in_front(a, b):
    hint = "swapaxes(-1, -2) transposes each matrix of a stack; unbroadcast sums over the stack."
    _check(matmul_backward, a, b, hint)
