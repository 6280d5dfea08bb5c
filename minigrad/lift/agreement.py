"""How far lifted numbers may be from those of eager Values.

It does without numpy, so that a command can name these without loading it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

TOLERANCE = 1e-9
"""Of the loss, and of the largest slope: more than this is no rounding."""

SAMPLES = 16
"""Of the first batch are run eagerly too."""


class Disagreement(Exception):
    """The numbers of an engine differ from those of eager Values."""


@dataclass(frozen=True)
class Agreement:
    """The largest deviation from eager found in `samples` samples, and where.

    It is that of the loss relative to the loss, or that of a slope relative to the largest slope.
    """

    deviation: float
    samples: int
    where: str


@dataclass(frozen=True)
class Gradient:
    """A loss and its slopes, one a parameter."""

    loss: float
    slopes: Sequence[float]


def compare_gradients(
    lifted: Gradient, eager: Gradient, noise: Gradient, samples: int
) -> Agreement:
    """How far loss and slopes are from eager's, beyond what `noise` says is rounding.

    Raises Disagreement beyond TOLERANCE.
    """
    worst, where = _relative(lifted.loss, eager.loss, noise.loss, abs(eager.loss)), "the loss"
    numbers = f"{lifted.loss!r}, eager {eager.loss!r}"
    largest = max(map(abs, eager.slopes), default=0.0)
    triples = zip(lifted.slopes, eager.slopes, noise.slopes, strict=True)
    for index, (ours, theirs, rounding) in enumerate(triples):
        deviation = _relative(ours, theirs, rounding, largest)
        if deviation > worst:
            worst, where = deviation, f"the slope of parameter {index}"
            numbers = f"{ours!r}, eager {theirs!r}"
    if worst > TOLERANCE:
        raise Disagreement(
            f"lifted and eager disagree: {where} is {numbers} over {samples} samples: does the "
            "loss branch on its data? train.engine=eager runs it as it is written"
        )
    return Agreement(worst, samples, where)


def _relative(ours: float, theirs: float, noise: float, size: float) -> float:
    """The difference relative to `size`, or to what it takes for the noise to be tolerable."""
    difference = abs(ours - theirs)
    scale = max(size, noise / TOLERANCE) or 1.0
    return math.inf if math.isnan(difference) else difference / scale
