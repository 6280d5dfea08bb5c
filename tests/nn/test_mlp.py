"""Modules: their parameters, their randomness, and what they refuse."""

import math
import random
import statistics
from collections.abc import Callable
from typing import Any

import pytest

import nn
from minigrad import Value
from nn.activations import ACTIVATIONS


def test_a_neuron_computes_bias_plus_products_through_its_activation() -> None:
    neuron = nn.Neuron(2, "tanh")
    neuron.load_state_dict({"weights.0": 0.5, "weights.1": -1.0, "bias": 0.25})
    assert neuron([2.0, 3.0]).data == math.tanh(0.25 + 0.5 * 2.0 - 3.0)


def test_an_mlp_gives_a_list_also_for_one_output() -> None:
    out = nn.MLP(2, [3, 1])([0.0, 1.0])
    assert isinstance(out, list)
    assert len(out) == 1


def test_the_last_layer_is_linear() -> None:
    model = nn.MLP(1, [2, 1], activation="relu")
    model.load_state_dict({name: -1.0 for name, _ in model.named_parameters()})
    assert model([-3.0])[0].data == -1.0 + 2 * -1.0 * 2.0


def test_hidden_layers_may_have_an_activation_each() -> None:
    model = nn.MLP(1, [1, 1, 1], activation=["relu", Value.tanh])
    model.load_state_dict({name: 1.0 for name, _ in model.named_parameters()})
    assert model([1.0])[0].data == pytest.approx(1 + math.tanh(1 + 2.0))


def test_the_same_generator_seed_gives_the_same_weights_and_the_global_one_is_left_alone() -> None:
    random.seed(1)
    before = random.getstate()
    one, two, other = (nn.MLP(3, [4, 2], rng=random.Random(seed)) for seed in (5, 5, 6))
    assert one.state_dict() == two.state_dict() != other.state_dict()
    assert nn.MLP(3, [4, 2]).state_dict() == nn.MLP(3, [4, 2]).state_dict()
    assert random.getstate() == before


def test_parameters_are_named_and_counted() -> None:
    model = nn.MLP(2, [8, 1])
    names = [name for name, _ in model.named_parameters()]
    assert names[:3] == [f"layers.0.neurons.0.{p}" for p in ("weights.0", "weights.1", "bias")]
    assert len(names) == len(set(names)) == len(model.parameters()) == len(model) == 33
    assert repr(model) == "MLP of sizes 2-8-1, tanh: 33 parameters"


def test_a_module_is_true_even_without_parameters_and_shows_its_sizes() -> None:
    assert len(nn.Module()) == 0
    assert nn.Module()
    assert repr(nn.Layer(2, 3)) == "Layer of 3 neurons with 2 inputs"


def test_zero_grad_clears_every_parameter() -> None:
    model = nn.MLP(2, [2, 1])
    model([1.0, 2.0])[0].backward()
    assert any(p.grad for p in model.parameters())
    model.zero_grad()
    assert not any(p.grad for p in model.parameters())


def test_state_dict_round_trips_to_the_bit() -> None:
    model, twin = nn.MLP(2, [3, 1], rng=random.Random(1)), nn.MLP(2, [3, 1], rng=random.Random(2))
    twin.load_state_dict(model.state_dict())
    assert twin.state_dict() == model.state_dict()


def test_a_state_that_does_not_fit_is_refused_by_name_and_changes_nothing() -> None:
    neuron = nn.Neuron(1)
    before = neuron.state_dict()
    with pytest.raises(ValueError, match=r"missing weights\.0; unknown weight"):
        neuron.load_state_dict({"weight": 1.0, "bias": 2.0})
    assert neuron.state_dict() == before


def test_one_number_that_is_none_changes_nothing_wherever_it_stands() -> None:
    model = nn.MLP(2, [2, 1])
    before = model.state_dict()
    for name in before:
        state: dict[str, Any] = {**dict.fromkeys(before, 2.0), name: "x"}
        with pytest.raises(TypeError, match="'x'"):
            model.load_state_dict(state)
        assert model.state_dict() == before


@pytest.mark.parametrize(
    ("call", "numbers"),
    [
        (lambda: nn.Neuron(2)([1, 2, 3]), ("2 inputs", "3 inputs")),
        (lambda: nn.Layer(2, 4)([1.0]), ("2 inputs", "1 inputs")),
        (lambda: nn.MLP(2, [1])([1, 2, 3]), ("2-1", "3 inputs")),
        (lambda: nn.MLP(2, [3, 0]), ("(2, 3, 0)",)),
        (lambda: nn.MLP(2, []), ("(2,)",)),
        (lambda: nn.MLP(2, [3, 1], activation=["relu", "tanh"]), ("1 hidden", "2 activations")),
        (lambda: nn.MLP(2, [3, 1], activation="tahn"), ("'tahn'", "did you mean 'tanh'")),
        (lambda: nn.Neuron(2, init="glorott"), ("'glorott'", "did you mean 'glorot'")),
    ],
)
def test_what_does_not_fit_is_refused_with_both_numbers(
    call: Callable[[], object], numbers: tuple[str, ...]
) -> None:
    with pytest.raises(ValueError) as caught:
        call()
    assert all(number in str(caught.value) for number in numbers), caught.value


def test_inputs_that_are_values_receive_gradients() -> None:
    x = [Value(1.0), Value(2.0)]
    nn.MLP(2, [3, 1])(x)[0].backward()
    assert all(value.grad != 0 for value in x)


def weights(init: str) -> list[float]:
    """4,000 weights of a layer with 80 inputs and 50 outputs."""
    layer = nn.Layer(80, 50, init=init, rng=random.Random(0))
    assert all(neuron.bias.data == 0.0 for neuron in layer.neurons)
    return [weight.data for neuron in layer.neurons for weight in neuron.weights]


@pytest.mark.parametrize(
    ("init", "bound"),
    [("uniform", 1.0), ("lecun", math.sqrt(3 / 80)), ("glorot", math.sqrt(6 / (80 + 50)))],
)
def test_uniform_initialisers_fill_their_interval_evenly(init: str, bound: float) -> None:
    drawn = weights(init)
    assert 0.99 * bound < max(drawn) <= bound
    assert -bound <= min(drawn) < -0.99 * bound
    assert statistics.pvariance(drawn, 0.0) == pytest.approx(bound**2 / 3, rel=0.05)


@pytest.mark.parametrize(("init", "deviation"), [("normal", 1.0), ("he", math.sqrt(2 / 80))])
def test_normal_initialisers_have_their_deviation_and_tails(init: str, deviation: float) -> None:
    drawn = weights(init)
    assert statistics.pstdev(drawn, 0.0) == pytest.approx(deviation, rel=0.05)
    within = sum(abs(weight) < deviation for weight in drawn) / len(drawn)
    assert within == pytest.approx(0.683, abs=0.02)


@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
def test_every_activation_works_by_name_in_a_hidden_layer(name: str) -> None:
    model = nn.MLP(1, [1, 1], activation=name)
    model.load_state_dict({parameter: 1.0 for parameter, _ in model.named_parameters()})
    assert model([0.5])[0].data == 1.0 + ACTIVATIONS[name](Value(1.5)).data


@pytest.mark.parametrize("init", nn.initialisers.INITIALISERS)
def test_parameters_drawn_anew_are_those_of_a_new_model(init: str) -> None:
    model = nn.MLP(2, [3, 1], init=init, rng=random.Random(1))
    parameters = model.parameters()
    for parameter in parameters:
        parameter.data = 7.0
    model.reset_parameters(random.Random(2))
    assert model.state_dict() == nn.MLP(2, [3, 1], init=init, rng=random.Random(2)).state_dict()
    assert model.parameters() == parameters, "the same Values, with other numbers"
