"""Random losses in Values, to compare lifted numbers with eager ones."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from hypothesis import strategies as st

from minigrad import Value
from tests.minigrad.test_value_properties import FORMS, below, distance_to_kink


class Row(NamedTuple):
    """Numbers a[i] and b[i], made before, and plain numbers c[i] -> one number each."""

    form: str
    a: list[int]
    b: list[int]
    c: list[float]


class Sum(NamedTuple):
    """Numbers made before, added or subtracted in turn -> one number."""

    terms: list[int]
    signs: list[int]


class Layer(NamedTuple):
    """For each list of parameters a weighted sum of the same numbers; the first is the bias."""

    weights: list[list[int]]
    inputs: list[int]
    has_bias: bool
    sign: int


class Graph(NamedTuple):
    """How to build a loss. Numbers 0, 1, ... are the parameters, then the inputs, and then what
    the steps make; the loss is the sum of all that no step reads, and of products of parameters.
    """

    parameters: int
    inputs: int
    steps: list[Row | Sum | Layer]
    penalty: list[tuple[int, int]]

    def loss(self, parameters: Sequence[Value], sample: Sequence[Any]) -> Value:
        inputs = [x if isinstance(x, Value) else Value(x) for x in sample]
        made = [*parameters, *inputs]
        read: set[int] = set()
        for step in self.steps:
            read.update(_read(step))
            made += _made(step, made)
        roots = [number for index, number in enumerate(made) if index not in read]
        total = roots[-1] * 1.0
        for root in roots[:-1]:
            total = total + root
        for a, b in self.penalty:
            total = total + 0.5 * (parameters[a] * parameters[b])
        return total


def _read(step: Row | Sum | Layer) -> list[int]:
    if isinstance(step, Row):
        return step.a + step.b
    return step.terms if isinstance(step, Sum) else step.inputs


def _made(step: Row | Sum | Layer, made: list[Value]) -> list[Value]:
    if isinstance(step, Row):
        form = FORMS[step.form]
        rows = zip(step.a, step.b, step.c, strict=True)
        return [form(made[a], made[b], c) for a, b, c in rows]
    if isinstance(step, Sum):
        total = made[step.terms[0]]
        for term, sign in zip(step.terms[1:], step.signs[1:], strict=True):
            total = total + made[term] if sign > 0 else total - made[term]
        return [total / len(step.terms)]
    return [_neuron(step, [made[index] for index in weights], made) for weights in step.weights]


def _neuron(step: Layer, weights: list[Value], made: list[Value]) -> Value:
    bias, *weights = weights
    products = [w * made[x] for w, x in zip(weights, step.inputs, strict=True)]
    total = bias if step.has_bias else products.pop(0)
    for product in products:
        total = total + product if step.sign > 0 else total - product
    return total * (0.25 / len(weights))


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    parameters, inputs = draw(st.integers(1, 9)), draw(st.integers(1, 4))
    count = parameters + inputs
    steps: list[Row | Sum | Layer] = []
    for _ in range(draw(st.integers(1, 10))):
        step = draw(_steps(parameters, count))
        steps.append(step)
        count += _count(step)
    parameter = st.integers(0, parameters - 1)
    penalty = draw(st.lists(st.tuples(parameter, parameter), max_size=5))
    return Graph(parameters, inputs, steps, penalty)


def _count(step: Row | Sum | Layer) -> int:
    if isinstance(step, Row):
        return len(step.a)
    return 1 if isinstance(step, Sum) else len(step.weights)


@st.composite
def _steps(draw: st.DrawFn, parameters: int, count: int) -> Row | Sum | Layer:
    number = st.integers(0, count - 1)
    kind = draw(st.sampled_from(["row", "row", "sum", "layer"]))
    if kind == "row":
        width = draw(st.integers(1, 6))
        some = st.lists(number, min_size=width, max_size=width)
        size = st.integers(1024, 2048).map(lambda n: n / 1024)
        c = st.tuples(size, st.sampled_from([1, -1])).map(math.prod)
        settings = draw(st.one_of(c.map(lambda c: [c] * width), _lists(c, width)))
        return Row(draw(st.sampled_from(sorted(FORMS))), draw(some), draw(some), settings)
    if kind == "sum":
        terms = draw(st.lists(number, min_size=2, max_size=9))
        return Sum(terms, draw(_lists(st.sampled_from([1, 1, -1]), len(terms))))
    inputs = draw(st.lists(number, min_size=1, max_size=5))
    return Layer(draw(_weights(parameters, len(inputs))), inputs, draw(st.booleans()), draw(_SIGN))


_SIGN = st.sampled_from([1, 1, 1, -1])


def _lists(members: st.SearchStrategy[Any], size: int) -> st.SearchStrategy[list[Any]]:
    return st.lists(members, min_size=size, max_size=size)


def _weights(parameters: int, inputs: int) -> st.SearchStrategy[list[list[int]]]:
    """In any order and repeated, or, as in an MLP, one after the other."""
    anything = _lists(st.integers(0, parameters - 1), inputs + 1)
    irregular = st.lists(anything, min_size=1, max_size=4)
    fitting = parameters // (inputs + 1)
    if not fitting:
        return irregular
    regular = st.integers(1, fitting).map(
        lambda rows: [[r * (inputs + 1) + i for i in range(inputs + 1)] for r in range(rows)]
    )
    return st.one_of(irregular, regular)


def near_a_kink(graph: Graph, parameters: Sequence[Value], samples: Sequence[Any]) -> bool:
    """Whether rounding decides on which side of a kink a number lies."""
    return any(
        0 < distance_to_kink(node) < 1e-9
        for sample in samples
        for node in below(graph.loss(parameters, sample))
    )


def eagerly(
    function: Callable[..., Value], batch: Sequence[Sequence[Any]], parameters: Sequence[Value]
) -> tuple[float, list[float]]:
    """The mean loss of a batch and its slopes, sample by sample, summed exactly."""
    losses, slopes = [], []
    for sample in zip(*batch, strict=True):
        for parameter in parameters:
            parameter.grad = 0.0
        loss = function(*sample)
        loss.backward()
        losses.append(loss.data)
        slopes.append([parameter.grad for parameter in parameters])
    mean = [math.fsum(column) / len(losses) for column in zip(*slopes, strict=True)]
    return math.fsum(losses) / len(losses), mean


def deviation(lifted: tuple[float, Sequence[float]], eager: tuple[float, Sequence[float]]) -> float:
    """The largest: of the loss relative to the loss, of a slope relative to the largest slope."""
    (loss, slopes), (expected, expected_slopes) = lifted, eager
    largest = max(map(abs, expected_slopes), default=0.0)
    deviations = [abs(loss - expected) / max(abs(expected), 1e-3)]
    for slope, expected_slope in zip(slopes, expected_slopes, strict=True):
        deviations.append(abs(slope - expected_slope) / max(largest, 1e-3))
    return max(math.inf if math.isnan(one) else one for one in deviations)
