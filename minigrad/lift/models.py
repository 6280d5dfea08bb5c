"""A model's loss as an array program: what the engines run."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad.lift.kernels import Array
from minigrad.lift.lifted import Lifted
from minigrad.value import Value
from nn import Module
from nn.losses import LOSSES, TASKS, Loss


def lift_model(model: Module, loss: Loss, features: Sequence[float], target: Any) -> Lifted:
    """The array program of a model's loss and outputs, traced on one sample. Raises LiftError.

    `model` is a callable module from features to a list of outputs. A class index would choose a
    branch, so a loss of classes is traced with one probability each.
    """
    outputs_of: Any = model

    def loss_of_sample(x: Sequence[Value], target: Any) -> tuple[Value, list[Value]]:
        outputs = outputs_of(x)
        return loss(outputs, target), outputs

    if takes_classes(loss) and not isinstance(target, Sequence):
        classes = len(outputs_of(features))
        target = [float(index == target) for index in range(classes)]
    return Lifted(loss_of_sample, [features, target], model.parameters())


def takes_classes(loss: Loss) -> bool:
    """Whether its targets are class indices."""
    return any(LOSSES.get(name) is loss for name, task in TASKS.items() if task == "classes")


def one_hot(labels: Array, classes: int) -> Array:
    """[..., batch] class indices as [..., batch, classes] probabilities. Raises ValueError."""
    odd = labels[~np.isin(labels, np.arange(classes))]
    if odd.size:
        raise ValueError(f"there are classes 0 to {classes - 1}, not {odd.flat[0]:g}")
    probabilities: Array = np.equal(labels[..., None], np.arange(classes)).astype(float)
    return probabilities
