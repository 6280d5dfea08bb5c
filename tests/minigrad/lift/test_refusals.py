"""A graph that depends on its data is refused or caught: never a wrong number."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

import nn
from minigrad import Value, lift, maximum, minimum
from minigrad.lift.kernels import RULES
from tests.minigrad.lift.graphs import deviation, eagerly

COMPARES = "the loss cannot be lifted: it compares a Value or takes its float"

BRANCHES: dict[str, Callable[[Value, Value], Any]] = {
    "less": lambda y, x: y if y < 1.0 else -y,
    "greater or equal": lambda y, x: y if y >= 1.0 else -y,
    "between Values": lambda y, x: y if y > x else x,
    "max": max,
    "sorted": lambda y, x: sorted([y, x])[0],
    "float": lambda y, x: y * float(y),
    "math": lambda y, x: y * math.sqrt(x + 9.0),
}


@pytest.mark.parametrize("name", BRANCHES)
def test_reading_a_number_is_refused(name: str) -> None:
    p, branch = Value(2.0), BRANCHES[name]
    fast = lift.compile(lambda x: branch(p * x, x) * 1.0, [p])
    with pytest.raises(lift.LiftError, match=COMPARES):
        fast.gradient([1.0, -2.0])
    with pytest.raises(lift.LiftError, match=COMPARES):
        fast.loss([1.0, -2.0])


def test_values_compare_again_after_a_refusal() -> None:
    p = Value(2.0)
    with pytest.raises(lift.LiftError):
        lift.compile(lambda x: p if p * x > 0 else x, [p]).gradient([1.0])
    assert p * 2.0 > 3.0
    assert float(p) == 2.0


BLIND: dict[str, Callable[[Any, Any, Value], Value]] = {
    "data": lambda x, t, p: p * x if (p * x).data > 0 else 0.1 * p * x,
    "== of a target": lambda x, t, p: p * x if t == 1 else -p * x,
    "truth of a target": lambda x, t, p: p * x if t else -p * x,
    "membership of a target": lambda x, t, p: p * x if t in (1, 2) else -p * x,
    "== of what a target makes": lambda x, t, p: p * x if 2 * t - 1 == 1 else -p * x,
    "truth of what a target makes": lambda x, t, p: p * x if t * 1.0 else -p * x,
    "match": lambda x, t, p: matched(x, t, p),
}


def matched(x: Any, t: Any, p: Value) -> Any:
    match t:
        case 1:
            return p * x
        case _:
            return -p * x


@pytest.mark.parametrize("name", BLIND)
def test_a_branch_that_tracing_cannot_see_is_caught_on_the_first_step(name: str) -> None:
    p, branch = Value(2.0), BLIND[name]
    fast = lift.compile(lambda x, t: branch(x, t, p), [p])
    with pytest.raises((lift.Disagreement, lift.LiftError)) as caught:
        fast.gradient([1.0, -2.0, 3.0], [1, 0, 1])
    if isinstance(caught.value, lift.Disagreement):
        assert str(caught.value).startswith("lifted and eager disagree: the ")
        assert "over 3 samples: does the loss branch on its data?" in str(caught.value)
        assert "train.engine=eager runs it as it is written" in str(caught.value)
    else:
        assert "the loss cannot be lifted" in str(caught.value)


def test_a_branch_on_data_says_both_losses() -> None:
    p = Value(2.0)
    fast = lift.compile(lambda x: p * x if (p * x).data > 0 else 0.0 * p, [p])
    with pytest.raises(lift.Disagreement) as caught:
        fast.gradient([1.0, -3.0])
    assert "the loss is -2.0, eager 1.0 over 2 samples" in str(caught.value)


@pytest.mark.parametrize("name", [name for name in BLIND if name != "data"])
@pytest.mark.parametrize("rare", [0, 1])
def test_a_branch_on_a_target_is_never_a_wrong_number_however_rare_it_is(
    name: str, rare: int
) -> None:
    p, branch = Value(2.0), BLIND[name]
    loss = lambda x, t: branch(x, t, p)  # noqa: E731
    inputs, targets = [1.0] * 100, [1 - rare] * 100
    targets[1] = rare
    fast = lift.compile(loss, [p])
    try:
        mean_loss = fast.gradient(inputs, targets)
    except (lift.LiftError, lift.Disagreement):
        return
    assert mean_loss == pytest.approx(eagerly(loss, [inputs, targets], [p])[0])


@pytest.mark.parametrize("name", BLIND)
def test_the_loss_alone_is_held_against_eager_too(name: str) -> None:
    p, branch = Value(2.0), BLIND[name]
    loss = lambda x, t: branch(x, t, p)  # noqa: E731
    batch = [1.0, -2.0, 3.0], [1, 0, 1]
    try:
        mean_loss = lift.compile(loss, [p]).loss(*batch)
    except (lift.LiftError, lift.Disagreement):
        return
    assert mean_loss == pytest.approx(eagerly(loss, batch, [p])[0])


def test_the_loss_alone_is_held_against_eager_where_it_has_no_slope() -> None:
    """The slope of sqrt at 0 is infinite: gradient() says so, and loss() does not need it."""
    p = Value(2.0)
    batch = [0.0, 4.0]
    whole = lift.compile(lambda x: (p * x).sqrt(), [p])
    assert whole.loss(batch) == pytest.approx(0.5 * math.sqrt(8.0))
    branching = lift.compile(lambda x: (p * x).sqrt() if (p * x).data < 1 else p * x, [p])
    with pytest.raises(lift.Disagreement):
        branching.loss(batch)


def test_a_loss_that_differs_from_call_to_call_is_caught() -> None:
    p, calls = Value(2.0), iter(range(100))
    fast = lift.compile(lambda x: p * x * next(calls), [p])
    with pytest.raises(lift.Disagreement):
        fast.gradient([1.0, 2.0])


# A wrong array rule.


def model_and_loss() -> tuple[nn.MLP, Callable[..., Value]]:
    model = nn.MLP(2, [3, 1])
    return model, lambda x, t: nn.losses.mse(model(x)[0], t)


BATCH = [[0.0, 1.0], [1.0, 0.5], [-0.5, 0.25]], [0.5, -0.5, 1.0]


def test_a_wrong_slope_is_caught_and_the_parameter_named(monkeypatch: pytest.MonkeyPatch) -> None:
    model, loss = model_and_loss()
    monkeypatch.setitem(RULES, "tanh", dataclasses.replace(RULES["tanh"], vjps=RULES["sin"].vjps))
    with pytest.raises(lift.Disagreement) as caught:
        lift.compile(loss, model.parameters()).gradient(*BATCH)
    (_, detail) = str(caught.value).split("the slope of parameter ")
    index, numbers = detail.split(" is ", maxsplit=1)
    slopes = eagerly(loss, BATCH, model.parameters())[1]
    hidden_layer = range(9)
    assert int(index) in hidden_layer
    eager = float(numbers.split("eager ")[1].split(" over 3 samples")[0])
    assert eager == pytest.approx(slopes[int(index)], rel=1e-12)


def test_a_wrong_value_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    model, loss = model_and_loss()
    monkeypatch.setitem(RULES, "tanh", RULES["sin"])
    with pytest.raises(lift.Disagreement, match="lifted and eager disagree: the "):
        lift.compile(loss, model.parameters()).gradient(*BATCH)


@pytest.mark.parametrize("op", [op for op in RULES if op not in ("*", "neg")])
def test_a_slope_that_is_a_millionth_off_is_caught(
    monkeypatch: pytest.MonkeyPatch, op: str
) -> None:
    rule = RULES[op]

    def off(vjp: Callable[..., None]) -> Callable[..., None]:
        def emit(e: Any, out: Any, *arguments: Any) -> None:
            vjp(e, out, *arguments)
            e.emit(lambda: out.__imul__(1 + 1e-6))

        return emit

    monkeypatch.setitem(RULES, op, dataclasses.replace(rule, vjps=tuple(map(off, rule.vjps))))
    p, q = Value(0.6), Value(1.7)
    functions: dict[str, Callable[[Value], Value]] = {
        "/": lambda x: 1.0 / x,
        "**": lambda x: p**x,
        "abs": lambda x: abs(x),
        "maximum": lambda x: maximum(x, 0.1),
        "minimum": lambda x: minimum(x, 9.0),
    }
    one = functions.get(op, getattr(Value, op, abs))
    with pytest.raises(lift.Disagreement, match="the slope of parameter 0"):
        lift.compile(lambda x: one(p * x), [p, q]).gradient([0.5, 0.75])


def test_without_a_fault_the_deviation_is_that_of_rounding() -> None:
    model, loss = model_and_loss()
    fast = lift.compile(loss, model.parameters())
    assert fast.agreement is None
    fast.gradient(*BATCH)
    agreement = fast.agreement
    assert agreement is not None
    assert agreement.samples == 3
    assert 0 <= agreement.deviation < 1e-14


@pytest.mark.parametrize(("batch", "samples"), [(1, 1), (2, 2), (16, 16), (17, 16), (1000, 16)])
def test_at_most_sixteen_samples_are_run_eagerly(batch: int, samples: int) -> None:
    p, calls = Value(2.0), []

    def loss(x: Any) -> Any:
        calls.append(x)
        return p * x

    fast = lift.compile(loss, [p])
    fast.gradient([float(i) for i in range(batch)])
    assert len(calls) == 1 + samples + 1, "one to trace, one with other parameters"
    assert fast.agreement is not None
    assert fast.agreement.samples == samples
    before = len(calls)
    fast.gradient([1.0, 2.0])
    assert len(calls) == before, "later batches make no Values"


# A right graph is not refused.


def test_a_loss_that_has_converged_is_no_disagreement() -> None:
    """What is left of a loss near 0 is rounding, and no two orders of summing round alike."""
    weights, bias = [Value(0.1), Value(0.7), Value(1.3)], Value(0.3)

    def loss(x: Sequence[Any], target: Any) -> Any:
        total = bias
        for weight, number in zip(weights, x, strict=True):
            total = total + weight * number
        error = total - target
        return error * error

    inputs = [[math.sin(i * j + 1) for j in range(3)] for i in range(10)]
    targets = [1.3 * x[2] + 0.7 * x[1] + 0.1 * x[0] + 0.3 for x in inputs]
    fast = lift.compile(loss, [*weights, bias])
    assert fast.gradient(inputs, targets) < 1e-30


def test_slopes_that_cancel_are_no_disagreement() -> None:
    """softmax does not change when all logits grow alike, so the slope is 0 but for rounding."""
    biases = [Value(0.1)]

    def loss(x: Sequence[Any]) -> Value:
        return nn.losses.cross_entropy([number + biases[0] for number in x], [0.0, 0.0, 1.0])

    inputs = [[math.sin(i * j + 1) for j in range(3)] for i in range(10)]
    fast = lift.compile(loss, biases)
    fast.gradient(inputs)
    assert abs(fast.parameters[0].grad[0]) < 1e-15


def test_a_power_of_0_has_the_slope_0_in_its_exponent() -> None:
    p = Value(3.0)
    batch = [[0.0, 2.0]]
    expected = eagerly(lambda x: x**p, batch, [p])
    fast = lift.compile(lambda x: x**p, [p])
    loss = fast.gradient(*batch)
    assert deviation((loss, fast.parameters[0].grad.tolist()), expected) < 1e-12


def test_whole_exponents_among_the_data_do_not_keep_it_from_running_lifted() -> None:
    """A negative base has powers at whole exponents alone, so to nudge these breaks them."""
    p, calls = Value(-1.5), []

    def loss(x: Any, exponent: Any) -> Any:
        calls.append(x)
        return (p * x) ** exponent

    batch = [0.5, 2.0, 1.0], [2.0, 3.0, 1.0]
    expected = eagerly(loss, batch, [p])
    fast = lift.compile(loss, [p])
    fast.gradient(*batch)
    assert fast.agreement is not None
    before = len(calls)
    lifted = fast.gradient(*batch), fast.parameters[0].grad.tolist()
    assert deviation(lifted, expected) < 1e-12
    assert len(calls) == before, "later batches make no Values"


@pytest.mark.parametrize("slope", [1.0, 1.0 + 1e-6])
def test_a_tie_on_the_first_batch_hides_no_wrong_slope(
    monkeypatch: pytest.MonkeyPatch, slope: float
) -> None:
    """Rounding may decide a tie, so slopes at one tell little: those of others tell all the same"""
    p, q, r = parameters = [Value(0.5), Value(0.5), Value(0.7)]
    rule = RULES["sin"]

    def off(e: Any, out: Any, *arguments: Any) -> None:
        rule.vjps[0](e, out, *arguments)
        e.emit(lambda: out.__imul__(slope))

    monkeypatch.setitem(RULES, "sin", dataclasses.replace(rule, vjps=(off,)))
    fast = lift.compile(lambda x: maximum(p * x, q * x) + (r * x).sin(), parameters)
    if slope == 1.0:
        fast.gradient([1.0, 2.0, 3.0])
        assert fast.parameters[0].grad.tolist()[:2] == [1.0, 1.0]
    else:
        with pytest.raises(lift.Disagreement, match="the slope of parameter 2"):
            fast.gradient([1.0, 2.0, 3.0])


def test_a_sample_that_branches_is_seen_wherever_it_lies_in_the_batch() -> None:
    p = Value(2.0)
    loss = lambda x: p * x if x.data < 99 else p * x * 3  # noqa: E731
    with pytest.raises(lift.Disagreement):
        lift.compile(loss, [p]).gradient([float(i) for i in range(100)])


@pytest.mark.parametrize("sample", [True, [True, 0.5], np.array([True, False])])
def test_a_sample_of_booleans_is_refused(sample: Any) -> None:
    p = Value(2.0)
    fast = lift.compile(lambda x: p * (x[0] if isinstance(x, list) else x), [p])
    with pytest.raises(ValueError, match=r"a sample is made of numbers, found .*True.*: write 1.0"):
        fast.gradient([sample])


def test_an_index_that_is_data_is_refused_with_what_to_give_instead() -> None:
    rows = [Value(1.0), Value(2.0)]
    with pytest.raises(lift.LiftError, match="one-hot"):
        lift.compile(lambda i: rows[i], rows).gradient([0, 1])
