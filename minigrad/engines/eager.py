"""The eager engine: one graph of Values a batch, exactly as the code reads."""

import math
from collections.abc import Sequence
from typing import Any

from minigrad.nodes import collector_paused, first_break
from nn import Module
from nn.losses import Loss, mean_loss


class EagerEngine:
    """Values as the code reads, sample by sample; it can be stepped through

    `model` is a callable module from features to a list of outputs.
    """

    def __init__(self, model: Module, loss: Loss) -> None:
        self.model: Any = model
        self.loss = loss
        self.parameters = model.parameters()
        self.agreement = None  # other engines are compared with it

    def prepare(self, inputs: Sequence[Sequence[float]], targets: Sequence[Any]) -> None:
        """Runs any model."""

    def gradient(
        self, inputs: Sequence[Sequence[float]], targets: Sequence[Any]
    ) -> tuple[float, list[list[float]]]:
        with collector_paused():
            return self._gradient(inputs, targets)

    def evaluate(
        self, inputs: Sequence[Sequence[float]], targets: Sequence[Any]
    ) -> tuple[float, list[list[float]]]:
        losses, outputs = [], []
        with collector_paused():
            for features, target in zip(inputs, targets, strict=True):
                prediction = self.model(features)
                loss = self.loss(prediction, target)
                if not math.isfinite(loss.data):
                    raise ArithmeticError(f"the loss is {loss.data}: {first_break(loss)}")
                losses.append(loss.data)
                outputs.append([output.data for output in prediction])
        total = losses[0]
        for number in losses[1:]:  # in the order of gradient(): the same mean, to the bit
            total += number
        return total / len(losses), outputs

    def predict(self, inputs: Sequence[Sequence[float]]) -> list[list[float]]:
        return [[output.data for output in self.model(features)] for features in inputs]

    def _gradient(
        self, inputs: Sequence[Sequence[float]], targets: Sequence[Any]
    ) -> tuple[float, list[list[float]]]:
        for parameter in self.parameters:
            parameter.grad = 0.0
        losses, outputs = [], []
        for features, target in zip(inputs, targets, strict=True):
            prediction = self.model(features)
            losses.append(self.loss(prediction, target))
            outputs.append([output.data for output in prediction])
        loss = mean_loss(losses)
        loss.backward()
        return loss.data, outputs
