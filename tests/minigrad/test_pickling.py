"""Pickle and deepcopy keep a whole graph, and what is restored can go backward again."""

import copy
import io
import pickle
from collections.abc import Callable
from typing import Any

import pytest

import nn
from minigrad import Value, maximum, minimum
from minigrad.value import topological_order

COPIES: list[Callable[[Any], Any]] = [
    copy.deepcopy,
    *(
        lambda thing, p=protocol: pickle.loads(pickle.dumps(thing, protocol=p))
        for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1)
    ),
]


def one_of_each(x: Value, y: Value) -> list[Value]:
    """Every operation once, x > 0."""
    unary = [
        "exp",
        "log",
        "sqrt",
        "sin",
        "cos",
        "tanh",
        "sigmoid",
        "relu",
        "leaky_relu",
        "elu",
        "gelu",
        "silu",
        "softplus",
    ]
    return [
        x + y,
        x - y,
        x * y,
        x / y,
        x**y,
        x**2,
        2**x,
        -x,
        abs(y),
        maximum(x, y),
        minimum(x, 1.5),
        y.leaky_relu(0.2),
        y.elu(0.7),
        *(getattr(x, name)() for name in unary),
    ]


@pytest.mark.parametrize("copied", COPIES)
def test_every_operation_is_kept_to_the_bit_and_goes_backward_again(copied) -> None:
    x, y = Value(1.5, label="x"), Value(-0.7, label="y")
    root = Value(0.0)
    for node in one_of_each(x, y):
        root = root + node * node
    root.backward()
    x2, y2, root2 = copied((x, y, root))
    before, after = topological_order(root), topological_order(root2)
    for node, twin in zip(before, after, strict=True):
        assert (node.op, node.data, node.grad, node.label) == (
            *(twin.op, twin.data, twin.grad, twin.label),
        )
        assert [p.data for p in node.parents] == [p.data for p in twin.parents]
    assert (x2.grad, y2.grad, x2.label) == (x.grad, y.grad, "x")
    x.grad = y.grad = x2.grad = y2.grad = 0.0
    root.backward()
    root2.backward()
    assert (x2.grad, y2.grad) == (x.grad, y.grad)


@pytest.mark.parametrize("copied", COPIES)
def test_nodes_that_were_shared_are_shared_again(copied) -> None:
    a = Value(2.0)
    b = a * 3
    c = b + b
    first, c2, b2, a2 = copied([b, c, b, a])
    assert first is b2
    assert c2.parents == (b2, b2)
    assert b2.parents[0] is a2
    c2.backward()
    assert (a2.grad, b2.grad, a.grad) == (6.0, 2.0, 0.0)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda n: pickle.loads(pickle.dumps(n))])
def test_depth_is_no_obstacle(copied) -> None:
    x = Value(1.0)
    node = x
    for _ in range(20_000):
        node = node + x
    twin = copied(node)
    twin.backward()
    assert twin.data == 20_001.0


def test_a_pickle_that_failed_half_way_does_not_disturb_the_next() -> None:
    class Full(io.BytesIO):
        def write(self, _data: Any) -> int:
            raise OSError("disk full")

    root = Value(1.0)
    for _ in range(5000):
        root = root + 1
    with pytest.raises(OSError, match="disk full"):
        pickle.dump(root, Full())
    assert pickle.loads(pickle.dumps(root)).data == 5001.0


def test_a_model_is_pickled_with_its_weights() -> None:
    model = nn.MLP(2, [3, 1])
    twin = pickle.loads(pickle.dumps(model))
    assert twin.state_dict() == model.state_dict()
    assert twin([1.0, 2.0])[0].data == model([1.0, 2.0])[0].data
