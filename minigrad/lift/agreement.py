"""How far lifted numbers may be from those of eager Values."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from minigrad.engines import Disagreement

TOLERANCE = 1e-9
"""Of the loss, and of the largest slope: more than this is no rounding."""

SAMPLES = 16
"""Of the first batch are run eagerly too."""


@dataclass(frozen=True)
class Agreement:
    """The largest deviation from eager found in `samples` samples, and where.

    It is that of the loss relative to the loss, or that of a slope relative to the largest slope.
    """

    deviation: float
    samples: int
    where: str


def agreement(
    lifted_loss: float, lifted: Any, loss: float, slopes: Sequence[float], samples: int
) -> Agreement:
    """How far loss and slopes are from eager's. Raises Disagreement beyond TOLERANCE."""
    worst, where = _relative(lifted_loss - loss, abs(loss)), "the loss"
    said = f"{lifted_loss!r}, eager {loss!r}"
    largest = max(map(abs, slopes), default=0.0)
    for index, (ours, eager) in enumerate(zip(lifted.tolist(), slopes, strict=True)):
        deviation = _relative(ours - eager, largest)
        if deviation > worst:
            worst, where = deviation, f"the slope of parameter {index}"
            said = f"{ours!r}, eager {eager!r}"
    if worst > TOLERANCE:
        raise Disagreement(
            f"lifted and eager disagree: {where} is {said} over {samples} samples: does the loss "
            "branch on its data? train.engine=eager runs it as it is written"
        )
    return Agreement(worst, samples, where)


def _relative(difference: float, size: float) -> float:
    return math.inf if math.isnan(difference) else abs(difference) / (size or 1.0)
