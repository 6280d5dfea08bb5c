"""Losses by name: each a function of one sample's outputs and its target.

The same functions take Tensors, where the outputs of a batch give one loss a sample. A sample's
outputs are along the last axis, (samples, outputs); a Tensor of one axis, (samples,), has one
output a sample, and so has (samples, 1).

Your own: decorate such a function with `@LOSSES.register`; if it learns labels, say in TASKS which,
and in CORRECT when an output counts as right.
"""

import math
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, Literal, TypeAlias

from minigrad.nodes import first_break
from minigrad.registry import Registry
from minigrad.value import Number, Value, maximum, minimum

Loss: TypeAlias = Callable[[Any, Any], Value]

LOSSES: Registry[Loss] = Registry("loss")


def elementwise(loss: Callable[[Value, Number], Value]) -> Loss:
    """Let a loss of one output also take a list of outputs and of targets: their mean.

    And a Tensor of outputs with an array of targets: the mean over each sample's outputs.
    """

    @wraps(loss)
    def over(outputs: Any, targets: Any) -> Any:
        if type(targets) is float and type(outputs) is list and len(outputs) == 1:
            return loss(outputs[0], targets)  # soonest, since this is nearly every call
        if isinstance(outputs, Value):
            outputs = [outputs]
        elif hasattr(outputs, "ndim"):
            return _a_sample(loss, outputs, targets)
        if isinstance(targets, (Value, float, int)):
            targets = [targets]
        if len(outputs) != len(targets):
            raise ValueError(
                f"{loss.__name__} was given {len(outputs)} outputs and {len(targets)} targets"
            )
        terms = [loss(output, target) for output, target in zip(outputs, targets, strict=True)]
        return _total(terms) / len(terms) if len(terms) > 1 else terms[0]

    return over


def _a_sample(loss: Callable[[Any, Any], Any], outputs: Any, targets: Any) -> Any:
    """One loss a sample. Raises ValueError for targets of another shape: none is broadcast."""
    targets, shape = _as_array(targets), outputs.shape
    if shape[-1:] == (1,) and outputs.ndim > 1 and targets.shape in (shape, shape[:-1]):
        return loss(outputs.reshape(shape[:-1]), targets.reshape(shape[:-1]))
    if targets.shape != shape:
        raise ValueError(
            f"{loss.__name__} was given outputs of shape {shape} and targets of shape "
            f"{targets.shape}"
        )
    losses = loss(outputs, targets)
    return losses.mean(axis=-1) if outputs.ndim > 1 else losses


def _as_array(targets: Any) -> Any:
    import numpy as np  # numpy is loaded already where there is a Tensor

    return targets if hasattr(targets, "grad") else np.asarray(targets, dtype=float)


def mean_loss(losses: Sequence[Value]) -> Value:
    """The mean of the samples' losses, added from first to last.

    Raises ArithmeticError, naming the operation, if it is not finite.
    """
    mean = _total(losses) / len(losses)
    if not math.isfinite(mean.data):
        raise ArithmeticError(f"the loss is {mean.data}: {first_break(mean)}")
    return mean


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


@LOSSES.register
@elementwise
def mae(prediction: Value, target: Number) -> Value:
    """mean absolute error |prediction - target|"""
    return abs(prediction - target)


@LOSSES.register
@elementwise
def huber(prediction: Value, target: Number) -> Value:
    """e^2 / 2 where the error e is at most 1, |e| - 1/2 beyond (Huber 1964)

    With q = min(|e|, 1) both are q^2 / 2 + |e| - q, so the graph has the same shape everywhere.
    """
    size = abs(prediction - target)
    quadratic: Value = _minimum(size, 1.0)
    return quadratic * quadratic / 2 + (size - quadratic)


def _minimum(a: Any, b: float) -> Any:
    if isinstance(a, Value):
        return minimum(a, b)
    from minigrad import tensor  # it is loaded already where there is a Tensor

    return tensor.minimum(a, b)


@LOSSES.register
@elementwise
def hinge(score: Value, target: Number) -> Value:
    """max(0, 1 - y * score) with y = -1 for label 0 and 1 for label 1, as in support vectors"""
    return (1 - (2 * target - 1) * score).relu()


@LOSSES.register
def cross_entropy(logits: Any, target: Any) -> Value:
    """-log of the probability that softmax(logits) gives the target's class, in nats

    `logits`: one real number a class. `target`: a class index, or one probability a class. The
    largest logit is taken from all of them first, so that exp cannot overflow; this changes
    nothing, since softmax depends only on differences.

    Of a Tensor of logits, (samples, classes), with an array of class indices, (samples,), or of
    probabilities, (samples, classes), it gives one loss a sample.

    Raises ValueError for a target that does not fit the logits.
    """
    if hasattr(logits, "ndim"):
        return _cross_entropies(logits, target)  # type: ignore[no-any-return]
    largest: Value = logits[0]
    for logit in logits[1:]:
        largest = maximum(largest, logit)
    shifted: list[Value] = [logit - largest for logit in logits]
    log_total = _total([logit.exp() for logit in shifted]).log()
    if isinstance(target, Sequence):
        if len(target) != len(logits):
            raise ValueError(
                f"cross_entropy was given {len(logits)} logits and {len(target)} probabilities"
            )
        return _total(
            [(log_total - logit) * share for logit, share in zip(shifted, target, strict=True)]
        )
    if target not in range(len(logits)):
        raise ValueError(f"cross_entropy has classes 0 to {len(logits) - 1}, not {target!r}")
    return log_total - shifted[int(target)]


def _cross_entropies(logits: Any, target: Any) -> Any:
    import numpy as np

    target = _as_array(target)
    if target.shape == logits.shape:
        return -(logits.log_softmax() * target).sum(axis=-1)
    if target.shape != logits.shape[:-1]:
        raise ValueError(
            f"cross_entropy was given logits of shape {logits.shape} and targets of shape "
            f"{target.shape}"
        )
    fits = (target >= 0) & (target < logits.shape[-1]) & (target == np.floor(target))
    if not fits.all():
        wrong = float(target[~fits][0])
        raise ValueError(f"cross_entropy has classes 0 to {logits.shape[-1] - 1}, not {wrong!r}")
    classes = target.astype(np.intp)
    return -logits.log_softmax()[(*np.ogrid[tuple(map(slice, classes.shape))], classes)]


def _total(terms: Sequence[Value]) -> Value:
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total


def softmax(logits: Sequence[float]) -> list[float]:
    """The probabilities of the classes, of plain numbers; see `cross_entropy`."""
    largest = max(logits)
    powers = [math.exp(logit - largest) for logit in logits]
    total = math.fsum(powers)
    return [power / total for power in powers]


def same_side(outputs: Sequence[float], target: float) -> bool:
    """Whether the output's sign picks the label: positive for 1, else 0."""
    return (outputs[0] > 0) == (target > 0.5)


def largest_is_target(outputs: Sequence[float], target: float) -> bool:
    """Whether the target's class has the largest output."""
    return outputs[int(target)] == max(outputs)


TASKS: dict[str, Literal["binary", "classes"]] = {
    "bce": "binary",
    "hinge": "binary",
    "cross_entropy": "classes",
}
"""The losses that learn labels: 0 and 1 from one output, or classes 0..k-1 from an output each."""

CORRECT: dict[str, Callable[[Sequence[float], Any], bool]] = {
    "bce": same_side,
    "hinge": same_side,
    "cross_entropy": largest_is_target,
}
"""When one sample's outputs count as right, for the accuracy."""
