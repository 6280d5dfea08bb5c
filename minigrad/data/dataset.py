"""Datasets: the class, the registry, and the split and standardization before training."""

import math
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, TypeAlias

from minigrad.registry import Registry
from minigrad.settings import Range
from minigrad.terminal.text import excerpt

Count: TypeAlias = Annotated[int, Range("[2, 100000]")]
Noise: TypeAlias = Annotated[float, Range("[0, 1000000]")]


@dataclass(frozen=True)
class Dataset:
    """`inputs`: one list of features a sample; `targets`: one number a sample.

    `classes` is k where the targets are labels 0.0, 1.0, ... k - 1, and None where they are
    measurements. `source` and `lines` are the file and the line in it of each sample, if any, and
    `names` those of its features. `class_names` are what the labels stand for, one a class, and
    `scaling` is what the inputs have been standardized with.
    """

    inputs: list[list[float]]
    targets: list[float]
    classes: int | None = None
    source: str | None = None
    lines: list[int] | None = None
    names: list[str] | None = None
    class_names: list[str] | None = None
    scaling: "Standardizer | None" = None

    @property
    def n_features(self) -> int:
        return len(self.inputs[0])

    def where(self, i: int) -> str:
        """The place of sample `i`, for messages.

        >>> Dataset([[0.5]], [1.0]).where(0)
        'sample 0'
        >>> Dataset([[0.5]], [1.0], source="people.csv", lines=[8]).where(0)
        'people.csv:8'
        """
        if self.source is None or self.lines is None:
            return f"sample {i}"
        return f"{self.source}:{self.lines[i]}"

    def feature(self, j: int) -> str:
        """The name of feature `j`, for messages: that of its column, or "x" and its number."""
        return f"x{j}" if self.names is None else excerpt(self.names[j], 30)

    def take(self, chosen: Iterable[int]) -> "Dataset":
        """The chosen samples alone, in the order of `chosen`."""
        chosen = list(chosen)
        return replace(
            self,
            inputs=[self.inputs[i] for i in chosen],
            targets=[self.targets[i] for i in chosen],
            lines=None if self.lines is None else [self.lines[i] for i in chosen],
        )


DATASETS: Registry[Callable[..., Dataset]] = Registry("dataset")


def split(
    dataset: Dataset, val_fraction: float, rng: random.Random
) -> tuple[Dataset, Dataset | None]:
    """A part to train on and a part to validate on, chosen by `rng`; None at a fraction of 0.

    Both parts keep the order of the data.
    """
    if not 0 <= val_fraction < 1:
        raise ValueError(f"val_fraction must be a number in [0, 1), found {val_fraction!r}")
    if val_fraction == 0:
        return dataset, None
    size = len(dataset.inputs)
    held_out = round(size * val_fraction)
    if not 0 < held_out < size:
        raise ValueError(
            f"val_fraction {val_fraction!r} of {size} samples leaves {size - held_out} to train "
            f"on and {held_out} to validate on: each side needs at least 1"
        )
    order = list(range(size))
    rng.shuffle(order)
    return dataset.take(sorted(order[held_out:])), dataset.take(sorted(order[:held_out]))


@dataclass(frozen=True)
class Standardizer:
    """Shifts and scales each feature to mean 0 and deviation 1 over the data that it was fitted to.

    Fit it to the training part alone: a model must not depend on the data that validate it.

    >>> scale = Standardizer.fit(Dataset(inputs=[[1.0, 5.0], [3.0, 5.0]], targets=[0.0, 1.0]))
    >>> scale
    Standardizer(means=[2.0, 5.0], deviations=[1.0, 1.0])
    >>> scale.apply_to([4.0, 5.0])
    [2.0, 0.0]
    """

    means: list[float]
    deviations: list[float]

    @classmethod
    def fit(cls, train: Dataset) -> "Standardizer":
        columns = list(zip(*train.inputs, strict=True))
        means = [_mean(column) for column in columns]
        deviations = [_deviation(column, mean) for column, mean in zip(columns, means, strict=True)]
        return cls(means, deviations)

    def apply(self, dataset: Dataset) -> Dataset:
        """The dataset with standardized inputs and the same targets."""
        inputs = [self.apply_to(features) for features in dataset.inputs]
        return replace(dataset, inputs=inputs, scaling=self)

    def apply_to(self, features: Sequence[float]) -> list[float]:
        """The features of one sample, standardized."""
        columns = zip(features, self.means, self.deviations, strict=True)
        return [(x - mean) / deviation for x, mean, deviation in columns]


def _mean(column: Sequence[float]) -> float:
    if min(column) == max(column):
        return column[0]  # rounding would leave a constant feature a deviation that is not 0
    return math.fsum(x / len(column) for x in column)  # a sum first could overflow


def _deviation(column: Sequence[float], mean: float) -> float:
    """The population's standard deviation, or 1 where that is 0."""
    # hypot scales, so that squares of large numbers do not overflow
    return math.hypot(*(x - mean for x in column)) / math.sqrt(len(column)) or 1.0
