"""The multi-layer perceptron: neurons, layers of them, and a stack of layers."""

import random
from collections.abc import Callable, Sequence

from minigrad.value import Number, Value, dot, operands
from nn.activations import ACTIVATIONS, Activation
from nn.initialisers import INITIALISERS
from nn.module import Module


class Neuron(Module):
    """activation(bias + w[0] * x[0] + ... + w[n_in - 1] * x[n_in - 1])

    `activation` is a name or a function; `init` draws the weights from `rng` (default: a generator
    seeded with 0, never the global one); `fan_out` is the width of the layer it belongs to.
    """

    def __init__(
        self,
        n_in: int,
        activation: str | Activation = "linear",
        *,
        init: str = "glorot",
        fan_out: int = 1,
        rng: random.Random | None = None,
    ) -> None:
        self.weights = [Value(0.0) for _ in range(n_in)]
        self.bias = Value(0.0)
        self.init, self.fan_out = init, fan_out
        self.reset_parameters(rng or random.Random(0))
        self.activation = ACTIVATIONS[activation] if isinstance(activation, str) else activation

    def reset_parameters(self, rng: random.Random) -> None:
        """Draw new weights from `rng`, and set the bias to 0."""
        draw, fan_in = INITIALISERS[self.init], len(self.weights)
        for weight in self.weights:
            weight.data = Value(draw(fan_in, self.fan_out, rng)).data  # Value accepts any number
        self.bias.data = 0.0

    def __call__(self, x: Sequence[Number]) -> Value:
        if len(x) != len(self.weights):
            raise ValueError(f"{self!r} was given {len(x)} inputs")
        return self.activation(dot(self.weights, x, self.bias))

    def __repr__(self) -> str:
        return f"Neuron of {len(self.weights)} inputs"


class Layer(Module):
    """`n_out` neurons that read the same `n_in` inputs."""

    def __init__(
        self,
        n_in: int,
        n_out: int,
        activation: str | Activation = "linear",
        *,
        init: str = "glorot",
        rng: random.Random | None = None,
    ) -> None:
        rng = rng or random.Random(0)
        self.neurons = [
            Neuron(n_in, activation, init=init, fan_out=n_out, rng=rng) for _ in range(n_out)
        ]

    def reset_parameters(self, rng: random.Random) -> None:
        """Draw all weights again from `rng`, and set the biases to 0."""
        for neuron in self.neurons:
            neuron.reset_parameters(rng)

    def __call__(self, x: Sequence[Number]) -> list[Value]:
        signal = operands(x)  # a plain number becomes one constant with many readers
        # __call__ by its name, which Python takes sooner than neuron(signal): 4 % of a step of XOR
        return [neuron.__call__(signal) for neuron in self.neurons]

    def __repr__(self) -> str:
        return f"Layer of {len(self.neurons)} neurons with {len(self.neurons[0].weights)} inputs"


class MLP(Module):
    """Layers of the given `sizes`, each reading the one before. The last layer is linear.

    `activation` is one for all hidden layers or a list of one a hidden layer.

    >>> model = MLP(2, [8, 1], activation="tanh", rng=random.Random(0))
    >>> model
    MLP of sizes 2-8-1, tanh: 33 parameters
    >>> len(model([0.0, 1.0]))
    1

    Raises ValueError for sizes that make no network and for inputs of another length.
    """

    def __init__(
        self,
        n_in: int,
        sizes: Sequence[int],
        activation: str | Activation | Sequence[str | Activation] = "tanh",
        *,
        init: str = "glorot",
        rng: random.Random | None = None,
    ) -> None:
        rng = rng or random.Random(0)
        self.sizes = (n_in, *sizes)
        if not sizes or any(size < 1 for size in self.sizes):
            raise ValueError(f"an MLP needs layers of at least 1, found sizes {self.sizes}")
        hidden = len(sizes) - 1
        if isinstance(activation, str) or not isinstance(activation, Sequence):
            activation = [activation] * hidden
        activations = list(activation)
        if len(activations) != hidden:
            raise ValueError(f"{hidden} hidden layers cannot have {len(activations)} activations")
        self.layers = [
            Layer(n, m, act, init=init, rng=rng)
            for n, m, act in zip(self.sizes[:-1], sizes, [*activations, "linear"], strict=True)
        ]

    def reset_parameters(self, rng: random.Random) -> None:
        """Draw all weights again from `rng`, as a new MLP would, and set the biases to 0."""
        for layer in self.layers:
            layer.reset_parameters(rng)

    def __call__(self, x: Sequence[Number]) -> list[Value]:
        if len(x) != self.sizes[0]:
            raise ValueError(f"{self!r} was given {len(x)} inputs")
        first, *rest = self.layers
        signal = first(x)
        for layer in rest:
            signal = layer(signal)
        return signal

    def __repr__(self) -> str:
        names = dict.fromkeys(_name(layer.neurons[0].activation) for layer in self.layers[:-1])
        sizes = "-".join(map(str, self.sizes))
        return f"MLP of sizes {sizes}, {' '.join(names) or 'linear'}: {len(self)} parameters"


def _name(function: Callable[..., object]) -> str:
    return getattr(function, "__name__", repr(function))
