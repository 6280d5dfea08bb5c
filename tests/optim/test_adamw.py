"""AdamW beside Adam."""

from typing import Any

from optim import Adam, AdamW
from optim.optimizer import Optimizer
from tests.optim.parameters import Parameter


def position(make: type[Optimizer], **settings: Any) -> float:
    x = Parameter(2.0)
    optimizer = make([x], **settings)
    for _ in range(20):
        x.grad = x.data - 1
        optimizer.step()
    return float(x.data)


def test_without_weight_decay_it_is_adam() -> None:
    assert position(AdamW, lr=0.1, weight_decay=0.0) == position(Adam, lr=0.1)


def test_the_decay_is_of_the_parameter_not_of_the_gradient() -> None:
    x = Parameter(2.0, 0.0)
    optimizer = AdamW([x], lr=0.1, weight_decay=0.5)
    optimizer.step()
    assert x.data == 2.0 * (1 - 0.1 * 0.5)
    assert optimizer.groups[0].states == [{"t": 1, "m": 0.0, "v": 0.0}]


def test_its_default_decay_is_a_hundredth() -> None:
    assert AdamW([Parameter(1.0)]).groups[0].settings.weight_decay == 0.01
    assert Adam([Parameter(1.0)]).groups[0].settings.weight_decay == 0.0
