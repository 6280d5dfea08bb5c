"""Losses by name. Your own: a function of one sample's outputs and its target, decorated with
`@LOSSES.register`; if it classifies, say in CORRECT when an output counts as right.
"""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, TypeAlias

from minigrad.registry import Registry
from minigrad.value import Number, Value

Loss: TypeAlias = Callable[[Any, Any], Value]

LOSSES: Registry[Loss] = Registry("loss")


def elementwise(loss: Callable[[Value, Number], Value]) -> Loss:
    """Let a loss of one output also take a list of outputs and of targets: their mean."""

    @wraps(loss)
    def over(outputs: Value | Sequence[Value], targets: Number | Sequence[Number]) -> Value:
        if isinstance(outputs, Value):
            outputs = [outputs]
        if isinstance(targets, (Value, float, int)):
            targets = [targets]
        if len(outputs) != len(targets):
            raise ValueError(
                f"{loss.__name__} was given {len(outputs)} outputs and {len(targets)} targets"
            )
        terms = [loss(output, target) for output, target in zip(outputs, targets, strict=True)]
        total = terms[0]
        for term in terms[1:]:
            total = total + term
        return total / len(terms) if len(terms) > 1 else total

    return over


@LOSSES.register
@elementwise
def bce(logit: Value, target: Number) -> Value:
    """binary cross-entropy -t log(p) - (1 - t) log(1 - p) with p = sigmoid(logit), in nats

    `logit` is any real number, `target` lies in [0, 1]. Since -log(p) = softplus(-logit) and
    -log(1 - p) = softplus(logit), no logarithm of a vanishing p is ever taken: the loss is exact to
    the last digits at any logit.
    """
    return (-logit).softplus() * target + logit.softplus() * (1 - target)


@LOSSES.register
@elementwise
def mse(prediction: Value, target: Number) -> Value:
    """mean squared error (prediction - target)^2"""
    error = prediction - target
    return error * error


def same_side(outputs: Sequence[float], target: float) -> bool:
    """Whether the logit's sign, or the probability 0.5 that it stands for, picks the label."""
    return (outputs[0] > 0) == (target > 0.5)


# The losses that classify, and when an output counts as right.
CORRECT: dict[str, Callable[[Sequence[float], Any], bool]] = {"bce": same_side}
