"""Gradients of random trees of every operation on random shapes, against central differences."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minigrad import Tensor
from minigrad.gradcheck import gradcheck
from minigrad.tensor import concatenate, linear, maximum, minimum, stack, where
from minigrad.value import topological_order
from tests.minigrad.make_torch_tensor_figures import BINARY, FUNCTIONS, REDUCTIONS

# The examples are the same in every run, so a failure is one for everybody.
repeatable = settings(max_examples=50, derandomize=True, deadline=None)

Shape: TypeAlias = tuple[int, ...]
Form: TypeAlias = Callable[[Any, Any, float], Tensor]

# Each takes tensors of any two shapes that broadcast and a number from 1 to 2, and keeps within the
# domain of its operation and within bounds, however deep the tree.
FORMS: dict[str, Form] = {
    "a + b": lambda a, b, c: (a + b) * 0.5,
    "c - a": lambda a, b, c: c - a,
    "a - b": lambda a, b, c: (a - b) * 0.5,
    "a * b": lambda a, b, c: a * b * 0.5,
    "a / b": lambda a, b, c: a / (1.0 + b * b),
    "c / a": lambda a, b, c: c / (1.0 + a * a),
    "a ** b": lambda a, b, c: (0.5 + a.sigmoid()) ** b.tanh(),
    "a ** c": lambda a, b, c: (0.5 + a.sigmoid()) ** c,
    "c ** a": lambda a, b, c: c ** a.tanh(),
    "array + a": lambda a, b, c: np.full(a.shape, c) + a,
    "-a": lambda a, b, c: -a,
    "|a|": lambda a, b, c: abs(a),
    "exp": lambda a, b, c: a.tanh().exp(),
    "log": lambda a, b, c: (0.1 + a * a).log(),
    "sqrt": lambda a, b, c: (0.1 + a * a).sqrt(),
    "sin": lambda a, b, c: a.sin(),
    "cos": lambda a, b, c: a.cos(),
    "tanh": lambda a, b, c: a.tanh(),
    "sigmoid": lambda a, b, c: a.sigmoid(),
    "softplus": lambda a, b, c: a.softplus(),
    "silu": lambda a, b, c: a.silu(),
    "gelu": lambda a, b, c: a.gelu(),
    "relu": lambda a, b, c: a.relu(),
    "leaky_relu": lambda a, b, c: a.leaky_relu(c * 0.1),
    "elu": lambda a, b, c: a.elu(c),
    "maximum": lambda a, b, c: maximum(a, b),
    "minimum": lambda a, b, c: minimum(c, a),
    "sum": lambda a, b, c: a - a.sum(axis=-1, keepdims=True) * 0.1 if a.ndim else a.sum(),
    "mean": lambda a, b, c: a - a.mean(axis=0) if a.ndim else a.mean(),
    "max": lambda a, b, c: a + a.max(axis=0) if a.ndim else a.max(),
    "min": lambda a, b, c: a - a.min(axis=-1, keepdims=True) if a.ndim else a.min(),
    "logsumexp": lambda a, b, c: a - a.logsumexp(),
    "softmax": lambda a, b, c: a.softmax(axis=0) * a if a.ndim else a * 1.0,
    "log_softmax": lambda a, b, c: a.log_softmax() * 0.5 if a.ndim else a * 1.0,
    "@": lambda a, b, c: (a.reshape(-1) @ a.reshape(-1, 1)) * 0.1,
    "linear": lambda a, b, c: linear(a.reshape(-1, 1), [[c], [0.5]], a.reshape(-1)[:1] * [1, 1]),
    "reshape": lambda a, b, c: a.reshape(a.shape[::-1]).T,
    "transpose": lambda a, b, c: a.T.reshape(a.shape),
    "broadcast_to": lambda a, b, c: a.broadcast_to(2, *a.shape).mean(axis=0),
    "index": lambda a, b, c: a[..., None][..., 0] * 0.5 + a.reshape(-1)[[0, -1, 0]].sum() * 0.1,
    "mask": lambda a, b, c: a + a[a.data > -9.0].mean(),
    "where": lambda a, b, c: where(np.arange(a.size).reshape(a.shape) % 2 == 0, a, c),
    "concatenate": lambda a, b, c: concatenate([a.reshape(-1), b.reshape(-1) * c]).mean() + a,
    "stack": lambda a, b, c: stack([a, a * c], axis=-1).sum(axis=-1) * 0.5,
}


class Plan(NamedTuple):
    """How to build a tree: leaves of given shapes and numbers, then steps on what there is."""

    leaves: list[Any]
    steps: list[tuple[str, int, int, float]]


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    whole = draw(st.lists(st.integers(1, 3), min_size=0, max_size=3))
    leaves = []
    for _ in range(draw(st.integers(1, 3))):
        last_lengths = whole[draw(st.integers(0, len(whole))) :]
        shape = tuple(draw(st.sampled_from([1, length])) for length in last_lengths)
        number = st.integers(-2000, 2000).map(lambda n: (n + 0.5) / 1000)
        count = math.prod(shape)
        numbers = draw(st.lists(number, min_size=count, max_size=count, unique=True))
        leaves.append(np.array(numbers).reshape(shape))
    steps = []
    for place in range(draw(st.integers(1, 5))):
        made = st.integers(0, len(leaves) + place - 1)
        size = draw(st.integers(1000, 2000)) / 1000
        steps.append((draw(st.sampled_from(sorted(FORMS))), draw(made), draw(made), size))
    return Plan(leaves, steps)


def build(plan: Plan, *leaves: Any) -> Tensor:
    made = list(leaves)
    for form, a, b, c in plan.steps:
        if is_broadcast(made[a].shape, made[b].shape):
            made.append(FORMS[form](made[a], made[b], c))
        else:
            made.append(FORMS[form](made[a], made[a] * 0.5, c))
    total: Tensor = sum((member.sum() for member in made[len(leaves) :]), made[0].sum())
    return total


def is_broadcast(a: Shape, b: Shape) -> bool:
    try:
        np.broadcast_shapes(a, b)
    except ValueError:
        return False
    return True


def test_the_forms_cover_every_operation() -> None:
    a = np.array([[0.3, -0.7, 1.1], [0.2, 0.9, -1.3]])
    plan = Plan([a], [(form, 0, 0, 1.5) for form in FORMS])
    ops = {node.op for node in topological_order(build(plan, Tensor(a)))}  # type: ignore[arg-type]
    moves = {"reshape", "transpose", "broadcast_to", "index"}
    others = {"where", "concatenate", "stack", "linear", "@", "softmax", "log_softmax"}
    assert ops == {*FUNCTIONS, *BINARY, *REDUCTIONS, *moves, *others}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (2, 1, 2)])
def test_every_operation_agrees_with_central_differences(form: str, shape: Shape) -> None:
    numbers = np.sin(1.7 + 2.9 * np.arange(math.prod(shape)) ** 1.1).reshape(shape) * 1.5
    other = np.cos(0.4 + 1.3 * np.arange(math.prod(shape[1:]))).reshape(shape[1:])
    report = gradcheck(lambda a, b: build(Plan([], [(form, 0, 1, 1.3)]), a, b), [numbers, other])
    assert report.checked + len(report.kinks) == numbers.size + other.size
    assert report.kinks == []


@repeatable
@given(plans())
def test_gradients_of_random_trees_agree_with_central_differences(plan: Plan) -> None:
    report = gradcheck(lambda *leaves: build(plan, *leaves), plan.leaves, tolerance=1e-5)
    assert report.checked + len(report.kinks) == sum(leaf.size for leaf in plan.leaves)


@repeatable
@given(plans())
def test_every_gradient_of_a_tree_has_the_shape_of_its_data(plan: Plan) -> None:
    leaves = [Tensor(leaf) for leaf in plan.leaves]
    root = build(plan, *leaves)
    root.backward()
    nodes: list[Any] = topological_order(root)  # type: ignore[arg-type]
    for node in [*leaves, *nodes]:
        assert node.grad.shape == node.data.shape
        assert node.grad.dtype == np.float64


@repeatable
@given(plans())
def test_backward_again_doubles_the_gradients_of_leaves(plan: Plan) -> None:
    leaves = [Tensor(leaf) for leaf in plan.leaves]
    root = build(plan, *leaves)
    root.backward()
    first = [leaf.grad for leaf in leaves]
    root.backward()
    for leaf, grad in zip(leaves, first, strict=True):
        np.testing.assert_allclose(leaf.grad, 2 * grad, rtol=1e-12, atol=1e-12)


@repeatable
@given(plans(), st.integers(0, 2**32 - 1))
def test_a_seed_weighs_the_gradients_of_what_it_meets(plan: Plan, number: int) -> None:
    rng = np.random.default_rng(number)
    leaves = [Tensor(leaf) for leaf in plan.leaves]
    node = build(plan, *leaves).tanh() * leaves[0]
    seed = rng.normal(size=node.shape)
    node.backward(seed)
    twins = [Tensor(leaf) for leaf in plan.leaves]
    ((build(plan, *twins).tanh() * twins[0]) * seed).sum().backward()
    for leaf, twin in zip(leaves, twins, strict=True):
        np.testing.assert_allclose(leaf.grad, twin.grad, rtol=1e-10, atol=1e-12)
