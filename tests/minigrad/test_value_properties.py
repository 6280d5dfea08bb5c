"""Promises of backward() on random graphs of every operation, with terms that are shared."""

from __future__ import annotations

import copy
import math
import pickle
import random
import sys
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from minigrad import Value, maximum, minimum
from minigrad.value import dot
from tests.minigrad.make_torch_figures import MANY_NUMBERS, ONE_NUMBER, SETTINGS, TWO_NUMBERS

# The examples are the same in every run, so a failure is one for everybody.
repeatable = settings(max_examples=100, derandomize=True, deadline=None)

# A step of a plan: numbers a and b made before, and a plain number c with 1 <= |c| <= 2. Each takes
# numbers of at most 2 to one of at most 2, so no graph explodes however deep it is, and keeps the
# operation inside its domain with room to spare.
Form: TypeAlias = Callable[[Value, Value, float], Value]
FORMS: dict[str, Form] = {
    "a + b": lambda a, b, c: (a + b) * 0.5,
    "a + c": lambda a, b, c: (a + c) * 0.5,
    "c + a": lambda a, b, c: (c + a) * 0.5,
    "a - b": lambda a, b, c: (a - b) * 0.5,
    "a - c": lambda a, b, c: (a - c) * 0.5,
    "c - a": lambda a, b, c: (c - a) * 0.5,
    "a * b": lambda a, b, c: (a * b) * 0.5,
    "a * c": lambda a, b, c: (a * c) * 0.5,
    "c * a": lambda a, b, c: 0.5 * (c * a),
    "a / b": lambda a, b, c: a / (1.0 + b * b),
    "a / c": lambda a, b, c: a / c,
    "c / a": lambda a, b, c: c / (1.0 + a * a),
    "a ** b": lambda a, b, c: (0.5 + a.softplus()) ** (b * 0.5) * 0.75,
    "a ** c": lambda a, b, c: (0.5 + a.softplus()) ** c * 0.25,
    "a ** 2": lambda a, b, c: a**2 * 0.5,
    "a ** -1": lambda a, b, c: (1.0 + a * a) ** -1,
    "c ** a": lambda a, b, c: abs(c) ** a * 0.5,
    "dot": lambda a, b, c: dot([a, b, a], [b, c, a], b) * 0.08,
    "-a": lambda a, b, c: -a,
    "|a|": lambda a, b, c: abs(a),
    "exp(a)": lambda a, b, c: (a - 2.0).exp() * 2.0,
    "log(softplus)": lambda a, b, c: (0.1 + a.softplus()).log(),
    "log(square)": lambda a, b, c: (a * a + 0.1).log() * 0.8,
    "sqrt(softplus)": lambda a, b, c: (0.1 + a.softplus()).sqrt(),
    "sqrt(square)": lambda a, b, c: (a * a + 0.1).sqrt() * 0.9,
    "sin(a)": lambda a, b, c: a.sin(),
    "cos(a)": lambda a, b, c: a.cos(),
    "tanh(a)": lambda a, b, c: a.tanh(),
    "sigmoid(a)": lambda a, b, c: a.sigmoid(),
    "softplus(a)": lambda a, b, c: a.softplus() * 0.9,
    "relu(a)": lambda a, b, c: a.relu(),
    "leaky_relu(a)": lambda a, b, c: a.leaky_relu(),
    "leaky_relu(a, 0.3)": lambda a, b, c: a.leaky_relu(0.3),
    "elu(a)": lambda a, b, c: a.elu(),
    "elu(a, c)": lambda a, b, c: a.elu(c),
    "gelu(a)": lambda a, b, c: a.gelu(),
    "silu(a)": lambda a, b, c: a.silu(),
    "maximum(a, b)": lambda a, b, c: maximum(a, b),
    "maximum(c, a)": lambda a, b, c: maximum(c, a),
    "minimum(a, b)": lambda a, b, c: minimum(a, b),
    "minimum(a, c)": lambda a, b, c: minimum(a, c),
}
KINKS_AT_0 = {"abs", "relu", "leaky_relu", "elu"}
KINKS_AT_A_TIE = {"maximum", "minimum"}


class Step(NamedTuple):
    form: str
    a: int
    b: int
    c: float


class Plan(NamedTuple):
    """How to build a graph: numbers 0, 1, ... are the leaves, then every step makes one more."""

    leaves: list[float]
    steps: list[Step]


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    # Multiples of 2 ** -10: central differences step to either side without rounding.
    leaf = st.integers(-2048, 2048).map(lambda n: n / 1024)
    size = st.integers(1024, 2048).map(lambda n: n / 1024)
    leaves = draw(st.lists(leaf, min_size=1, max_size=4))
    steps: list[Step] = []
    for _ in range(draw(st.integers(1, 20))):
        made = st.integers(0, len(leaves) + len(steps) - 1)
        form = draw(st.sampled_from(sorted(FORMS)))
        steps.append(
            Step(form, draw(made), draw(made), draw(size) * draw(st.sampled_from([1, -1])))
        )
    return Plan(leaves, steps)


def build(plan: Plan, seed: int | None = None) -> tuple[list[Value], Value]:
    """The numbers of a plan, and their root: the last one plus all that no step has used.

    A seed shuffles what may be made in which order, and strews nodes of no concern in between.
    """
    rng = None if seed is None else random.Random(seed)
    made: dict[int, Value] = {}
    strewn = []
    for index in order_of(plan, rng):
        if rng:
            strewn += [Value(1.0) * x for x in made.values() if rng.random() < 0.2]
        if index < len(plan.leaves):
            made[index] = Value(plan.leaves[index])
        else:
            form, a, b, c = plan.steps[index - len(plan.leaves)]
            made[index] = FORMS[form](made[a], made[b], c)
    numbers = [made[index] for index in range(len(made))]
    used = {index for step in plan.steps for index in (step.a, step.b)}
    root = numbers[-1]
    for index in range(len(numbers) - 1):
        if index not in used:
            root = root + numbers[index]
    return numbers, root


def order_of(plan: Plan, rng: random.Random | None) -> list[int]:
    count = len(plan.leaves) + len(plan.steps)
    if rng is None:
        return list(range(count))
    needs = {index + len(plan.leaves): {s.a, s.b} for index, s in enumerate(plan.steps)}
    order: list[int] = []
    while len(order) < count:
        made = set(order)
        ready = [i for i in range(count) if i not in made and needs.get(i, made) <= made]
        order.append(rng.choice(ready))
    return order


def slopes(plan: Plan) -> list[float]:
    numbers, root = build(plan)
    root.backward()
    return grads(leaves_of(plan, numbers))


def leaves_of(plan: Plan, numbers: list[Value]) -> list[Value]:
    return numbers[: len(plan.leaves)]


def grads(nodes: list[Value]) -> list[float]:
    return [node.grad for node in nodes]


def bits(nodes: list[Value]) -> list[str]:
    return [node.grad.hex() for node in nodes]


def below(root: Value) -> list[Value]:
    """The root and every node below it, leaves and constants included."""
    nodes = {root: None}
    stack = [root]
    while stack:
        new = [parent for parent in stack.pop().parents if parent not in nodes]
        nodes.update(dict.fromkeys(new))
        stack += new
    return list(nodes)


def distance_to_kink(node: Value) -> float:
    if node.op in KINKS_AT_0:
        return abs(node.parents[0].data)
    if node.op in KINKS_AT_A_TIE and node.parents[0] is not node.parents[1]:
        return abs(node.parents[0].data - node.parents[1].data)
    return math.inf


# Half a central difference's width. Truncation costs h * h / 6 = 1e-11 times the third derivative,
# rounding some 1e-16 / h = 1e-11 times the numbers' size of 10: with both, slopes below 1e-3 need
# a floor of 1e-9 beneath the relative 1e-6. In 10,000 random plans no error was above a tenth of
# what this allows. As a power of 2 it leaves x + h and x - h exact.
STEP = 2.0**-17
RELATIVE, FLOOR = 1e-6, 1e-9


def difference_quotient(plan: Plan, leaf: int) -> float:
    def root_at(x: float) -> float:
        leaves = [*plan.leaves[:leaf], x, *plan.leaves[leaf + 1 :]]
        return build(plan._replace(leaves=leaves))[1].data

    x = plan.leaves[leaf]
    return (root_at(x + STEP) - root_at(x - STEP)) / (2 * STEP)


def assert_slopes_are_difference_quotients(plan: Plan) -> None:
    for leaf, slope in enumerate(slopes(plan)):
        quotient = difference_quotient(plan, leaf)
        allowed = max(RELATIVE * max(abs(slope), abs(quotient)), FLOOR)
        assert abs(slope - quotient) <= allowed, f"leaf {leaf}: {slope!r}, quotient {quotient!r}"


def test_the_steps_cover_every_operation() -> None:
    plan = Plan([0.7, -1.3], [Step(form, 0, 1, 1.5) for form in FORMS])
    ops = {node.op for node in below(build(plan)[1])}
    assert ops == {*ONE_NUMBER, *SETTINGS, *TWO_NUMBERS, *MANY_NUMBERS, "", "const"}


@pytest.mark.parametrize("form", FORMS)
def test_every_operation_agrees_with_central_differences(form: str) -> None:
    for a, b, c in [(0.75, -1.25, 1.5), (-0.75, -1.25, -1.5), (-1.5, 0.5, 1.25), (1.75, 2.0, -2.0)]:
        assert_slopes_are_difference_quotients(Plan([a, b], [Step(form, 0, 1, c)]))


@repeatable
@given(plans())
def test_gradients_of_random_graphs_agree_with_central_differences(plan: Plan) -> None:
    # At a kink the two sides of the difference lie on different pieces.
    assume(all(distance_to_kink(node) > 1e-3 for node in below(build(plan)[1])))
    assert_slopes_are_difference_quotients(plan)


@repeatable
@given(plans(), st.integers(0, 2**32))
def test_the_order_of_construction_does_not_change_a_bit(plan: Plan, seed: int) -> None:
    numbers, root = build(plan)
    root.backward()
    shuffled, same_root = build(plan, seed)
    same_root.backward()
    assert bits(shuffled) == bits(numbers)


@repeatable
@given(plans())
def test_backward_again_repeats_inner_gradients_and_doubles_those_of_leaves(plan: Plan) -> None:
    _, root = build(plan)
    nodes = below(root)
    inner = [node for node in nodes if node.parents]
    leaves = [node for node in nodes if not node.parents]
    shares = Counter(parent for node in inner for parent in node.parents)

    root.backward()
    first, first_of_inner = grads(leaves), bits(inner)
    root.backward()

    assert bits(inner) == first_of_inner
    for leaf, g in zip(leaves, first, strict=True):
        if shares[leaf] == 1:
            assert leaf.grad == g + g
        else:  # shares are added one by one to what is there, and additions round
            assert is_close(leaf.grad, g + g)


@repeatable
@given(plans())
def test_backward_again_on_leaves_set_to_0_does_not_change_a_bit(plan: Plan) -> None:
    _, root = build(plan)
    nodes = below(root)
    root.backward()
    first = bits(nodes)
    for node in nodes:
        if not node.parents:
            node.grad = 0.0
    root.backward()
    assert bits(nodes) == first


@repeatable
@given(plans(), st.data())
def test_two_roots_over_the_same_leaves_add_their_gradients(
    plan: Plan, data: st.DataObject
) -> None:
    other = data.draw(st.integers(0, len(plan.leaves) + len(plan.steps) - 1), "the other root")

    numbers, root = build(plan)
    root.backward()
    numbers[other].backward()
    together = grads(leaves_of(plan, numbers))

    numbers, _ = build(plan)
    numbers[other].backward()
    separate = zip(slopes(plan), grads(leaves_of(plan, numbers)), strict=True)
    assert all(is_close(t, a + b) for t, (a, b) in zip(together, separate, strict=True))


@repeatable
@given(plans(), st.floats(-100, 100))
def test_k_times_a_root_has_k_times_its_gradient(plan: Plan, k: float) -> None:
    numbers, root = build(plan)
    (k * root).backward()
    scaled = grads(leaves_of(plan, numbers))
    assert all(is_close(s, k * g, abs(k)) for s, g in zip(scaled, slopes(plan), strict=True))


def is_close(a: float, b: float, scale: float = 1.0) -> bool:
    """To 1e-12 of the number or, where large shares cancel, of their size; numbers below the
    smallest normal float have fewer digits.
    """
    return math.isclose(a, b, rel_tol=1e-12, abs_tol=max(1e-12 * scale, sys.float_info.min))


@repeatable
@given(plans(), st.sampled_from(["pickle", "deepcopy"]))
def test_pickling_keeps_everything(plan: Plan, way: str) -> None:
    _, root = build(plan)
    root.backward()
    nodes = below(root)
    copied = copy.deepcopy(nodes) if way == "deepcopy" else pickle.loads(pickle.dumps(nodes))
    number = {id(node): i for i, node in enumerate(nodes)}
    number_of_copy = {id(node): i for i, node in enumerate(copied)}
    for node, twin in zip(nodes, copied, strict=True):
        assert (twin.op, twin.label) == (node.op, node.label)
        assert [number_of_copy[id(p)] for p in twin.parents] == [
            number[id(p)] for p in node.parents
        ]
    assert [twin.data.hex() for twin in copied] == [node.data.hex() for node in nodes]
    assert bits(copied) == bits(nodes)
    for node in (*nodes, *copied):
        node.grad = 0.0
    root.backward()
    copied[nodes.index(root)].backward()
    assert grads(copied) == grads(nodes)
