"""Toy datasets by name. Your own: a function that takes its settings and `rng` by keyword and gives
a Dataset, decorated with `@DATASETS.register`.
"""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, TypeAlias

from minigrad.registry import Range, Registry

Count: TypeAlias = Annotated[int, Range("[2, 100000]")]
Noise: TypeAlias = Annotated[float, Range("[0, inf)")]


@dataclass(frozen=True)
class Dataset:
    """`inputs`: one list of features a sample; `targets`: one number a sample (labels 0 and 1)."""

    inputs: list[list[float]]
    targets: list[float]

    @property
    def n_features(self) -> int:
        return len(self.inputs[0])


DATASETS: Registry[Callable[..., Dataset]] = Registry("dataset")


@DATASETS.register
def xor(
    *, n: Annotated[int, Range("[4, 100000]")] = 4, noise: Noise = 0.0, rng: random.Random
) -> Dataset:
    """exclusive or of two inputs: 1 where exactly one of them is 1

    The four corners of the unit square in turn, `n` points in all, each moved by a normal
    deviation of `noise`.
    """
    corners = [(a, b) for a in (0.0, 1.0) for b in (0.0, 1.0)]
    chosen = [corners[i % 4] for i in range(n)]
    return Dataset(
        inputs=[[rng.gauss(a, noise), rng.gauss(b, noise)] for a, b in chosen],
        targets=[float(a != b) for a, b in chosen],
    )


@DATASETS.register
def moons(*, n: Count = 100, noise: Noise = 0.1, rng: random.Random) -> Dataset:
    """two interleaved half circles of radius 1, one a class

    `n` points, the first half on the upper moon around (0, 0) with label 0, the others on the
    lower moon around (1, 0.5) with label 1, each moved by a normal deviation of `noise`.
    """
    inputs, targets = [], []
    for label, size in ((0, n - n // 2), (1, n // 2)):
        for i in range(size):
            angle = math.pi * i / max(1, size - 1)
            side = 1 - 2 * label
            x, y = label + side * math.cos(angle), label / 2 + side * math.sin(angle)
            inputs.append([rng.gauss(x, noise), rng.gauss(y, noise)])
            targets.append(float(label))
    return Dataset(inputs, targets)
