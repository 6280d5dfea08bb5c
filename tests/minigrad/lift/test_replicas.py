"""Many models in one program: each comes out as if it ran alone."""

from __future__ import annotations

import importlib
import os
import random
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import nn
from minigrad import Value
from minigrad.lift import lifted
from minigrad.lift.execution import Execution
from minigrad.lift.lifted import Lifted
from tests.minigrad.lift.graphs import Graph, deviation, graphs

Array = NDArray[np.float64]


def lifted_mlp(n_in: int, sizes: list[int], activation: str = "tanh", loss: str = "bce") -> Lifted:
    model = nn.MLP(n_in, sizes, activation=activation)

    def of_sample(x: Any, target: Any) -> tuple[Value, list[Value]]:
        outputs = model(x)
        return nn.losses.LOSSES[loss](outputs, target), outputs

    target = [1.0] + [0.0] * (sizes[-1] - 1)
    return Lifted(of_sample, [[0.5] * n_in, target], model.parameters())


def copied(arrays: tuple[Array, ...]) -> list[Array]:
    return [array.copy() for array in arrays]


def drawn(seed: int, replicas: int, batch: int, program: Lifted) -> tuple[Array, list[Array]]:
    rng = np.random.default_rng(seed)
    parameters = rng.normal(size=(replicas, program.program.parameters))
    inputs = [rng.normal(size=(replicas, batch, a.rows)) for a in program.program.arguments]
    return parameters, inputs


def assert_same_bits(program: Lifted, parameters: Array, inputs: list[Array]) -> None:
    together = copied(program.gradient(parameters, inputs))
    evaluated = copied(program.evaluate(parameters, inputs))
    predicted = program.predict(parameters, inputs[:1]).copy()
    for index, alone in enumerate(parameters):
        own = [given[index] for given in inputs]
        loss, outputs, slopes = copied(program.gradient(alone, own))
        assert loss == together[0][index] == evaluated[0][index]
        assert np.array_equal(outputs, together[1][index])
        assert np.array_equal(outputs, evaluated[1][index])
        assert np.array_equal(outputs, predicted[index])
        assert np.array_equal(slopes, together[2][index])


@pytest.mark.parametrize("batch", [1, 2, 4, 7, 100, 333])
@pytest.mark.parametrize("sizes", [[1], [8, 1], [16, 16, 1], [3, 1, 5, 2, 1], [32, 3], [2, 64, 1]])
def test_replicas_of_an_mlp_are_their_single_runs_to_the_bit(sizes: list[int], batch: int) -> None:
    loss = "bce" if sizes[-1] == 1 else "cross_entropy"
    program = lifted_mlp(2, sizes, loss=loss)
    for replicas in (1, 2, 5):
        assert_same_bits(program, *drawn(batch, replicas, batch, program))


NEEDS = {"Prescott": "SSE3", "Nehalem": "SSE42", "Haswell": "AVX2", "SkylakeX": "AVX512_SKX"}
FEATURES = importlib.import_module("numpy._core._multiarray_umath").__cpu_features__
KERNELS = [name for name, feature in NEEDS.items() if FEATURES.get(feature)]


@pytest.mark.parametrize(
    "kernel",
    [
        pytest.param(name, marks=[pytest.mark.slow] * (name in ("Prescott", "Nehalem")))
        for name in KERNELS
    ],
)
def test_replicas_are_their_single_runs_to_the_bit_with_every_kernel_of_blas(kernel: str) -> None:
    """OpenBLAS takes the kernel that it is told to; another BLAS, its own."""
    code = (
        f"from {__name__} import check_all_shapes\n"
        "check_all_shapes([[1], [8, 1], [16, 16, 1], [3, 1, 5, 2, 1], [32, 3], [2, 64, 1]])"
    )
    variables = {**os.environ, "OPENBLAS_CORETYPE": kernel, "OPENBLAS_NUM_THREADS": "1"}
    subprocess.run([sys.executable, "-c", code], env=variables, check=True)


def check_all_shapes(networks: list[list[int]]) -> None:
    for sizes in networks:
        program = lifted_mlp(2, sizes, loss="bce" if sizes[-1] == 1 else "cross_entropy")
        for batch in (1, 2, 3, 4, 7, 20, 100, 333):
            for replicas in (1, 2, 5):
                assert_same_bits(program, *drawn(batch, replicas, batch, program))


@pytest.mark.parametrize("activation", nn.activations.ACTIVATIONS)
def test_replicas_are_their_single_runs_to_the_bit_with_every_activation(activation: str) -> None:
    program = lifted_mlp(3, [5, 4, 1], activation, "mse")
    assert_same_bits(program, *drawn(1, 4, 9, program))


@pytest.mark.parametrize("block", [1, 3_000, 20_000, 100_000])
@pytest.mark.parametrize("batch", [1, 30])
def test_replicas_in_blocks_are_their_single_runs_to_the_bit(
    monkeypatch: pytest.MonkeyPatch, block: int, batch: int
) -> None:
    program = lifted_mlp(2, [8, 1])
    monkeypatch.setattr(lifted, "BLOCK", block)
    assert_same_bits(program, *drawn(2, 7, batch, program))


@pytest.mark.parametrize("largest", [1, 3_000, 20_000])
def test_samples_in_blocks_agree_to_rounding(monkeypatch: pytest.MonkeyPatch, largest: int) -> None:
    parameters, inputs = drawn(3, 3, 31, lifted_mlp(2, [8, 1]))
    whole = copied(lifted_mlp(2, [8, 1]).gradient(parameters, inputs))
    monkeypatch.setattr(lifted, "BLOCK", 1)
    monkeypatch.setattr(lifted, "LARGEST_BLOCK", largest)
    program = lifted_mlp(2, [8, 1])
    for part, expected in zip(program.gradient(parameters, inputs), whole, strict=True):
        assert part.shape == expected.shape
        assert np.abs(part - expected).max() < 1e-13 * np.abs(expected).max()
    assert_same_bits(program, parameters, inputs)


@settings(max_examples=80, derandomize=True, deadline=None)
@given(
    graphs(), st.sampled_from([1, 2, 7]), st.integers(1, 4), st.integers(0, 2**32), st.booleans()
)
def test_replicas_of_random_graphs_are_their_single_runs(
    graph: Graph, batch: int, replicas: int, seed: int, in_blocks: bool
) -> None:
    # To the bit in each of 3,000 graphs tried, on one machine: 1e-12 is what is promised.
    rng = random.Random(seed)
    parameters = np.array(
        [[rng.uniform(-2, 2) for _ in range(graph.parameters)] for _ in range(replicas)]
    )
    shape = (replicas, batch, graph.inputs)
    inputs = np.array([rng.uniform(-2, 2) for _ in range(np.prod(shape))]).reshape(shape)
    leaves = [Value(number) for number in parameters[0].tolist()]
    program = Lifted(lambda x: graph.loss(leaves, x), [inputs[0, 0].tolist()], leaves)
    alone = [
        copied(program.gradient(one, [own])) for one, own in zip(parameters, inputs, strict=True)
    ]
    with pytest.MonkeyPatch.context() as patch:
        if in_blocks:
            patch.setattr(lifted, "BLOCK", 3_000)
        losses, _, slopes = copied(program.gradient(parameters, [inputs]))
    for index, (loss, _, own) in enumerate(alone):
        together = float(losses[index]), slopes[index].tolist()
        assert deviation(together, (float(loss), own.tolist())) < 1e-12


def token_model(tokens: int, width: int, units: int) -> Lifted:
    """The same two layers on each token."""
    first, second = nn.Layer(width, units, "tanh"), nn.Layer(units, 1, "tanh")

    def of_sample(x: Any) -> tuple[Value, list[Value]]:
        hidden = [first(token) for token in x]
        halves = [second(one)[0] for one in hidden]
        total = Value(0.0)
        for half in halves:
            total = total + half * half
        return total.softplus(), halves

    sample = [[0.1 * i + 0.05 * j for j in range(width)] for i in range(tokens)]
    return Lifted(of_sample, [sample], first.parameters() + second.parameters())


@pytest.mark.parametrize("batch", [1, 2, 3, 20])
@pytest.mark.parametrize("shape", [(2, 3, 4), (4, 1, 2), (3, 2, 1), (5, 4, 8)])
def test_replicas_with_the_same_weights_for_many_tokens_are_their_single_runs(
    shape: tuple[int, int, int], batch: int
) -> None:
    program = token_model(*shape)
    for replicas in (1, 2, 5):
        parameters, inputs = drawn(batch, replicas, batch, program)
        assert_same_bits(program, parameters, inputs)


def test_products_with_the_same_weights_are_one() -> None:
    program = token_model(5, 4, 8)
    apart = [operation for operation in program.program.operations if operation.op == "dot"]
    merged = [operation for operation in program.merged.operations if operation.op == "dot"]
    assert [operation.times for operation in apart] == [1] * 10
    assert [operation.times for operation in merged] == [5, 5]


def test_a_layer_that_reads_its_own_outputs_is_not_merged() -> None:
    layer = nn.Layer(3, 3)
    program = Lifted(
        lambda x: (sum((v * v for v in layer(layer(x))), Value(0.0)), []),
        [[0.5, -0.25, 1.0]],
        layer.parameters(),
    )
    assert program.merged is program.program
    parameters, inputs = drawn(0, 3, 4, program)
    assert_same_bits(program, parameters, inputs)


def test_data_without_a_replica_axis_is_never_taken_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is refused or shared by all replicas, however they are cut into blocks."""
    program = lifted_mlp(2, [4, 1])
    parameters, inputs = drawn(4, 6, 6, program)
    shared = [given[0] for given in inputs]
    expected = [float(program.gradient(one, shared)[0]) for one in parameters]
    for block in (4_000_000, 3_000):
        monkeypatch.setattr(lifted, "BLOCK", block)
        try:
            losses = program.gradient(parameters, shared)[0].tolist()
        except ValueError:
            continue
        assert losses == pytest.approx(expected, rel=1e-12)


def test_the_gradient_given_is_not_overwritten_by_the_next_call() -> None:
    """Only the first two of what it gives are said to be good until then."""
    program = lifted_mlp(2, [4, 1])
    parameters, inputs = drawn(5, 2, 3, program)
    own = [given[0] for given in inputs]
    slopes = program.gradient(parameters[0], own)[2]
    before = slopes.copy()
    program.gradient(parameters[1], own)
    assert np.array_equal(slopes, before)


def test_batches_of_many_sizes_in_turn_keep_their_numbers() -> None:
    program = lifted_mlp(2, [4, 1])
    parameters, inputs = drawn(6, 1, 40, program)
    sizes = [*range(1, 21), *range(20, 0, -1)]
    first: dict[int, tuple[float, list[float]]] = {}
    for size in sizes:
        some = [given[0][:size] for given in inputs]
        loss, _, slopes = program.gradient(parameters[0], some)
        result = float(loss), slopes.tolist()
        assert first.setdefault(size, result) == result


@pytest.mark.parametrize("lead", [(), (3,)])
def test_arrays_of_a_program_begin_with_a_line_of_the_cache(lead: tuple[int, ...]) -> None:
    execution = Execution(lifted_mlp(2, [5, 1]).merged, lead, 7, slopes=True)
    for array in (execution.parameters, execution.gradient, *execution.inputs):
        assert array.ctypes.data % 64 == 0


def test_a_gradient_without_a_copy_is_good_until_the_next_call() -> None:
    program = lifted_mlp(2, [3, 1])
    parameters, inputs = drawn(0, 2, 4, program)
    copied_one, own = (
        program.gradient(parameters, inputs)[2],
        program.gradient(parameters, inputs, copy=False)[2],
    )
    assert np.array_equal(copied_one, own)
    again = program.gradient(parameters * 2, inputs, copy=False)[2]
    assert again is own
    assert not np.array_equal(copied_one, own)
