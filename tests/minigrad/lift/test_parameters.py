"""Which numbers a compiled loss works with: those that its Values and its kin have."""

from typing import Any

import pytest

import optim
from minigrad import Value, lift


def test_a_constant_that_changes_is_followed() -> None:
    p, k = Value(2.0), Value(3.0)
    fast = lift.compile(lambda x: p * x * k, [p])
    assert fast.gradient([1.0]) == 6.0
    k.data = 100.0
    assert fast.gradient([1.0]) == 200.0
    assert fast.parameters[0].grad.tolist() == [100.0]


def test_a_parameter_that_is_written_to_is_followed() -> None:
    p, q = parameters = [Value(2.0), Value(5.0)]
    fast = lift.compile(lambda x: p * x + q, parameters)
    assert fast.loss([1.0]) == 7.0
    fast.parameters[0].data[1] = 6.0
    p.data = 3.0
    assert fast.loss([1.0]) == 9.0, "the one that was written to, and no other"
    assert fast.parameters[0].data.tolist() == [3.0, 6.0]


def test_losses_of_the_same_parameters_share_what_they_learn() -> None:
    p, q = parameters = [Value(2.0), Value(5.0)]
    trained = lift.compile(lambda x: (p * x + q) ** 2, parameters)
    watched = lift.compile(lambda x: p * x + q, parameters)
    assert trained.parameters[0] is watched.parameters[0]
    optimizer = optim.SGD(trained.parameters, lr=0.01)
    trained.gradient([1.0])
    optimizer.step()
    assert watched.loss([1.0]) == pytest.approx(7 - 2 * 0.14)
    assert [p.data, q.data] == [2.0, 5.0], "the Values wait for write_back()"


def test_parameters_that_another_loss_has_trained_are_refused_until_written_back() -> None:
    p = Value(2.0)
    trained = lift.compile(lambda x: p * x, [p])
    trained.parameters[0].data[0] = 3.0
    with pytest.raises(ValueError, match=r"write_back\(\) to go on from there, or delete it"):
        lift.compile(lambda x: p + x, [p])
    trained.write_back()
    assert lift.compile(lambda x: p + x, [p]).loss([1.0]) == 4.0


def test_a_loss_that_is_gone_does_not_count() -> None:
    p, q = Value(2.0), Value(5.0)
    fast = lift.compile(lambda x: p * x, [p])
    fast.gradient([1.0])
    fast.parameters[0].data[0] = 3.0
    del fast
    assert lift.compile(lambda x: p * x + q, [q, p]).loss([1.0]) == 7.0


@pytest.mark.parametrize("order", [[0, 1], [1, 0, 2], [2, 1, 0]])
def test_parameters_of_two_different_lists_are_refused(order: list[int]) -> None:
    values = [Value(1.0), Value(2.0), Value(3.0)]
    fast = lift.compile(lambda x: values[0] * x, values)
    with pytest.raises(ValueError, match="the same list, in the same order"):
        lift.compile(lambda x: values[0] * x, [values[i] for i in order])
    assert fast.loss([1.0]) == 1.0


def test_a_sample_may_be_asked_as_a_value_is() -> None:
    p = Value(0.5)
    fast = lift.compile(lambda x: p * x[0].tanh() + x[1].exp(), [p])
    expected = 0.5 * Value(0.25).tanh().data + Value(-1.0).exp().data
    assert fast.gradient([[0.25, -1.0]]) == pytest.approx(expected, rel=1e-12)
    assert fast.agreement is not None


def test_windows_of_weights_that_overlap_add_up_their_slopes() -> None:
    p = [Value(0.5), Value(-0.25), Value(0.75)]

    def loss(x: Any) -> Any:
        first, second = p[0] * x[0] + p[1] * x[1], p[1] * x[0] + p[2] * x[1]
        return first.tanh() + second.tanh()

    fast = lift.compile(loss, p)
    fast.gradient([[0.5, 1.5]])
    loss([0.5, 1.5]).backward()
    assert fast.parameters[0].grad.tolist() == pytest.approx([v.grad for v in p], rel=1e-12)
