"""Native losses and slopes are those of eager Values, whatever the graph, to the same bits by every
machine and among any number of replicas."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import nn
from experiments.attention.attention import Attention, samples
from minigrad import Value, maximum, minimum
from tests.minigrad.lift.graphs import Graph, deviation, eagerly, graphs, near_a_kink
from tests.minigrad.lift.test_graphs import drawn, values
from tests.minigrad.native.running import native_gradient
from tests.minigrad.test_value_properties import FORMS

TOLERANCE = 1e-12
BATCHES = [1, 2, 7, 130, 300]

repeatable = settings(max_examples=60, derandomize=True, deadline=None)


def assert_agrees(
    function: Callable[..., Value], batch: Sequence[Sequence[Any]], parameters: list[Value]
) -> None:
    native = native_gradient(function, batch, parameters)
    assert deviation(native, eagerly(function, batch, parameters)) < TOLERANCE


@repeatable
@given(graphs(), st.sampled_from(BATCHES), st.integers(0, 2**32))
def test_random_graphs_agree(graph: Graph, batch: int, seed: int) -> None:
    parameters = values(drawn(seed, graph.parameters))
    inputs = drawn(seed, batch, graph.inputs)
    assume(not near_a_kink(graph, parameters, inputs))
    assert_agrees(lambda x: graph.loss(parameters, x), [inputs], parameters)


places = st.integers(0, 5)


@repeatable
@given(
    st.lists(st.lists(st.tuples(places, places), min_size=1, max_size=7), min_size=1, max_size=6),
    st.lists(st.lists(places, min_size=4, max_size=6), max_size=3),
    st.sampled_from(BATCHES),
    st.integers(0, 2**32),
)
def test_sums_and_products_of_rows_from_anywhere_agree(
    products: list[list[tuple[int, int]]], sums: list[list[int]], batch: int, seed: int
) -> None:
    """Some products are terms of one sum, some are read alone, and some of both kinds."""
    parameters = values(drawn(seed, 6))

    def loss(x: Sequence[Any]) -> Value:
        rows = [(weight * x[n % 2]).tanh() for n, weight in enumerate(parameters)]
        results = [chain([rows[a] * rows[b] for a, b in terms]) for terms in products]
        results += [chain([rows[a] for a in terms]) for terms in sums]
        return chain([result.sin() for result in results])

    assert_agrees(loss, [drawn(seed, batch, 2)], parameters)


def chain(terms: Sequence[Value]) -> Value:
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total


@pytest.mark.parametrize("form", sorted(FORMS))
def test_every_operation_agrees_on_every_kind_of_operand(form: str) -> None:
    function, parameters = FORMS[form], values(drawn(1, 3))

    def loss(sample: Sequence[Any]) -> Value:
        x = [number if isinstance(number, Value) else Value(number) for number in sample]
        a, b, c = parameters
        pairs = [(a, b), (x[0], b), (a, x[1]), (x[0], x[1]), (a * x[0], c), (a * x[0], b * x[1])]
        rows = [function(p, q, 1.25) for p, q in pairs] + [function(a * x[1], x[0], -1.5)]
        total = rows[0]
        for row in rows[1:]:
            total = total + row
        return total

    assert_agrees(loss, [drawn(2, 20, 2)], parameters)


KINKS: dict[str, Callable[[Value, Value], Value]] = {
    "abs": lambda a, x: abs(a * x),
    "relu": lambda a, x: (a * x).relu(),
    "leaky_relu": lambda a, x: (a * x).leaky_relu(0.1),
    "elu": lambda a, x: (a * x).elu(2.0),
    "maximum": lambda a, x: maximum(a * x, x),
    "minimum": lambda a, x: minimum(x, a * x),
    "0 ** 2": lambda a, x: (a * x) ** 2,
    "0 ** 0": lambda a, x: (a * x) ** 0,
    "0 ** a": lambda a, x: x**a,
}


@pytest.mark.parametrize("name", sorted(KINKS))
def test_slopes_at_kinks_and_ties_are_eagers(name: str) -> None:
    parameters = values([1.0])
    kink, (a,) = KINKS[name], parameters
    assert_agrees(lambda x: kink(a, x * 1.0 * a) + a * 0.0, [[0.0] * 9], parameters)


@pytest.mark.parametrize("width", [2, 3, 4, 9, 40])
def test_sums_of_any_length(width: int) -> None:
    parameters = values(drawn(width, 3))

    def loss(x: Sequence[Value]) -> Value:
        rows = []
        for parameter in parameters:
            total = (parameter * x[0]).tanh()
            for n in range(1, width):
                total = total + (parameter * x[n % 4]).tanh()
            rows.append(total)
        return rows[0] * rows[1] - rows[2] - rows[0] - rows[1]

    assert_agrees(loss, [drawn(width, 10, 4)], parameters)


@pytest.mark.parametrize("batch", [1, 10, 150])
def test_weights_in_any_order_and_used_again_and_again(batch: int) -> None:
    parameters = values(drawn(3, 6))

    def loss(x: Sequence[Value]) -> Value:
        outputs = []
        for order in ([0, 1, 2, 3], [3, 2, 1, 0], [5, 5, 5, 5], [0, 2, 4, 1]):
            total = parameters[order[3]]
            for n in range(3):
                total = total + parameters[order[n]] * x[n]
            outputs.append(total.tanh())
        total = outputs[0] * outputs[1]
        for output in outputs[2:]:
            total = total + output * parameters[0]
        return total

    assert_agrees(loss, [drawn(batch, batch, 3)], parameters)


@pytest.mark.parametrize("batch", [1, 129])
def test_a_weight_penalty_is_added_once_not_once_a_sample(batch: int) -> None:
    parameters = values(drawn(4, 5))

    def loss(x: Value) -> Value:
        penalty = parameters[0] * parameters[0]
        for parameter in parameters[1:]:
            penalty = penalty + parameter.tanh() * parameter
        return (parameters[0] * x - 0.5) ** 2 + 0.01 * penalty

    assert_agrees(loss, [drawn(5, batch)], parameters)


@pytest.mark.parametrize("which", ["parameter", "input", "constant of a parameter", "product"])
@pytest.mark.parametrize("batch", [1, 5, 300])
def test_a_loss_that_is_hardly_a_graph(which: str, batch: int) -> None:
    (a,) = values([0.75])
    losses: dict[str, Callable[[Any], Value]] = {
        "parameter": lambda _: a,
        "input": lambda x: x if isinstance(x, Value) else Value(x),
        "constant of a parameter": lambda _: (a * 2.0).exp(),
        "product": lambda x: a * x,
    }
    assert_agrees(losses[which], [drawn(1, batch)], [a])


@pytest.mark.parametrize("count", [1, 7, 20, 300])
def test_an_attention_head_agrees(count: int) -> None:
    model = Attention(random.Random(count))
    batch = samples(count, random.Random(1))
    assert_agrees(
        lambda tokens, answer: nn.losses.mse(model(tokens), answer), batch, model.parameters()
    )


@pytest.mark.parametrize("activation", sorted(nn.activations.ACTIVATIONS))
@pytest.mark.parametrize("sizes", [[2, 8, 1], [3, 5, 4, 2], [1, 17, 1], [9, 1]])
def test_every_activation_and_shape_of_an_mlp_agrees(activation: str, sizes: list[int]) -> None:
    rng = random.Random(7)
    model = nn.MLP(sizes[0], sizes[1:], activation=activation, rng=rng)
    batch = [drawn(8, 33, sizes[0]), drawn(9, 33, sizes[-1])]
    assert_agrees(lambda x, t: nn.losses.mse(model(x), t), batch, model.parameters())


@pytest.mark.parametrize("name", sorted(nn.losses.LOSSES))
def test_every_loss_agrees(name: str) -> None:
    model = nn.MLP(2, [6, 3], rng=random.Random(3))
    classes = [[float(n % 3 == k) for k in range(3)] for n in range(20)]
    batch = [drawn(6, 20, 2), classes]
    assert_agrees(lambda x, t: nn.losses.LOSSES[name](model(x), t), batch, model.parameters())
