"""A neuron as a dot and a neuron written as a chain of * and + become the same matrix product."""

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nn
from minigrad import Value
from minigrad.lift.lifted import Lifted
from minigrad.lift.printing import listing
from minigrad.value import dot
from tests.minigrad.test_dot import chain


def lifted(model: nn.MLP, weighted_sum: Callable[..., Value]) -> Lifted:
    def loss(x: Any, target: Value) -> tuple[Value, list[Value]]:
        signal = x
        for layer in model.layers:
            neurons = layer.neurons
            signal = [n.activation(weighted_sum(n.weights, signal, n.bias)) for n in neurons]
        return nn.losses.mse(signal[0], target), signal

    return Lifted(loss, [[0.5] * model.sizes[0], 1.0], model.parameters())


@pytest.mark.parametrize("sizes", [[1], [3, 1], [5, 4, 1]])
def test_both_make_one_program_with_a_matrix_product_a_layer(sizes: list[int]) -> None:
    model = nn.MLP(2, sizes, rng=random.Random(1))
    of_dots, of_chains = lifted(model, dot), lifted(model, chain)
    assert listing(of_dots.program) == listing(of_chains.program)
    ops = [operation.op for operation in of_dots.program.operations]
    assert ops.count("dot") == len(sizes)
    rng = np.random.default_rng(2)
    parameters = np.array([parameter.data for parameter in model.parameters()])
    inputs = [rng.normal(size=(7, 2)), rng.normal(size=(7, 1))]
    results = [
        [np.copy(a) for a in one.gradient(parameters, inputs)] for one in (of_dots, of_chains)
    ]
    for a, b in zip(*results, strict=True):
        assert np.array_equal(a, b)


def test_dots_of_constants_and_of_inputs_alone_are_lifted_too() -> None:
    w = Value(0.5)

    def loss(x: Any) -> Value:
        return dot([2.0, x[0], w], [3.0, x[1], x[0]]) + dot([1.0], [2.0], w) * dot([], [], x[1])

    program = Lifted(loss, [[0.3, -0.7]], [w])
    batch = np.array([[0.3, -0.7], [2.0, 1.5]])
    mean, _, slopes = program.gradient(np.array([w.data]), [batch])
    losses = [loss([Value(v) for v in row]) for row in batch]
    w.grad = 0.0
    ((losses[0] + losses[1]) / 2).backward()
    assert float(np.asarray(mean)) == pytest.approx(
        (losses[0].data + losses[1].data) / 2, rel=1e-14
    )
    assert slopes[0] == pytest.approx(w.grad, rel=1e-14)


def test_weights_that_neurons_share_collect_the_slopes_of_each() -> None:
    weights = [Value(number) for number in (0.5, -1.5, 0.25, 2.0)]

    def loss(x: Any) -> Value:
        first, second, third = (dot(weights[i : i + 2], x).tanh() for i in range(3))
        return first * second + third

    sample = [0.3, -0.7]
    loss(sample).backward()
    lifted = Lifted(loss, [sample], weights)
    assert sum(operation.op == "dot" for operation in lifted.program.operations) == 1
    numbers = np.array([weight.data for weight in weights])
    _, _, slopes = lifted.gradient(numbers, [np.array([sample])])
    assert slopes.tolist() == pytest.approx([weight.grad for weight in weights], rel=1e-14)
