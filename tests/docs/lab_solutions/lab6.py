# mypy: ignore-errors
"""Lab 6, solved."""

from lab3 import Node


class Neuron:
    def __init__(self, n_in, rng, linear=False):
        self.weights = [Node(rng.uniform(-1, 1)) for _ in range(n_in)]
        self.bias = Node(0.0)
        self.linear = linear

    def __call__(self, x):
        if len(x) != len(self.weights):
            raise ValueError(f"a neuron of {len(self.weights)} inputs was given {len(x)}")
        total = self.bias
        for weight, number in zip(self.weights, x, strict=True):
            total = total + weight * number
        return total if self.linear else total.tanh()

    def parameters(self):
        return [*self.weights, self.bias]


class Layer:
    def __init__(self, n_in, n_out, rng, linear=False):
        self.neurons = [Neuron(n_in, rng, linear) for _ in range(n_out)]

    def __call__(self, x):
        return [neuron(x) for neuron in self.neurons]

    def parameters(self):
        return [parameter for neuron in self.neurons for parameter in neuron.parameters()]


class MLP:
    def __init__(self, n_in, sizes, rng):
        self.layers = []
        for index, size in enumerate(sizes):
            self.layers.append(Layer(n_in, size, rng, linear=index == len(sizes) - 1))
            n_in = size

    def __call__(self, x):
        for layer in self.layers:
            x = layer(x)
        return x

    def parameters(self):
        return [parameter for layer in self.layers for parameter in layer.parameters()]
