"""Adagrad: the sum starts where the group says."""

from optim import Adagrad
from tests.optim.parameters import Parameter


def test_a_group_may_have_an_initial_value_of_its_own() -> None:
    """PyTorch takes it from the constructor alone and ignores a group's."""
    a, b = Parameter(0.0, 3.0), Parameter(0.0, 3.0)
    optimizer = Adagrad(
        [{"params": [a]}, {"params": [b], "initial_accumulator_value": 16.0}], lr=1.0, eps=0.0
    )
    optimizer.step()
    assert (a.data, b.data) == (-1.0, -0.6)


def test_lr_decay_counts_from_the_second_step() -> None:
    a = Parameter(0.0)
    optimizer = Adagrad([a], lr=1.0, lr_decay=0.5, eps=0.0)
    for gradient, position in [(3.0, -1.0), (4.0, -1.0 - 1 / 1.5 * 0.8)]:
        a.grad = gradient
        optimizer.step()
        assert a.data == position
