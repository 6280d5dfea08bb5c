"""Linear and Sequential compute what Layer and MLP do, for a whole batch at once."""

import copy
import pickle
import random
from typing import Any

import numpy as np
import pytest

import nn
import optim
from minigrad import Tensor, Value
from minigrad.gradcheck import gradcheck
from nn.initialisers import INITIALISERS
from optim.clipping import clip_grad_norm, clip_grad_value


@pytest.mark.parametrize("init", sorted(INITIALISERS))
def test_the_numbers_are_those_that_layer_draws(init: str) -> None:
    linear = nn.Linear(3, 4, "tanh", init=init, rng=random.Random(7))
    layer = nn.Layer(3, 4, "tanh", init=init, rng=random.Random(7))
    rows = [[weight.data for weight in neuron.weights] for neuron in layer.neurons]
    assert linear.weight.data.tolist() == rows
    assert linear.bias.data.tolist() == [0.0] * 4
    x = [0.3, -1.2, 0.8]
    assert linear(x).data.tolist() == pytest.approx([value.data for value in layer(x)], rel=1e-14)
    twin = nn.Linear(3, 4, init=init)
    assert twin.weight.data.tolist() == nn.Linear(3, 4, init=init).weight.data.tolist()


def test_the_state_has_pytorchs_names_and_shapes() -> None:
    model = nn.Sequential(nn.Linear(64, 32, "relu"), nn.activations.tanh, nn.Linear(32, 10))
    state = model.state_dict()
    assert {name: array.shape for name, array in state.items()} == {
        "0.weight": (32, 64),
        "0.bias": (32,),
        "2.weight": (10, 32),
        "2.bias": (10,),
    }
    assert len(model) == 64 * 32 + 32 + 32 * 10 + 10
    assert next(name for name, _ in model.named_parameters("net.")) == "net.0.weight"
    assert isinstance(model[0], nn.Linear)


def test_a_state_round_trips_as_arrays_and_as_lists_and_is_a_copy() -> None:
    model, twin = (nn.Sequential(nn.Linear(2, 3, rng=random.Random(s))) for s in (1, 2))
    state = model.state_dict()
    twin.load_state_dict(state)
    assert twin.state_dict()["0.weight"].tolist() == state["0.weight"].tolist()
    twin.load_state_dict({name: array.tolist() for name, array in state.items()})
    before = model[0].weight.data.tolist()  # type: ignore[attr-defined]
    state["0.weight"][0, 0] = 99.0
    assert model[0].weight.data.tolist() == before  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("wrong", "error", "words"),
    [
        ({"weight": np.zeros((3, 2))}, ValueError, r"weight has the shape \(2, 3\), not \(3, 2\)"),
        ({"bias": [1, 2]}, TypeError, "'bias' holds float64, not int64"),
        ({"bias": np.zeros(2, np.float32)}, TypeError, "float32"),
        ({"offset": [0.0, 0.0]}, ValueError, "unknown offset"),
    ],
)
def test_a_state_that_does_not_fit_is_refused_by_name_and_shape(
    wrong: dict[str, Any], error: Any, words: str
) -> None:
    linear = nn.Linear(3, 2)
    before = {name: array.tolist() for name, array in linear.state_dict().items()}
    with pytest.raises(error, match=words):
        linear.load_state_dict({**linear.state_dict(), **wrong})
    assert {name: array.tolist() for name, array in linear.state_dict().items()} == before


def test_inputs_of_another_length_are_refused_with_their_shape() -> None:
    with pytest.raises(ValueError, match=r"Linear of 3 inputs .* given inputs of shape \(5, 2\)"):
        nn.Linear(3, 2)(np.zeros((5, 2)))
    with pytest.raises(ValueError, match="at least 1"):
        nn.Linear(0, 2)


def test_batches_of_any_number_of_axes_are_taken() -> None:
    linear = nn.Linear(3, 2, "tanh")
    x = np.random.default_rng(0).normal(size=(4, 5, 3))
    assert linear(x).shape == (4, 5, 2)
    np.testing.assert_allclose(linear(x).data[1, 2], linear(x[1, 2]).data, rtol=1e-14)
    report = gradcheck(lambda x: (linear(x) * x.sum()).sum(), [x[:2, :1]])
    assert report.checked == 6


def test_values_and_tensors_live_in_one_module() -> None:
    class Scaled(nn.Module):
        def __init__(self) -> None:
            self.scale, self.linear = Value(2.0), nn.Linear(2, 1)

    model = Scaled()
    assert [name for name, _ in model.named_parameters()] == [
        *("scale", "linear.weight", "linear.bias"),
    ]
    assert len(model) == 4
    for parameter in model.parameters():
        parameter.grad = parameter.grad + 1.0
    model.zero_grad()
    assert all(not np.any(parameter.grad) for parameter in model.parameters())


@pytest.mark.parametrize("name", ["bce", "mse", "mae", "huber", "hinge"])
def test_a_batch_has_one_loss_a_sample_as_values_have(name: str) -> None:
    loss: Any = nn.losses.LOSSES[name]
    rng = np.random.default_rng(3)
    outputs, targets = rng.normal(size=(5, 3)) * 2, (rng.random((5, 3)) > 0.5) * 1.0
    expected = [
        loss([Value(float(x)) for x in row], [float(t) for t in labels]).data
        for row, labels in zip(outputs, targets, strict=True)
    ]
    assert loss(Tensor(outputs), targets).data.tolist() == pytest.approx(expected, rel=1e-13)
    single = loss(Tensor(outputs[:, :1]), targets[:, 0])
    assert single.shape == (5,)
    assert loss(Tensor(outputs[:, :1]), targets[:, :1]).data.tolist() == single.data.tolist()
    assert loss(Tensor(outputs[:, 0]), targets[:, 0]).data.tolist() == single.data.tolist()
    assert loss(Tensor(0.5), 1.0).shape == ()


@pytest.mark.parametrize("targets", [np.zeros(5), np.zeros((3, 5)), 0.0, np.zeros((5, 1))])
def test_targets_are_not_broadcast_against_outputs(targets: Any) -> None:
    with pytest.raises(ValueError, match=r"mse was given outputs of shape \(5, 3\) and targets of"):
        nn.losses.mse(Tensor(np.zeros((5, 3))), targets)


def test_cross_entropy_takes_class_indices_or_probabilities() -> None:
    logits = np.random.default_rng(2).normal(size=(4, 3))
    labels = [2, 0, 1, 1]
    loss: Any = nn.losses.cross_entropy
    expected = [
        loss([Value(float(x)) for x in row], label).data
        for row, label in zip(logits, labels, strict=True)
    ]
    for target in (labels, np.array(labels), np.array(labels) * 1.0, np.eye(3)[labels]):
        assert loss(Tensor(logits), target).data.tolist() == pytest.approx(expected, rel=1e-13)
    assert float(loss(Tensor(logits[0]), 2)) == pytest.approx(expected[0], rel=1e-13)
    stacked = loss(Tensor(logits.reshape(2, 2, 3)), np.reshape(labels, (2, 2)))
    assert stacked.data.ravel().tolist() == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ([0, 1, 2, 3], r"classes 0 to 2, not 3\.0"),
        ([0, 1, -1, 0], r"not -1\.0"),
        ([0, 1, 0.5, 0], r"not 0\.5"),
        ([0, 1, float("nan"), 0], "not nan"),
        ([0, 1], r"logits of shape \(4, 3\) and targets of shape \(2,\)"),
    ],
)
def test_classes_that_are_not_there_are_refused(target: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        nn.losses.cross_entropy(Tensor(np.zeros((4, 3))), target)


def test_optimizers_and_clipping_serve_tensors_unchanged() -> None:
    x = Tensor([[3.0, 4.0]])
    x.backward([[3.0, 4.0]])
    assert clip_grad_norm([x], max_norm=1.0) == 5.0
    assert x.grad.tolist() == [pytest.approx([0.6, 0.8], rel=1e-6)]
    clip_grad_value([x], clip_value=0.7)
    assert x.grad.max() == 0.7
    optimizer = optim.SGD([x], lr=0.5)
    optimizer.step()
    assert x.data.tolist() == [pytest.approx([2.7, 3.65], rel=1e-6)]
    optimizer.zero_grad()
    assert x.grad.tolist() == [[0.0, 0.0]]


@pytest.mark.parametrize("way", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_a_model_is_copied(way: Any) -> None:
    model = nn.Sequential(nn.Linear(2, 3, "tanh"), nn.Linear(3, 1))
    twin = way(model)
    assert twin([[0.5, 1.0]]).data.tolist() == model([[0.5, 1.0]]).data.tolist()
    twin[0].weight.data = np.zeros((3, 2))
    assert model[0].weight.data.any()  # type: ignore[attr-defined]
