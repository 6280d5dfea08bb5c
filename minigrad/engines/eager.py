"""The eager engine: one graph of Values a batch, exactly as the code reads."""

import gc
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from minigrad.value import Value, topological_order
from nn import Module
from nn.losses import Loss


class EagerEngine:
    """Values as the code reads, sample by sample; it can be stepped through

    `model` is a callable module from features to a list of outputs.
    """

    def __init__(self, model: Module, loss: Loss) -> None:
        self.model: Any = model
        self.loss = loss
        self.parameters = model.parameters()
        self.agreement = None  # it is what others are held against

    def prepare(self, inputs: Sequence[Sequence[float]], targets: Sequence[Any]) -> None:
        """Any model will do."""

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
                    raise ArithmeticError(f"the loss is {loss.data}: {_first_break(loss)}")
                losses.append(loss.data)
                outputs.append([output.data for output in prediction])
        total = losses[0]
        for number in losses[1:]:  # in gradient()'s order: the same mean, to the bit
            total += number
        return total / len(losses), outputs

    def predict(self, inputs: Sequence[Sequence[float]]) -> list[list[float]]:
        return [[output.data for output in self.model(features)] for features in inputs]

    def _gradient(
        self, inputs: Sequence[Sequence[float]], targets: Sequence[Any]
    ) -> tuple[float, list[list[float]]]:
        for parameter in self.parameters:
            parameter.grad = 0.0
        loss, outputs = self._mean_loss(inputs, targets)
        loss.backward()
        return loss.data, outputs

    def _mean_loss(
        self, inputs: Sequence[Sequence[float]], targets: Sequence[Any]
    ) -> tuple[Value, list[list[float]]]:
        losses, outputs = [], []
        for features, target in zip(inputs, targets, strict=True):
            prediction = self.model(features)
            losses.append(self.loss(prediction, target))
            outputs.append([output.data for output in prediction])
        return mean_loss(losses), outputs


def mean_loss(losses: Sequence[Value]) -> Value:
    """Raises ArithmeticError, naming the operation, if it is not finite."""
    total = losses[0]
    for loss in losses[1:]:
        total = total + loss
    mean = total / len(losses)
    if not math.isfinite(mean.data):
        raise ArithmeticError(f"the loss is {mean.data}: {_first_break(mean)}")
    return mean


def _first_break(root: Value) -> str:
    """The first operation whose result is not finite; a parameter may have been so before it."""
    for node in topological_order(root):
        if not math.isfinite(node.data):
            numbers = ", ".join(repr(parent.data) for parent in node.parents)
            return f"the first operation to break was {node.op} of {numbers}, giving {node.data}"
    return "no operation broke"


@contextmanager
def collector_paused() -> Iterator[None]:
    """Within, Python's garbage collector rests."""
    # A graph has no cycles, so reference counts free it; the collector would only walk the
    # live graph again and again while it grows, which costs several times the arithmetic. For
    # the same reason the graph must be gone, with the frame that held it, before it is resumed.
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
