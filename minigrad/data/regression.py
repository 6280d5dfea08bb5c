"""Curves to fit: the targets are measurements, not labels. No units."""

import math
import random
from typing import Annotated

from minigrad.data.dataset import DATASETS, Count, Dataset, Noise
from minigrad.settings import Range


@DATASETS.register
def sine(
    *,
    n: Count = 100,
    noise: Noise = 0.1,
    periods: Annotated[float, Range("(0, 100]")] = 1.0,
    rng: random.Random,
) -> Dataset:
    """a sine wave of one input, sampled from -1 to 1

    `n` inputs x evenly spaced from -1 to 1, both included; the target is sin(pi * `periods` * x),
    moved by a normal deviation of `noise`.
    """
    xs = [2 * i / (n - 1) - 1 for i in range(n)]
    return Dataset(
        inputs=[[x] for x in xs],
        targets=[rng.gauss(math.sin(math.pi * periods * x), noise) for x in xs],
    )
