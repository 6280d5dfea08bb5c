import math
import random

import pytest
from judge import refuses, same
from lab3 import Node
from lab5 import backward
from lab6 import MLP, Layer, Neuron

import nn

pytestmark = pytest.mark.lab6


def _set(parameters, numbers):
    same("number of parameters", len(parameters), len(numbers), "All weights, and the bias.")
    for parameter, number in zip(parameters, numbers, strict=True):
        parameter.data = number


def _data(nodes):
    return [node.data for node in nodes]


def test_a_linear_neuron_adds_up_weighted_inputs():
    neuron = Neuron(3, random.Random(0), linear=True)
    _set(neuron.parameters(), [1.0, 2.0, 3.0, 10.0])
    hint = "10 + 1 * 0.5 + 2 * -1 + 3 * 2. parameters() gives the weights first, the bias last."
    same("weights 1, 2, 3, bias 10, inputs 0.5, -1, 2", neuron([0.5, -1.0, 2.0]).data, 14.5, hint)


def test_a_neuron_bends_its_sum():
    neuron = Neuron(2, random.Random(0))
    _set(neuron.parameters(), [1.0, -1.0, 0.25])
    hint = "tanh of the whole sum, the bias included."
    output = neuron([0.5, 0.25]).data
    same("weights 1, -1, bias 0.25, inputs 0.5, 0.25, tanh", output, math.tanh(0.5), hint)


def test_weights_start_between_minus_1_and_1_and_the_bias_at_0():
    numbers = _data(Neuron(50, random.Random(0)).parameters())
    hint = "rng.uniform(-1, 1) draws one number. Draw one for each weight."
    inside = all(-1 <= number <= 1 for number in numbers)
    same("all weights lie between -1 and 1", inside, True, hint)
    same("different weights among 50", len(set(numbers[:-1])), 50, hint)
    same("the bias", numbers[-1], 0.0, "Node(0.0)")


def test_the_same_seed_makes_the_same_neuron():
    first, again, other = (_data(Neuron(5, random.Random(s)).parameters()) for s in (1, 1, 2))
    hint = "Draw from the rng that was given, not from the module random."
    same("weights of seed 1, made twice", first, again, hint)
    same("weights of seeds 1 and 2 are equal", first == other, False, hint)


def test_a_neuron_refuses_inputs_that_do_not_fit():
    neuron = Neuron(3, random.Random(0))
    hint = "Check len(x), and raise ValueError with both numbers. zip alone drops what is too many."
    for x in ([1.0, 2.0], [1.0, 2.0, 3.0, 4.0]):
        refuses(
            f"a neuron of 3 inputs, given {len(x)}", lambda x=x: neuron(x), ["3", str(len(x))], hint
        )


def test_a_layer_hands_the_same_inputs_to_each_neuron():
    layer = Layer(3, 2, random.Random(0), linear=True)
    _set(layer.parameters(), [1.0, 2.0, 3.0, 0.0, 4.0, 5.0, 6.0, 0.5])
    hint = "A list, one answer for each neuron. Parameters: those of the first neuron come first."
    same("answers of a linear layer", _data(layer([0.5, -1.0, 2.0])), [4.5, 9.5], hint)


def test_the_neurons_of_a_layer_differ():
    numbers = _data(Layer(2, 3, random.Random(0)).parameters())
    hint = "Two neurons alike stay alike for ever: they receive the same gradients. Share one rng."
    same("different weights in 3 neurons of 2", len(set(numbers) - {0.0}), 6, hint)


def test_the_gradients_of_a_layer_are_those_of_theory_page_6():
    layer = Layer(3, 2, random.Random(0), linear=True)
    _set(layer.parameters(), [1.0, 2.0, 3.0, 0.0, 4.0, 5.0, 6.0, 0.0])
    x = [Node(0.5), Node(-1.0), Node(2.0)]
    first, second = layer(x)
    backward(0.5 * first - second)
    hint = "A weight receives its input, a bias 1, both times what arrives: 0.5 and -1."
    expected = [0.25, -0.5, 1.0, 0.5, -0.5, 1.0, -2.0, -1.0]
    same("gradients of the parameters", [p.grad for p in layer.parameters()], expected, hint)
    hint = "Inputs may be Nodes: use them as they are, so that gradients pass through."
    same("gradients of the inputs", [node.grad for node in x], [-3.5, -4.0, -4.5], hint)


def test_a_network_of_2_8_1_has_33_parameters():
    parameters = MLP(2, [8, 1], random.Random(0)).parameters()
    hint = "8 neurons of 2 weights and a bias, 1 neuron of 8 weights and a bias."
    same("number of parameters of MLP(2, [8, 1])", len(parameters), 33, hint)
    same("different objects among them", len(set(parameters)), 33, hint)


@pytest.mark.parametrize("sizes", [[1], [3, 2], [4, 3, 1]], ids=str)
def test_the_network_answers_as_minigrads_does(sizes):
    own = MLP(2, sizes, random.Random(5))
    theirs = nn.MLP(2, sizes, activation="tanh")
    _set(theirs.parameters(), _data(own.parameters()))
    hint = "Each layer reads the one before. Hidden layers bend by tanh; the last one is linear."
    expected = [float(output) for output in theirs([0.3, -2.0])]
    same(f"MLP(2, {sizes}) at 0.3, -2", _data(own([0.3, -2.0])), expected, hint)
