"""Random models of tokens: the same weights for each of them, sums over more or fewer of them."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from minigrad import Value, lift, maximum
from minigrad.lift.agenda import by_agenda
from minigrad.lift.grouping import by_height, merged
from minigrad.lift.lifted import Lifted
from minigrad.lift.sums import find_sums
from minigrad.lift.tracing import trace
from minigrad.value import dot
from tests.minigrad.lift.graphs import deviation, eagerly
from tests.minigrad.lift.test_engines import LIFTED
from tests.minigrad.lift.test_graphs import drawn, values
from tests.minigrad.test_value_properties import below, distance_to_kink

repeatable = settings(max_examples=60, derandomize=True, deadline=None)

Vector = Sequence[Value]


def attended(tokens: list[list[Value]]) -> list[list[Value]]:
    mixed = []
    for last, token in enumerate(tokens, 1):
        powers = [dot(token, other).tanh().exp() for other in tokens[:last]]
        total = powers[0]
        for power in powers[1:]:
            total = total + power
        shares = [power / total for power in powers]
        mixed.append([dot(shares, column) for column in zip(*tokens[:last], strict=True)])
    return mixed


def largest_so_far(tokens: list[list[Value]]) -> list[list[Value]]:
    best = [tokens[0]]
    for token in tokens[1:]:
        best.append([maximum(a, b) for a, b in zip(best[-1], token, strict=True)])
    return best


def summed_up_to(tokens: list[list[Value]]) -> list[list[Value]]:
    sums = []
    for last in range(1, len(tokens) + 1):
        columns = zip(*tokens[:last], strict=True)
        sums.append([sum(column[1:], column[0]) / last for column in columns])
    return sums


def alone(function: Callable[[Value], Value]) -> Callable[[list[list[Value]]], list[list[Value]]]:
    return lambda tokens: [[function(x) for x in token] for token in tokens]


STEPS: dict[str, Callable[[list[list[Value]]], list[list[Value]]]] = {
    "attended": attended,
    "largest so far": largest_so_far,
    "summed up to": summed_up_to,
    "tanh": alone(Value.tanh),
    "gelu": alone(Value.gelu),
    "squared": alone(lambda x: x * x * 0.5),
}


class Model(NamedTuple):
    """Tokens of `width` numbers; each step is a layer, then one of STEPS, then what was there."""

    tokens: int
    width: int
    steps: list[str]
    seed: int
    in_order: bool

    def weights(self) -> list[list[int]]:
        """For each neuron of all steps the indices of its weights and its bias."""
        count = len(self.steps) * self.width * (self.width + 1)
        indices = list(range(count))
        if not self.in_order:
            random.Random(self.seed).shuffle(indices)
        return [indices[i : i + self.width + 1] for i in range(0, count, self.width + 1)]

    def loss(self, parameters: Vector, sample: Any) -> Value:
        x = [[v if isinstance(v, Value) else Value(v) for v in token] for token in sample]
        neurons = iter(self.weights())
        for step in self.steps:
            layer = [next(neurons) for _ in range(self.width)]
            made = [
                [dot([parameters[i] for i in n[:-1]], token, parameters[n[-1]]) for n in layer]
                for token in x
            ]
            pairs = zip(x, STEPS[step](made), strict=True)
            x = [[(a + b) * 0.5 for a, b in zip(*pair, strict=True)] for pair in pairs]
        flat = [number for token in x for number in token]
        total = flat[0] * flat[0]
        for number in flat[1:]:
            total = total + number * number
        return total


models = st.builds(
    Model,
    st.integers(1, 7),
    st.integers(1, 5),
    st.lists(st.sampled_from(sorted(STEPS)), min_size=1, max_size=3),
    st.integers(0, 1000),
    st.booleans(),
)


@pytest.mark.parametrize("engine", LIFTED)
@repeatable
@given(model=models, batch=st.sampled_from([1, 3, 9, 130]))
def test_models_of_tokens_agree_with_eager(engine: str, model: Model, batch: int) -> None:
    count = len(model.steps) * model.width * (model.width + 1)
    parameters = values(drawn(model.seed, count))
    samples = drawn(model.seed, batch, model.tokens, model.width)
    nodes = [node for one in samples[:9] for node in below(model.loss(parameters, one))]
    assume(not any(0 < distance_to_kink(node) < 1e-9 for node in nodes))
    function = lambda sample: model.loss(parameters, sample)  # noqa: E731
    fast = lift.compile(function, parameters, engine=engine)
    result = fast.gradient(samples), fast.parameters[0].grad.tolist()
    assert deviation(result, eagerly(function, [samples], parameters)) < 1e-12


@repeatable
@given(model=models)
def test_every_node_is_in_one_group_after_those_it_reads(model: Model) -> None:
    parameters = values(drawn(1, len(model.steps) * model.width * (model.width + 1)))
    sample = drawn(2, model.tokens, model.width)
    traced = trace(lambda x: (model.loss(parameters, x), []), [sample], parameters)
    _, _, order = find_sums(traced)
    nodes = set(order)
    for groups in (by_height(order), by_agenda(order)):
        done: set[Any] = set()
        for group in groups:
            for node in group.nodes:
                assert done.issuperset(one for one in node.operands if one in nodes)
            done |= set(group.nodes)
        assert sum(len(group.nodes) for group in groups) == len(order) == len(done)


def test_tokens_that_look_back_are_lifted_together() -> None:
    model = Model(9, 4, ["attended", "tanh"], 0, True)
    parameters = values(drawn(1, 40))
    sample = drawn(2, 9, 4)
    made = Lifted(lambda x: (model.loss(parameters, x), []), [sample], parameters)
    assert [op.times for op in made.merged.operations if op.op == "dot"] == [9, 9]
    long_sums = [op for op in made.merged.operations if len(set(op.terms)) > 1]
    lengths = [sorted(set(op.terms)) for op in long_sums]
    assert lengths == [[4, 5, 6, 7, 8, 9], [4, 5, 6, 7, 8, 9, 10]], "and what was there before"
    traced = trace(lambda x: (model.loss(parameters, x), []), [sample], parameters)
    _, _, order = find_sums(traced)
    assert len(merged(by_agenda(order))) < len(merged(by_height(order)))
