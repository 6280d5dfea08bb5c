"""Lifted losses and gradients are those of eager Values, whatever the graph."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from minigrad import Value, lift, maximum, minimum
from minigrad.lift import lifted
from tests.minigrad.lift.graphs import Graph, deviation, eagerly, graphs, near_a_kink
from tests.minigrad.test_value_properties import FORMS

TOLERANCE = 1e-12
BATCHES = [1, 2, 7, 100]

repeatable = settings(max_examples=60, derandomize=True, deadline=None)

Loss = Callable[..., Value]


def assert_agrees(function: Loss, batch: Sequence[Sequence[Any]], parameters: list[Value]) -> None:
    fast = lift.compile(function, parameters)
    loss = fast.gradient(*batch)
    slopes = fast.parameters[0].grad.tolist()
    assert deviation((loss, slopes), eagerly(function, batch, parameters)) < TOLERANCE
    assert fast.loss(*batch) == pytest.approx(loss, rel=TOLERANCE, abs=1e-15)
    assert fast.agreement is not None
    assert fast.agreement.deviation < TOLERANCE


def values(numbers: Sequence[float]) -> list[Value]:
    return [Value(number) for number in numbers]


def drawn(seed: int, *shape: int) -> Any:
    """Nested lists of numbers of at most 2, multiples of 2 ** -10: sums of them are exact, so a tie
    is one in whatever order they are added.
    """
    rng = random.Random(f"{seed} {shape}")

    def of(shape: Sequence[int]) -> Any:
        return (
            [of(shape[1:]) for _ in range(shape[0])] if shape else rng.randint(-2048, 2048) / 1024
        )

    return of(shape)


# Random graphs.


@repeatable
@given(graphs(), st.sampled_from(BATCHES), st.integers(0, 2**32))
def test_random_graphs_agree(graph: Graph, batch: int, seed: int) -> None:
    parameters = values(drawn(seed, graph.parameters))
    samples = drawn(seed, batch, graph.inputs)
    assume(not near_a_kink(graph, parameters, samples))
    assert_agrees(lambda x: graph.loss(parameters, x), [samples], parameters)


@repeatable
@given(graphs(), st.sampled_from(BATCHES), st.integers(0, 2**32), st.integers(1, 20_000))
def test_random_graphs_agree_a_few_samples_at_a_time(
    graph: Graph, batch: int, seed: int, largest: int
) -> None:
    parameters = values(drawn(seed, graph.parameters))
    samples = drawn(seed, batch, graph.inputs)
    assume(not near_a_kink(graph, parameters, samples))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lifted, "BLOCK", 1)
        patch.setattr(lifted, "LARGEST_BLOCK", largest)
        assert_agrees(lambda x: graph.loss(parameters, x), [samples], parameters)


@repeatable
@given(graphs(), st.lists(st.sampled_from(BATCHES), min_size=2, max_size=4), st.integers(0, 2**32))
def test_one_program_serves_parameters_and_batches_of_every_size(
    graph: Graph, batches: list[int], seed: int
) -> None:
    parameters = values(drawn(seed, graph.parameters))
    function = lambda x: graph.loss(parameters, x)  # noqa: E731
    fast = lift.compile(function, parameters)
    for turn, batch in enumerate(batches):
        samples = drawn(seed + turn, batch, graph.inputs)
        fast.parameters[0].data[:] = drawn(seed + turn, graph.parameters)
        fast.write_back()
        assume(not near_a_kink(graph, parameters, samples))
        loss = fast.gradient(samples)
        slopes = fast.parameters[0].grad.tolist()
        expected = eagerly(function, [samples], parameters)
        assert deviation((loss, slopes), expected) < TOLERANCE


# Every operation, on parameters, on inputs, and on both.


@pytest.mark.parametrize("form", FORMS)
def test_every_operation_agrees_on_every_kind_of_operand(form: str) -> None:
    p, q, r = parameters = values([0.75, -1.25, 1.5])
    make = FORMS[form]

    def loss(sample: Any) -> Value:
        x, y = as_values(sample)
        total = r * 1.0
        for a, b in [(p, q), (p, x), (x, p), (x, y), (p, p), (x, x), (p * x, q * y), (p + q, x)]:
            total = total + r * make(a, b, 1.25) - make(b, a, -1.5)
        return total

    for batch in BATCHES:
        assert_agrees(loss, [drawn(batch, batch, 2)], parameters)


def as_values(sample: Sequence[Any]) -> list[Value]:
    return [x if isinstance(x, Value) else Value(x) for x in sample]


KINKS: dict[str, Callable[[Value], Value]] = {
    "relu": lambda x: x.relu(),
    "abs": abs,
    "leaky_relu": lambda x: x.leaky_relu(0.3),
    "elu": lambda x: x.elu(0.7),
    "maximum": lambda x: maximum(x, 0.0),
    "minimum": lambda x: minimum(0.0, x),
    "** 0": lambda x: x**0,
    "** 1": lambda x: x**1,
    "** 2": lambda x: x**2,
    "of itself": lambda x: maximum(x, x) * minimum(x, x),
}


@pytest.mark.parametrize("name", KINKS)
def test_slopes_at_kinks_and_ties_are_eagers(name: str) -> None:
    p, q = parameters = values([1.5, -0.5])
    kink = KINKS[name]
    samples = [1.0, 0.0, -0.0, -1.0, 0.25]
    assert_agrees(lambda x: q * kink(p * x) + p * kink(x * q), [samples], parameters)


@pytest.mark.parametrize("number", [800.0, -800.0, 40.0, -40.0, 1e-300, -1e-300, 0.0])
@pytest.mark.parametrize("name", ["sigmoid", "softplus", "silu", "gelu", "tanh", "elu"])
def test_what_does_not_overflow_with_values_does_not_when_lifted(name: str, number: float) -> None:
    p = Value(1.0)
    function = getattr(Value, name)
    assert_agrees(lambda x: function(p * x), [[number, 1.0]], [p])
    assert_agrees(lambda x: function(p * x), [[number]], [p])


# Shapes of graphs that a matrix product does not fit.


@pytest.mark.parametrize("width", [1, 2, 3, 4, 5, 50, 1000])
@pytest.mark.parametrize("signs", [[1], [-1], [1, -1], [1, 1, -1]])
def test_long_sums_with_any_signs(width: int, signs: list[int]) -> None:
    parameters = values(drawn(width, width))

    def loss(sample: Any) -> Any:
        total = -sample[0] * parameters[0]
        for i in range(width):
            term = parameters[i] * sample[i] if i % 3 else parameters[i] + sample[i]
            total = total + term if signs[i % len(signs)] > 0 else total - term
        return total * 0.5

    for batch in BATCHES if width < 1000 else [1, 2]:
        assert_agrees(loss, [drawn(width, batch, width)], parameters)


def test_a_sum_of_the_same_number_over_and_over() -> None:
    p, q = parameters = values([0.5, -1.25])

    def loss(x: Any) -> Any:
        same = p * x
        total = same
        for _ in range(9):
            total = total + same
        return total + (q + q + q + q + q) + (x + x + x + x + x) - (same - q - x)

    assert_agrees(loss, [[1.5, -0.25, 2.0]], parameters)


@pytest.mark.parametrize("count", [2, 3, 4, 6])
@pytest.mark.parametrize("sign", [1, -1])
def test_sums_of_equal_length_and_unequal_kind(count: int, sign: int) -> None:
    parameters = values(drawn(count, count))

    def total(terms: Sequence[Any]) -> Any:
        sum_so_far = terms[0] + 0.0
        for term in terms[1:]:
            sum_so_far = sum_so_far + term if sign > 0 else sum_so_far - term
        return sum_so_far

    def loss(sample: Any) -> Any:
        x = as_values(sample)
        mixed = [p if i % 2 else x[i] for i, p in enumerate(parameters)]
        products = [p.sin() * x[i].cos() for i, p in enumerate(parameters)]
        sums = [total(terms) for terms in (parameters, x, mixed, products, mixed[::-1])]
        return total([one.tanh() for one in sums]) * parameters[0]

    for batch in BATCHES:
        assert_agrees(loss, [drawn(3, batch, count)], parameters)


def test_differences_of_differences() -> None:
    a, b, c = parameters = values([0.5, -1.25, 2.0])
    assert_agrees(
        lambda x: -(a - (b - (x - (-(c - x * a) - (b * x - (-a)))))) * (-(0.0 - x) - c),
        [[1.5, -0.25, 2.0]],
        parameters,
    )


@pytest.mark.parametrize("batch", BATCHES)
def test_weights_in_any_order_and_used_again_and_again(batch: int) -> None:
    parameters, samples = values(drawn(5, 12)), drawn(5, batch, 3)
    orders = [[3, 1, 2, 0], [0, 3, 6, 9], [9, 6, 3, 0], [4, 4, 4, 4], [0, 1, 2, 3], [1, 2, 3, 4]]
    orders += [[11, 10, 9, 8], [5, 7, 5, 7], [0, 1, 2, 3]]

    def loss(x: Any) -> Value:
        sum_so_far = Value(0.0)
        for bias, *weights in [[parameters[i] for i in order] for order in orders]:
            total = bias
            for weight, number in zip(weights, x, strict=True):
                total = total + weight * number
            sum_so_far = sum_so_far + total.tanh() * bias
        return sum_so_far

    assert_agrees(loss, [samples], parameters)


@pytest.mark.parametrize("step", [1, 2, 3])
@pytest.mark.parametrize("columns", [False, True])
def test_weights_that_lie_as_in_a_matrix_or_its_transpose(step: int, columns: bool) -> None:
    rows, inputs = 4, 3
    parameters = values(drawn(3, step * rows * inputs))
    samples = drawn(4, 7, inputs)

    def weight(row: int, column: int) -> Value:
        flat = column * rows + row if columns else row * inputs + column
        return parameters[step * flat]

    def loss(x: Any) -> Any:
        neurons = []
        for row in range(rows):
            total = weight(row, 0) * x[0]
            for column in range(1, inputs):
                total = total + weight(row, column) * x[column]
            neurons.append(total.tanh())
        return sum(neurons[1:], neurons[0]) * sum(neurons[::2], Value(1.0))

    assert_agrees(loss, [samples], parameters)


def test_a_weight_penalty_is_added_once_not_once_a_sample() -> None:
    parameters = values(drawn(1, 6))

    def loss(x: Any, y: Any) -> Any:
        error = parameters[0] * x + parameters[1] - y
        penalty = Value(0.0)
        for parameter in parameters:
            penalty = penalty + parameter * parameter
        return error * error + 0.01 * penalty + (parameters[2] * parameters[3]).exp()

    for batch in BATCHES:
        assert_agrees(loss, [drawn(2, batch), drawn(3, batch)], parameters)


def test_nodes_that_depend_on_inputs_alone() -> None:
    p, q = parameters = values([0.5, -1.25])

    def loss(sample: Any) -> Value:
        x, y = as_values(sample)
        features = [x * y, x - y, (x * x + y * y + 0.5).sqrt(), x.sin(), maximum(x, y), -x, x**2]
        total = q
        for feature in features:
            total = total + p * feature
        return total.tanh() + features[2] * features[3]

    for batch in BATCHES:
        assert_agrees(loss, [drawn(2, batch, 2)], parameters)


def test_constants_on_either_side_and_constants_alone() -> None:
    p, k = Value(0.75), Value(2.0)  # k is no parameter: it stays as it is

    def loss(x: Any) -> Any:
        three = k + 1.0
        folded = (three * k).log() + 2.0 / k - three.sqrt()
        return (1 - p) * (2 / (3 + p * p)) + 2**p - (x * k - 5) * (p - 7) + folded * p - folded

    assert_agrees(loss, [[1.0, -2.0, 0.5]], [p])


@pytest.mark.parametrize("which", ["parameter", "input", "constant", "of inputs", "of parameters"])
@pytest.mark.parametrize("batch", BATCHES)
def test_a_loss_that_is_hardly_a_graph(which: str, batch: int) -> None:
    p, unused, constant = Value(0.75), Value(2.0), Value(-3.5)
    losses: dict[str, Callable[[Value], Value]] = {
        "parameter": lambda x: p,
        "input": lambda x: x,
        "constant": lambda x: constant,
        "of inputs": lambda x: x.tanh(),
        "of parameters": lambda x: p.tanh(),
    }
    one = losses[which]
    assert_agrees(lambda x: one(*as_values([x])), [drawn(3, batch)], [p, unused])


def test_parameters_that_are_not_used_have_slope_0() -> None:
    parameters = values(drawn(1, 9))
    fast = lift.compile(lambda x: parameters[4] * x + parameters[7] * x, parameters)
    fast.gradient([1.0, 3.0])
    assert fast.parameters[0].grad.tolist() == [0, 0, 0, 0, 2.0, 0, 0, 2.0, 0]


@pytest.mark.parametrize("seed", range(4))
def test_a_slope_of_the_step_before_is_not_left_behind(seed: int) -> None:
    p, q = Value(1.0), Value(1.0)
    fast = lift.compile(lambda x: (p * x).relu() * q + q * q + (q * x + p * x).relu(), [p, q])
    first = fast.gradient([2.0, 3.0]), fast.parameters[0].grad.tolist()
    fast.gradient(drawn(seed, 2))
    fast.gradient([-2.0, -3.0])
    assert (fast.gradient([2.0, 3.0]), fast.parameters[0].grad.tolist()) == first


def test_a_chain_of_four_thousand_operations() -> None:
    p = Value(0.3)

    def loss(x: Any) -> Any:
        y = p * x
        for _ in range(2000):
            y = (y + p).sin()
        return y

    fast = lift.compile(loss, [p])
    loss_value = fast.gradient([0.5, -0.5])
    expected = eagerly(loss, [[0.5, -0.5]], [p])
    assert deviation((loss_value, fast.parameters[0].grad.tolist()), expected) < TOLERANCE
