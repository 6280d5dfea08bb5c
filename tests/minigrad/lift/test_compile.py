"""lift.compile: a hand-written loss over batches of any form, and what it refuses."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nn
import optim
from minigrad import Tensor, Value, lift
from tests.minigrad.lift.graphs import deviation, eagerly

INPUTS = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
TARGETS = [0.0, 1.0, 1.0, 0.0]


def xor() -> tuple[nn.MLP, Callable[..., Value]]:
    model = nn.MLP(2, [8, 1], rng=random.Random(0))
    return model, lambda x, target: nn.losses.bce(model(x)[0], target)


# What goes in.

FORMS: dict[str, Callable[[Any], Any]] = {
    "lists": lambda batch: batch,
    "tuples": lambda batch: tuple(tuple(x) if isinstance(x, list) else x for x in batch),
    "arrays": lambda batch: np.array(batch),
    "float32": lambda batch: np.array(batch, dtype=np.float32),
    "integers": lambda batch: np.array(batch, dtype=int),
    "python integers": lambda batch: np.array(batch, dtype=int).tolist(),
    "list of arrays": lambda batch: [np.array(x) for x in batch],
    "a slice of a larger array": lambda batch: np.repeat(np.array(batch), 2, axis=0)[::2],
    "column-major": lambda batch: np.asfortranarray(np.array(batch)),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_batch_may_be_lists_tuples_or_arrays(form: str) -> None:
    model, loss = xor()
    fast = lift.compile(loss, model.parameters())
    as_lists = lift.compile(loss, model.parameters())
    make = FORMS[form]
    assert fast.gradient(make(INPUTS), make(TARGETS)) == as_lists.gradient(INPUTS, TARGETS)
    assert np.array_equal(fast.parameters[0].grad, as_lists.parameters[0].grad)
    assert as_lists.gradient(make(INPUTS), make(TARGETS)) == fast.gradient(INPUTS, TARGETS)
    assert fast.loss(make(INPUTS), make(TARGETS)) == as_lists.loss(INPUTS, TARGETS)


NESTED: dict[str, tuple[Any, ...]] = {
    "a matrix": ([[1.0, 2.0], [3.0, 4.0]], 0.5),
    "a matrix of tuples": (((1.0, 2.0), (3.0, 4.0)), 0.5),
    "an array": (np.array([[1.0, 2.0], [3.0, 4.0]]), 0.5),
    "a list of arrays": ([np.array([1.0, 2.0]), np.array([3.0, 4.0])], 0.5),
    "deep": ([[[[1.0]], [[2.0]]], [[[3.0]], [[4.0]]]], [[[0.5]]]),
    "of several depths": ([1.0, [2.0, [3.0]], 4.0], 0.5),
    "a number and a list": ([1.0, [2.0, 3.0, 4.0]], [0.5]),
}


@pytest.mark.parametrize("name", NESTED)
def test_a_sample_may_be_nested(name: str) -> None:
    p, q = parameters = [Value(0.5), Value(-1.5)]

    def loss(sample: Any, scale: Any) -> Any:
        a, b, c, d = numbers_in(sample)
        return (p * a + q * b - c * p + d * q) * numbers_in(scale)[0]

    sample, scale = NESTED[name]
    for batch in (([sample] * 3, [scale] * 3), ([times_2(sample), sample], [scale, scale])):
        fast = lift.compile(loss, parameters)
        lifted = fast.gradient(*batch), fast.parameters[0].grad.tolist()
        assert deviation(lifted, eagerly(loss, batch, parameters)) < 1e-12


def numbers_in(sample: Any) -> list[Any]:
    if isinstance(sample, (list, tuple, np.ndarray)):
        return [number for part in sample for number in numbers_in(part)]
    return [sample]


def times_2(sample: Any) -> Any:
    return [times_2(part) for part in sample] if isinstance(sample, (list, tuple)) else sample * 2


def test_batches_need_not_be_as_long_as_the_first() -> None:
    model, loss = xor()
    fast = lift.compile(loss, model.parameters())
    fast.gradient(INPUTS, TARGETS)
    for count in (1, 2, 3, 4, 8, 400):
        batch = (INPUTS * 100)[:count], (TARGETS * 100)[:count]
        lifted = fast.gradient(*batch), fast.parameters[0].grad.tolist()
        assert deviation(lifted, eagerly(loss, batch, model.parameters())) < 1e-12


# What comes out.


def test_the_gradient_is_a_new_array_each_time() -> None:
    model, loss = xor()
    fast = lift.compile(loss, model.parameters())
    fast.gradient(INPUTS, TARGETS)
    first = fast.parameters[0].grad
    before = first.copy()
    fast.gradient(INPUTS[1:], TARGETS[1:])
    assert np.array_equal(first, before)
    assert not np.array_equal(first, fast.parameters[0].grad)


def test_the_loss_alone_leaves_the_gradient_as_it_is() -> None:
    model, loss = xor()
    fast = lift.compile(loss, model.parameters())
    mean_loss = fast.gradient(INPUTS, TARGETS)
    before = fast.parameters[0].grad.copy()
    fast.loss(INPUTS[1:], TARGETS[1:])
    assert np.array_equal(fast.parameters[0].grad, before)
    assert fast.loss(INPUTS, TARGETS) == mean_loss
    assert type(mean_loss) is float


def test_write_back_gives_the_model_its_numbers() -> None:
    model, loss = xor()
    first = model.state_dict()
    fast = lift.compile(loss, model.parameters())
    optimizer = optim.SGD(fast.parameters, lr=1.0, momentum=0.9)
    for _ in range(500):
        fast.gradient(INPUTS, TARGETS)
        optimizer.step()
    assert model.state_dict() == first, "until it is asked for, the model stays as it was"
    fast.write_back()
    assert [parameter.data for parameter in model.parameters()] == fast.parameters[0].data.tolist()
    assert all(type(parameter.data) is float for parameter in model.parameters())
    expected = eagerly(loss, [INPUTS, TARGETS], model.parameters())[0]
    assert fast.loss(INPUTS, TARGETS) == pytest.approx(expected, rel=1e-12)
    assert expected < 0.001


@pytest.mark.parametrize("name", sorted(optim.OPTIMIZERS))
def test_every_optimizer_steps_the_array_as_it_steps_values(name: str) -> None:
    model, loss = xor()
    twin, twins_loss = xor()
    fast = lift.compile(loss, model.parameters())
    ours = optim.OPTIMIZERS[name](fast.parameters, lr=0.05)
    theirs = optim.OPTIMIZERS[name](twin.parameters(), lr=0.05)
    for _ in range(20):
        last_loss = fast.gradient(INPUTS, TARGETS)
        ours.step()
        expected, slopes = eagerly(twins_loss, [INPUTS, TARGETS], twin.parameters())
        for parameter, slope in zip(twin.parameters(), slopes, strict=True):
            parameter.grad = slope
        theirs.step()
        assert last_loss == pytest.approx(expected, rel=1e-9)
    numbers = [parameter.data for parameter in twin.parameters()]
    assert fast.parameters[0].data.tolist() == pytest.approx(numbers, rel=1e-9)


def test_it_can_be_printed_before_and_after() -> None:
    model, loss = xor()
    fast = lift.compile(loss, model.parameters())
    assert "not traced yet" in str(fast)
    fast.gradient(INPUTS, TARGETS)
    kernels = [line.split(" = ")[1].split()[0] for line in str(fast).splitlines() if " = " in line]
    assert kernels[:5] == ["input(2)", "input(1)", "dot(8x3)", "tanh(8)", "dot(1x9)"]
    assert any(kernel.startswith("softplus") for kernel in kernels)


@pytest.mark.parametrize("numbers_alone", [True, False])
def test_a_loss_without_parameters(numbers_alone: bool) -> None:
    """Of plain numbers alone it is a plain number, and the same loss."""
    zero = 0.0 if numbers_alone else Value(0.0)
    fast = lift.compile(lambda x, t: (x - t) * (x - t) + zero, [])
    assert fast.gradient([1.0, 2.0], [0.0, 0.0]) == 2.5
    assert fast.loss([1.0, 3.0], [0.0, 0.0]) == 5.0
    assert fast.parameters[0].grad.tolist() == []


# What it refuses, in one sentence.

WRONG: dict[str, tuple[Any, ...]] = {
    "no argument": (),
    "no samples": ([], []),
    "an empty array": (np.zeros((0, 2)), np.zeros(0)),
    "unequal lengths": (INPUTS, TARGETS[:3]),
    "ragged": ([[0.0, 1.0], [1.0]], [0.0, 1.0]),
    "ragged, shorter first": ([[0.0], [1.0, 1.0]], [0.0, 1.0]),
    "ragged within": ([[0.0, [1.0]], [1.0, [1.0, 2.0]]], [0.0, 1.0]),
    "no sequence": (1.0, 0.0),
    "a number in an array": (np.array(1.0), np.array(0.0)),
    "a set": ({0.0, 1.0}, [0.0, 1.0]),
    "a dict": ({"x": [0.0, 1.0]}, [0.0]),
    "an array of text": (np.array([["a", "b"]]), [0.0]),
    "samples by name": ([{"a": 0.0, "b": 1.0}], [0.0]),
    "text": (["ab", "cd"], [0.0, 1.0]),
    "text that reads as numbers": (["1", "2"], [0.0, 1.0]),
    "digits of another script": (["\u0661", "\u0662"], [0.0, 1.0]),
    "bytes": (b"ab", [0.0, 1.0]),
    "samples of bytes": ([b"ab", b"cd"], [0.0, 1.0]),
    "booleans": ([True, False], [0.0, 1.0]),
    "an array of booleans": (np.array([[True, False]]), [0.0]),
    "a boolean among numbers": ([[1.0, 0.0], [1.0, True]], [0.0, 1.0]),
    "complex numbers": (np.array([[1j, 0j]]), [0.0]),
    "complex64": (np.array([[1j, 0j]], np.complex64), [0.0]),
    "Values": ([[Value(1.0), Value(0.0)]], [0.0]),
    "Tensors": ([Tensor([1.0, 0.0])], [0.0]),
    "a number that no float holds": ([[10**400, 0]], [0]),
    "a number that no float holds among others": ([[10**400, 0.5]], [0.0]),
    "nothing": ([None, None], [0.0, 1.0]),
}


@pytest.mark.parametrize("name", WRONG)
@pytest.mark.parametrize("call", ["gradient", "loss"])
@pytest.mark.parametrize("traced", [False, True])
def test_a_wrong_call_is_refused_in_one_sentence(name: str, call: str, traced: bool) -> None:
    model, loss = xor()
    fast = lift.compile(loss, model.parameters())
    if traced:
        fast.gradient(INPUTS, TARGETS)
    with pytest.raises(ValueError) as caught:
        getattr(fast, call)(*WRONG[name])
    message = str(caught.value)
    assert "\n" not in message
    assert "inhomogeneous" not in message, "numpy's words, not ours"
    assert "broadcast" not in message, "numpy's words, not ours"
    assert any(word in message for word in ("sample", "number", "inputs")), message


@pytest.mark.parametrize("width", [1, 3])
def test_samples_of_another_size_than_the_first_batchs_are_refused(width: int) -> None:
    p = Value(2.0)
    fast = lift.compile(lambda x: p * x[0] + p * x[1], [p])
    fast.gradient([[1.0, 2.0], [3.0, 4.0]])
    with pytest.raises(ValueError) as caught:
        fast.gradient([[1.0] * width, [3.0] * width])
    assert "broadcast" not in str(caught.value), "numpy's words, not ours"
    assert str(width) in str(caught.value)
    assert "2" in str(caught.value)


def test_more_or_fewer_arguments_than_the_first_batchs_are_refused() -> None:
    model, loss = xor()
    fast = lift.compile(loss, model.parameters())
    fast.gradient(INPUTS, TARGETS)
    for batch in ([INPUTS[:3]], [INPUTS, TARGETS, TARGETS]):
        with pytest.raises(ValueError):
            fast.gradient(*batch)
        with pytest.raises(ValueError):
            fast.loss(*batch)


NO_LOSS: dict[str, Callable[[Value, Any], Any]] = {
    "None": lambda p, x: None,
    "a number": lambda p, x: 3.0,
    "a list": lambda p, x: [p * x],
    "a pair": lambda p, x: (p * x, [p]),
    "a Tensor": lambda p, x: Tensor(1.0),
    "truth": lambda p, x: True,
    "three": lambda p, x: (p * x, p, p),
    "text": lambda p, x: "loss",
}


@pytest.mark.parametrize("name", NO_LOSS)
def test_a_function_that_gives_no_value_is_refused(name: str) -> None:
    p, function = Value(2.0), NO_LOSS[name]
    fast = lift.compile(lambda x: function(p, x), [p])
    with pytest.raises(lift.LiftError, match="the loss must be a Value, and this function gave"):
        fast.gradient([1.0, 2.0])


@pytest.mark.parametrize("engine", ["numpy", "eager"])
@pytest.mark.parametrize("other", [None, "loss", [Value(1.0)]])
def test_a_function_that_gives_no_value_later_is_refused_too(engine: str, other: Any) -> None:
    p = Value(2.0)
    fast = lift.compile(lambda x: p * x if x.data < 2 else other, [p], engine=engine)
    with pytest.raises(lift.LiftError, match="the loss must be a Value, and this function gave"):
        fast.gradient([1.0, 2.0])


@pytest.mark.parametrize(
    "look_up",
    [
        lambda p, i: [p, p * 2][i],
        lambda p, i: (p, p * 2)[i:][0],
        lambda p, i: {0: p, 1: p * 2}[i],
        lambda p, i: np.array([1.0, 2.0])[i] * p,
        lambda p, i: np.array([p, p * 2])[i],
        lambda p, i: [p, p * 2][int(i)],
        lambda p, i: [p, p * 2][round(i)],
        lambda p, i: [p, p * 2][math.trunc(i)],
        lambda p, i: sum((p for _ in range(i)), p),
        lambda p, i: p * (i == 0),
        lambda p, i: p if i != 0 else p * 2,
    ],
)
def test_an_index_that_is_traced_is_refused_by_what_to_give_instead(look_up: Any) -> None:
    p = Value(2.0)
    with pytest.raises(lift.LiftError, match=r"its one-hot list$") as refused:
        lift.compile(lambda i: look_up(p, i), [p]).gradient([0, 1])
    assert "_Input" not in str(refused.value)


LOOK_UPS = {
    "get": lambda p, i: p * {0: 2.0, 1: 3.0}.get(i, 5.0),
    "in a set": lambda p, i: p * 2 if i in {0, 1} else p,
    "in a dictionary": lambda p, i: p * 2 if i in {0.0: p, 1.0: p} else p,
    "in a list": lambda p, i: p * 2 if i in [0, 1] else p,
    "index of a list": lambda p, i: p * [0, 1, 2].index(i),
}


@pytest.mark.parametrize("name", LOOK_UPS)
def test_a_number_of_a_sample_that_is_looked_up_is_refused(name: str) -> None:
    p = Value(2.0)
    with pytest.raises(lift.LiftError, match=r"its one-hot list$"):
        lift.compile(lambda i: LOOK_UPS[name](p, i), [p]).gradient([0, 1, 2])


@pytest.mark.parametrize("name", ["get", "in a set", "in a dictionary"])
def test_a_look_up_that_the_first_sample_misses_disagrees_with_eager(name: str) -> None:
    p = Value(2.0)
    with pytest.raises(lift.Disagreement, match="does the loss branch on its data"):
        lift.compile(lambda i: LOOK_UPS[name](p, i), [p]).gradient([2, 0, 1])


@pytest.mark.parametrize("name", LOOK_UPS)
def test_with_eager_values_a_number_is_looked_up_as_a_number(name: str) -> None:
    p, samples = Value(2.0), [2, 0, 1]
    loss = lift.compile(lambda i: LOOK_UPS[name](p, i), [p], engine="eager").gradient(samples)
    assert loss == pytest.approx(sum(LOOK_UPS[name](p, float(i)).data for i in samples) / 3)


def test_values_may_be_the_keys_of_a_loss() -> None:
    """Two numbers of a sample that are equal are two keys all the same."""
    p = Value(2.0)

    def loss(x: list[Value], y: Value) -> Value:
        factors = {x[0]: 1.0, x[1]: 10.0, y: 100.0, p: 1000.0}
        assert len(factors) == 4
        return sum((factors[key] * key * p for key in (*x, y)), Value(0.0)) * factors[p]

    gradient = lift.compile(loss, [p]).gradient([[3.0, 3.0], [1.0, 2.0]], [3.0, 5.0])
    assert gradient == pytest.approx(2 * 1000 * ((3 + 30 + 300) + (1 + 20 + 500)) / 2)


@pytest.mark.parametrize(
    "loss",
    [
        lambda p, q, x: Value(p.data) * x,
        lambda p, q, x: (q * x - p.data) ** 2,
        lambda p, q, x: q * x + p.data * q,
        lambda p, q, x: q * x + (p if p.data > 1.0 else q),
    ],
)
@pytest.mark.parametrize("engine", ["numpy", "native"])
def test_a_loss_that_reads_the_data_of_a_parameter_is_refused(loss: Any, engine: str) -> None:
    """It is a constant of the graph, which would keep its number while the parameter learns."""
    if engine == "native":
        pytest.importorskip("minigrad.native._machine")
    p, q = Value(1.0), Value(0.5)
    fast = lift.compile(lambda x: loss(p, q, x), [p, q], engine=engine)
    with pytest.raises(lift.Disagreement, match=r"does the loss read their \.data, or branch"):
        fast.gradient([1.0, 2.0])
    assert (p.data, q.data) == (1.0, 0.5)


@pytest.mark.parametrize("parameters", [None, Value(1.0), nn.MLP(1, [1]), 3])
def test_parameters_are_a_list(parameters: Any) -> None:
    with pytest.raises(TypeError, match=r"a list of Values, as model\.parameters\(\), found"):
        lift.compile(lambda x: x, parameters)


@pytest.mark.parametrize("engine", ["cuda", None, 3])
def test_an_engine_that_is_not_there_is_named_with_those_that_are(engine: Any) -> None:
    with pytest.raises(ValueError, match=r"unknown engine .*: Known: eager, native, numpy"):
        lift.compile(lambda x: x, [Value(1.0)], engine=engine)


def test_a_function_of_other_arguments_is_refused() -> None:
    p = Value(2.0)
    with pytest.raises(lift.LiftError, match="missing 1 required positional argument: 't'"):
        lift.compile(lambda x, t: p * x - t, [p]).gradient([1.0])


def test_an_error_of_the_functions_own_comes_through() -> None:
    def loss(_: Any) -> Value:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        lift.compile(loss, [Value(1.0)]).gradient([1.0])


def test_a_parameter_that_comes_twice_is_refused_as_by_an_optimizer() -> None:
    p = Value(2.0)
    with pytest.raises(ValueError):
        lift.compile(lambda x: p * x, [p, p]).gradient([1.0, 2.0])


def test_an_operation_of_ones_own_is_refused_by_its_name() -> None:
    p = Value(2.0)

    def cubed(x: Value) -> Value:
        node = x * 1.0
        node.op, node.data = "cube", x.data**3
        return node

    with pytest.raises(lift.LiftError, match="'cube' has no array rule"):
        lift.compile(lambda x: cubed(p * x), [p]).gradient([1.0, 2.0])


def test_a_class_index_as_target_is_refused_by_what_to_give_instead() -> None:
    """Which class it is decides the graph; a probability a class does not."""
    model = nn.MLP(2, [3])
    loss = lambda x, t: nn.losses.cross_entropy(model(x), t)  # noqa: E731
    with pytest.raises(ValueError, match=r"probabilit|class"):
        lift.compile(loss, model.parameters()).gradient(INPUTS[:3], [0, 2, 1])
    fast = lift.compile(loss, model.parameters())
    one_hot = [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 1.0, 0.0]]
    lifted = fast.gradient(INPUTS[:3], one_hot), fast.parameters[0].grad.tolist()
    assert deviation(lifted, eagerly(loss, [INPUTS[:3], [0, 2, 1]], model.parameters())) < 1e-12
