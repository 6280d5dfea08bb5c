"""lift.compile on an engine chosen by name: the same numbers, or why it is not there."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import nn
import optim
from minigrad import Value, lift, native
from minigrad.lift.checked import Checked
from minigrad.native import loading
from minigrad.value import dot
from tests.minigrad.lift.graphs import Graph, deviation, eagerly, graphs, near_a_kink
from tests.minigrad.lift.test_graphs import drawn, values

INPUTS = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
TARGETS = [0.0, 1.0, 1.0, 0.0]

needs_machine = pytest.mark.skipif(not native.available(), reason="the native machine is not built")
ENGINES = ["eager", "numpy", pytest.param("native", marks=needs_machine)]
LIFTED = ENGINES[1:]

repeatable = settings(max_examples=60, derandomize=True, deadline=None)


def xor(engine: str) -> tuple[nn.MLP, Any]:
    model = nn.MLP(2, [8, 1], rng=random.Random(0))
    return model, lift.compile(
        lambda x, target: nn.losses.bce(model(x)[0], target), model.parameters(), engine=engine
    )


@pytest.mark.parametrize("engine", ENGINES)
def test_a_training_has_eagers_losses_whatever_runs_it(engine: str) -> None:
    histories = []
    for name in ("eager", engine):
        model, fast = xor(name)
        optimizer = optim.SGD(fast.parameters, lr=1.0, momentum=0.9)
        losses = []
        for _ in range(100):
            losses.append(fast.gradient(INPUTS, TARGETS))
            optimizer.step()
        fast.write_back()
        histories.append([*losses, fast.loss(INPUTS[1:], TARGETS[1:]), model.parameters()[3].data])
    assert histories[1] == pytest.approx(histories[0], rel=1e-9)


@pytest.mark.parametrize("engine", LIFTED)
@repeatable
@given(graph=graphs(), batch=st.sampled_from([1, 7, 100]), seed=st.integers(0, 2**32))
def test_random_graphs_agree_with_eager(engine: str, graph: Graph, batch: int, seed: int) -> None:
    parameters = values(drawn(seed, graph.parameters))
    samples = drawn(seed, batch, graph.inputs)
    assume(not near_a_kink(graph, parameters, samples))
    function = lambda x: graph.loss(parameters, x)  # noqa: E731
    fast = lift.compile(function, parameters, engine=engine)
    loss = fast.gradient(samples)
    slopes = fast.parameters[0].grad.tolist()
    assert deviation((loss, slopes), eagerly(function, [samples], parameters)) < 1e-12
    assert fast.loss(samples) == pytest.approx(loss, rel=1e-12, abs=1e-15)


@needs_machine
def test_native_is_what_runs_it() -> None:
    from minigrad.native.executor import NativeProgram

    _, fast = xor("native")
    fast.gradient(INPUTS, TARGETS)
    checked = fast._ready((INPUTS, TARGETS))
    assert isinstance(checked, Checked)
    assert isinstance(checked.lifted, NativeProgram)
    assert fast.agreement is not None
    assert fast.agreement.deviation < 1e-12
    assert "dot(8x3)" in str(fast)


def test_eager_is_not_lifted() -> None:
    _, fast = xor("eager")
    fast.gradient(INPUTS, TARGETS)
    assert "as it is written" in str(fast)
    assert fast.agreement is None


def test_eager_runs_what_cannot_be_lifted() -> None:
    p = Value(2.0)

    def branching(x: Any) -> Any:
        return p * x if x > 0 else -p * x

    with pytest.raises(lift.LiftError):
        lift.compile(branching, [p]).gradient([1.0, -3.0])
    fast = lift.compile(branching, [p], engine="eager")
    assert fast.gradient([1.0, -3.0]) == 4.0
    assert fast.parameters[0].grad.tolist() == [2.0]


def test_an_unknown_engine_is_refused_by_its_name() -> None:
    with pytest.raises(ValueError, match=r"did you mean 'native'.*eager, native, numpy"):
        xor("nativ")


def test_a_missing_machine_is_one_sentence_that_names_another_engine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def missing() -> Any:
        raise loading.NativeMissing("the native engine was not built: install a C compiler")

    monkeypatch.setattr(loading, "module", missing)
    with pytest.raises(loading.NativeMissing) as caught:
        xor("native")
    message = str(caught.value)
    assert "install a C compiler" in message
    assert "engine='numpy'" in message
    assert "\n" not in message


@pytest.mark.parametrize("engine", ENGINES)
def test_what_has_no_finite_answer_is_named(engine: str) -> None:
    p = Value(1.0)
    fast = lift.compile(lambda x: (p * x).log(), [p], engine=engine)
    assert fast.gradient([1.0, 2.0]) == pytest.approx(np.log(2.0) / 2)
    with pytest.raises(ArithmeticError, match=r"log\(-2.0\)"):
        fast.gradient([1.0, -2.0])


@pytest.mark.parametrize("engine", ENGINES)
def test_a_point_that_a_nudge_takes_out_of_its_domain_is_no_disagreement(engine: str) -> None:
    """A negative base has whole powers alone, and an exponent moved by rounding is not whole."""
    p = Value(1.0)
    fast = lift.compile(lambda x, power: (p * x) ** power, [p], engine=engine)
    for _ in range(2):
        assert fast.gradient([-1.5, 0.5], [2.0, 3.0]) == (2.25 + 0.125) / 2
        assert fast.parameters[0].grad.tolist() == [(4.5 + 0.375) / 2]
    assert engine == "eager" or fast.agreement is not None


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("count", [1, 2, 5, 9])
def test_a_dot_that_no_sample_changes(engine: str, count: int) -> None:
    parameters = values(drawn(count, 2 * count + 1))
    weights, others, bias = parameters[:count], parameters[count:-1], parameters[-1]
    constants = drawn(7, count)

    def loss(x: Any) -> Any:
        alone = dot(weights, constants, bias) * dot(weights, others, bias)
        return alone.tanh() * x + dot(constants, weights) + dot(weights, weights)

    samples = drawn(8, 6)
    fast = lift.compile(loss, parameters, engine=engine)
    result = fast.gradient(samples), fast.parameters[0].grad.tolist()
    assert deviation(result, eagerly(loss, [samples], parameters)) < 1e-12
