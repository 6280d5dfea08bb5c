"""Engines run a model over a batch; the trainer does not depend on which one it uses."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeAlias

import minigrad.neighbours  # noqa: F401 - says which file hides nn or optim
from minigrad.engines.eager import EagerEngine
from minigrad.lift.agreement import Agreement, Disagreement
from minigrad.registry import Registry
from nn import Module
from nn.losses import Loss

__all__ = ["ENGINES", "Agreement", "Disagreement", "Engine", "Outputs"]

Outputs: TypeAlias = list[list[float]]


class Engine(Protocol):
    """What the trainer needs of an engine. Inputs are one list of features a sample."""

    @property
    def parameters(self) -> Sequence[Any]:
        """What an optimizer updates: objects with `.data` and `.grad`."""

    @property
    def agreement(self) -> Agreement | None:
        """The deviation of the first step from eager; None before it, and for eager itself."""

    def prepare(self, inputs: Sequence[Sequence[float]], targets: Sequence[Any]) -> None:
        """Prepare for batches like this one. Raises ValueError for a model that it cannot run."""

    def gradient(
        self, inputs: Sequence[Sequence[float]], targets: Sequence[Any]
    ) -> tuple[float, Any]:
        """The mean loss of a batch and the outputs; sets each parameter's `grad`.

        The outputs are lists, or an array [batch, outputs] that is good until the next call: to
        list the outputs of 4,000 samples takes as long as their step.

        Raises ArithmeticError, naming the operation, where the loss is not finite, and
        Disagreement where the first batch does not agree with eager.
        """

    def evaluate(
        self, inputs: Sequence[Sequence[float]], targets: Sequence[Any]
    ) -> tuple[float, Outputs]:
        """The mean loss and the outputs, without gradients."""

    def predict(self, inputs: Sequence[Sequence[float]]) -> Outputs:
        """The outputs alone; `prepare` comes first."""


ENGINES: Registry[Callable[[Module, Loss], Engine]] = Registry("engine")
ENGINES["eager"] = EagerEngine


@ENGINES.register_as("numpy")
def _numpy(model: Module, loss: Loss) -> Engine:
    """The scalar graph lifted into array operations: the same numbers, far faster"""
    from minigrad.engines.arrays import NumpyEngine  # here, since it imports numpy

    return NumpyEngine(model, loss)


@ENGINES.register_as("tensor")
def _tensor(model: Module, loss: Loss) -> Engine:
    """Tensors on NumPy, as written by hand, with a graph of arrays for each batch"""
    from minigrad.engines.tensor import TensorEngine  # here, since it imports numpy

    return TensorEngine(model, loss)


@ENGINES.register_as("native")
def _native(model: Module, loss: Loss) -> Engine:
    """The lifted model on a machine written in C, whose bits no processor changes"""
    from minigrad.engines.native import NativeEngine  # here, since it imports numpy

    return NativeEngine(model, loss)
