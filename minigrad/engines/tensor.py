"""The tensor engine: the config's network as Tensors, with one graph of arrays a batch."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad.engines.eager import EagerEngine
from minigrad.lift.agreement import SAMPLES, Agreement, Gradient, compare_gradients
from minigrad.lift.checked import spread
from minigrad.nodes import first_break
from minigrad.tensor import Tensor
from nn import MLP, Linear, Module, Sequential
from nn.losses import Loss


class TensorEngine:
    """Tensors on NumPy, as written by hand, compared with eager at first

    It runs an nn.MLP, with the numbers that its Values have. `agreement` says how far the first
    batch was from eager's; None before it. The Values keep the numbers that they had.

    Raises ValueError for another model.
    """

    def __init__(self, model: Module, loss: Loss) -> None:
        if not isinstance(model, MLP):
            raise ValueError(f"engine: tensor runs an nn.MLP, not {model!r}")
        self.eager, self.values = EagerEngine(model, loss), model.parameters()
        self.network, self.loss = network_of(model), loss
        self.parameters = self.network.parameters()
        self.agreement: Agreement | None = None

    def prepare(self, inputs: Sequence[Sequence[float]], targets: Sequence[Any]) -> None:
        self._forward(np.array(inputs, dtype=float), np.array(targets, dtype=float))

    def gradient(
        self, inputs: Sequence[Sequence[float]], targets: Sequence[Any]
    ) -> tuple[float, list[list[float]]]:
        if self.agreement is None:
            self.agreement = self._agree(inputs, targets)
        loss, outputs = self._gradient(
            np.array(inputs, dtype=float), np.array(targets, dtype=float)
        )
        return loss, outputs.data.tolist()

    def evaluate(
        self, inputs: Sequence[Sequence[float]], targets: Sequence[Any]
    ) -> tuple[float, list[list[float]]]:
        mean, outputs = self._forward(np.array(inputs, dtype=float), np.array(targets, dtype=float))
        return mean.item(), outputs.data.tolist()

    def predict(self, inputs: Sequence[Sequence[float]]) -> list[list[float]]:
        outputs: list[list[float]] = self.network(np.array(inputs, dtype=float)).data.tolist()
        return outputs

    def _gradient(self, inputs: Any, targets: Any) -> tuple[float, Tensor]:
        mean, outputs = self._forward(inputs, targets)
        self.network.zero_grad()
        mean.backward()
        return mean.item(), outputs

    def _forward(self, inputs: Any, targets: Any) -> tuple[Tensor, Tensor]:
        outputs = self.network(inputs)
        losses: Any = self.loss(outputs, targets)
        mean = losses.mean()
        if not math.isfinite(mean.item()):
            raise ArithmeticError(f"the loss is {mean.item()}: {first_break(mean)}")
        return mean, outputs

    def _agree(self, inputs: Sequence[Any], targets: Sequence[Any]) -> Agreement:
        """Compare some samples of a batch with eager. Raises Disagreement."""
        chosen = spread(len(inputs), SAMPLES)
        some, labels = [inputs[i] for i in chosen], [targets[i] for i in chosen]
        expected = self._eagerly(some, labels)
        x, t = np.array(some, dtype=float), np.array(labels, dtype=float)
        actual = self._as_eager(self._gradient(x, t)[0])
        near = self._nudged(x, t)
        pairs = zip(actual.slopes, near.slopes, strict=True)
        noise = Gradient(16 * abs(near.loss - actual.loss), [16 * abs(a - b) for a, b in pairs])
        return compare_gradients(actual, expected, noise, len(chosen))

    def _eagerly(self, inputs: Sequence[Any], targets: Sequence[Any]) -> Gradient:
        """Eager's numbers where the Values have those of the Tensors, which is undone."""
        before = [(value.data, value.grad) for value in self.values]
        numbers = _in_order([parameter.data for parameter in self.parameters])
        try:
            for value, number in zip(self.values, numbers, strict=True):
                value.data = number
            loss, _ = self.eager.gradient(inputs, targets)
            return Gradient(loss, [value.grad for value in self.values])
        finally:
            for value, (number, grad) in zip(self.values, before, strict=True):
                value.data, value.grad = number, grad

    def _nudged(self, x: Any, t: Any) -> Gradient:
        """The numbers where every parameter and input has moved by a few units in its last place.

        What changes as much is rounding: it is what is left of a loss that has converged, or of
        slopes that cancel each other.
        """
        rng = np.random.default_rng(0)
        before = [parameter.data for parameter in self.parameters]
        try:
            for parameter in self.parameters:
                signs = rng.choice([-1, 1], parameter.shape)
                parameter.data = parameter.data * (1 + signs * 2**-49)
            return self._as_eager(self._gradient(x * (1 + 2**-49), t)[0])
        finally:
            for parameter, data in zip(self.parameters, before, strict=True):
                parameter.data = data

    def _as_eager(self, loss: float) -> Gradient:
        return Gradient(loss, _in_order([parameter.grad for parameter in self.parameters]))


def network_of(model: MLP) -> Sequential:
    """The same layers as Tensors, with the numbers that the Values have."""
    layers = []
    for layer in model.layers:
        n_in, n_out = len(layer.neurons[0].weights), len(layer.neurons)
        linear = Linear(n_in, n_out, layer.neurons[0].activation)
        linear.weight.data = [[value.data for value in one.weights] for one in layer.neurons]
        linear.bias.data = [one.bias.data for one in layer.neurons]
        layers.append(linear)
    return Sequential(*layers)


def _in_order(arrays: Sequence[Any]) -> list[float]:
    """Numbers of weights and biases, in turn, as the MLP lists its own: neuron by neuron."""
    numbers: list[float] = []
    for weight, bias in zip(arrays[::2], arrays[1::2], strict=True):
        numbers += np.column_stack([weight, bias]).ravel().tolist()
    return numbers
