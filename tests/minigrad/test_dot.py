"""dot: a weighted sum as one node, with every bit of the chain of * and + that it stands for."""

from __future__ import annotations

import copy
import math
import pickle
import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nn
import optim
from minigrad import Value, graph
from minigrad.engines.eager import EagerEngine
from minigrad.gradcheck import gradcheck
from minigrad.value import Number, dot
from nn.losses import mean_loss

Sum = Callable[[Sequence[Value], Sequence[Number], Value], Value]


def chain(weights: Sequence[Value], inputs: Sequence[Number], bias: Value) -> Value:
    total = bias
    for weight, x in zip(weights, inputs, strict=True):
        total = total + weight * x
    return total


def outputs(model: nn.MLP, x: Sequence[Number], weighted_sum: Sum) -> list[Value]:
    """What the model computes, written out, with the weighted sum of one's choice."""
    signal: Sequence[Number] = [Value(v) if isinstance(v, float) else v for v in x]
    for layer in model.layers:
        signal = [n.activation(weighted_sum(n.weights, signal, n.bias)) for n in layer.neurons]
    return list(signal)  # type: ignore[arg-type]


class Chained(nn.Module):
    """A model whose neurons are chains."""

    def __init__(self, model: nn.MLP) -> None:
        self.model = model

    def __call__(self, x: Sequence[Number]) -> list[Value]:
        return outputs(self.model, x, chain)


def hexes(numbers: Sequence[float]) -> list[str]:
    return [number.hex() for number in numbers]


@pytest.mark.parametrize("sizes", [[8, 1], [6, 5, 1]])
@pytest.mark.parametrize("activation", ["tanh", "relu", "silu"])
def test_a_hundred_steps_have_the_chains_losses_and_weights_to_the_last_bit(
    sizes: list[int], activation: str
) -> None:
    rng = random.Random(7)
    inputs = [[rng.uniform(-2, 2), rng.uniform(-2, 2)] for _ in range(12)]
    targets = [float(x * y > 0) for x, y in inputs]
    of_dots = nn.MLP(2, sizes, activation=activation)
    of_chains = Chained(copy.deepcopy(of_dots))
    losses: list[list[float]] = []
    for model in (of_dots, of_chains):
        engine = EagerEngine(model, nn.losses.bce)
        optimizer = optim.SGD(engine.parameters, lr=0.5, momentum=0.9)
        losses.append([])
        for _ in range(100):
            losses[-1].append(engine.gradient(inputs, targets)[0])
            optimizer.step()
    assert hexes(losses[0]) == hexes(losses[1])
    data = [[parameter.data for parameter in m.parameters()] for m in (of_dots, of_chains)]
    assert hexes(data[0]) == hexes(data[1])


def test_inputs_that_several_neurons_share_have_the_chains_gradients() -> None:
    model = nn.MLP(3, [7, 5, 2], rng=random.Random(4))
    slopes = []
    for weighted_sum in (chain, dot):
        leaf = Value(0.37)
        x = [leaf, leaf.sin(), Value(-1.3)]
        for node in (*x, *model.parameters()):
            node.grad = 0.1  # as after an earlier backward(), so that orders can be told apart
        a, b = outputs(model, x, weighted_sum)
        (a * a + b.exp()).backward()
        slopes.append(hexes([node.grad for node in (*x, *model.parameters())]))
    assert slopes[0] == slopes[1]


numbers = st.floats(-1e3, 1e3, allow_nan=False)


@settings(max_examples=300, derandomize=True, deadline=None)
@given(st.lists(numbers, min_size=2, max_size=6), st.data())
def test_operands_that_come_twice_have_the_chains_bits(
    leaves: list[float], data: st.DataObject
) -> None:
    count = data.draw(st.integers(1, 6))
    pool = st.integers(0, len(leaves) - 1)
    places = data.draw(st.lists(st.tuples(pool, pool), min_size=count, max_size=count))
    bits = []
    for weighted_sum in (chain, dot):
        values = [Value(number) for number in leaves]
        bias = Value(0.3)
        for value in (*values, bias):
            value.grad = 0.1
        total = weighted_sum([values[i] for i, _ in places], [values[j] for _, j in places], bias)
        (total * 3.0).backward()
        bits.append(hexes([total.data, bias.grad, *(value.grad for value in values)]))
    assert bits[0] == bits[1]


def test_it_is_one_node_whose_parents_are_weights_inputs_and_bias_in_order() -> None:
    w, x, b = [Value(2.0), Value(-1.0)], [Value(0.5), Value(4.0)], Value(1.0)
    node = dot(w, x, b)
    assert (node.op, node.data) == ("dot", 1.0 + 2.0 * 0.5 + -1.0 * 4.0)
    assert node.parents == (*w, *x, b)
    node.backward()
    assert [v.grad for v in (*w, *x, b)] == [0.5, 4.0, 2.0, -1.0, 1.0]


def test_lists_that_change_afterwards_do_not_change_the_rule() -> None:
    w, x = [Value(2.0)], [Value(3.0)]
    node = dot(w, x, Value(0.0))
    first_w, first_x = w[0], x[0]
    w[0], x[0] = Value(100.0), Value(100.0)
    node.backward()
    assert (first_w.grad, first_x.grad) == (3.0, 2.0)


@pytest.mark.parametrize("plain", [3, 3.0, "numpy"])
def test_plain_numbers_are_constants_anywhere(plain: Any) -> None:
    if plain == "numpy":
        plain = pytest.importorskip("numpy").float64(3.0)
    w = Value(2.0)
    for node, value, consts in [
        (dot([w], [plain], Value(1.0)), 7.0, [1]),
        (dot([plain], [w], 1), 7.0, [0, 2]),
        (dot([w], [w], plain), 7.0, [2]),
        (dot([plain], [plain]), 9.0, [0, 1, 2]),
    ]:
        assert node.data == value
        assert [i for i, parent in enumerate(node.parents) if parent.op == "const"] == consts


@pytest.mark.parametrize("thing", ["a", 1j, True, None, [1.0]])
def test_what_is_no_number_is_refused_by_name(thing: Any) -> None:
    for weights, inputs, bias in [([thing], [1.0], 0.0), ([1.0], [thing], 0.0), ([], [], thing)]:
        with pytest.raises(TypeError, match="one real number") as caught:
            dot(weights, inputs, bias)
        assert type(thing).__name__ in str(caught.value)


@pytest.mark.parametrize(("n", "m"), [(2, 3), (3, 2), (0, 1)])
def test_lists_of_unequal_length_are_refused_by_their_sizes(n: int, m: int) -> None:
    with pytest.raises(ValueError, match=f"^dot was given {n} weights and {m} inputs$"):
        dot([Value(1.0)] * n, [Value(1.0)] * m, Value(0.0))


def test_without_terms_it_is_its_bias() -> None:
    bias = Value(2.0)
    node = dot([], [], bias)
    node.backward()
    assert (node.data, bias.grad) == (2.0, 1.0)


def test_a_layer_makes_a_plain_input_one_constant_for_all_its_neurons() -> None:
    first, second = nn.Layer(2, 2)([0.5, Value(1.0, label="x1")])
    assert first.parents[2] is second.parents[2]
    assert first.parents[3] is second.parents[3]
    assert (first.parents[2].op, first.parents[3].label) == ("const", "x1")


def test_gradcheck_passes_it_and_names_it_where_it_is_wrong() -> None:
    report = gradcheck(lambda a, b, c: dot([a, b], [c, a], b).tanh(), [0.3, -0.7, 1.1])
    assert (report.checked, report.kinks) == (3, [])
    assert report.worst < 1e-6


def test_steps_do_what_backward_does() -> None:
    a, b, c = Value(2.0, label="a"), Value(3.0, label="b"), Value(4.0, label="c")
    (step,) = graph.steps(dot([a], [b], c))
    assert (step.parents, step.slopes, step.added) == ((a, b, c), (3.0, 2.0, 1.0), (3.0, 2.0, 1.0))


def test_copies_can_go_backward_again() -> None:
    a, b, c = Value(2.0), Value(3.0), Value(4.0)
    node = dot([a, 0.5], [b, c], Value(1.0, label="bias"))
    for twin in (copy.deepcopy(node), pickle.loads(pickle.dumps(node))):
        assert (twin.op, twin.data) == ("dot", 9.0)
        assert twin.parents[-1].label == "bias"
        twin.backward()
        assert [parent.grad for parent in twin.parents] == [3.0, 4.0, 2.0, 0.5, 1.0]


def test_nan_and_infinity_pass_through() -> None:
    node = dot([Value(math.inf)], [Value(0.0)], Value(1.0))
    assert math.isnan(node.data)
    node.backward()


def test_a_mean_of_dots_is_finite() -> None:
    assert mean_loss([dot([1.0], [2.0]), dot([3.0], [4.0])]).data == 7.0
