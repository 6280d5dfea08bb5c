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
    `scaling` and `target_scaling` are what inputs and targets have been standardized with.
    """

    inputs: list[list[float]]
    targets: list[float]
    classes: int | None = None
    source: str | None = None
    lines: list[int] | None = None
    names: list[str] | None = None
    class_names: list[str] | None = None
    scaling: "Standardizer | None" = None
    target_scaling: "Standardizer | None" = None

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

    def class_name(self, label: float) -> str:
        """What a label stands for, for messages.

        >>> Dataset([[0.5]], [1.0], classes=2, class_names=["ash", "oak"]).class_name(1)
        "class 'oak'"
        """
        if self.class_names is None:
            return f"class {label:g}"
        return f"class {excerpt(repr(self.class_names[int(label)]))}"

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
    dataset: Dataset,
    fraction: float,
    rng: random.Random,
    *,
    of: int | None = None,
    stratified: bool = False,
    name: str = "val_fraction",
) -> tuple[Dataset, Dataset | None]:
    """A part to train on and a part that is held out, chosen by `rng`; None at a fraction of 0.

    `fraction` is a share of `of` samples (default: those of the dataset). `stratified` means that
    both parts have the classes in the shares that the data have. Both keep the order of the data.

    Raises ValueError, which calls the fraction `name`, where a part would be empty, or a class of
    one sample would have to be in both.
    """
    if not 0 <= fraction < 1:
        raise ValueError(f"{name} must be a number in [0, 1), found {fraction!r}")
    if fraction == 0:
        return dataset, None
    size = len(dataset.inputs)
    count = round((size if of is None else of) * fraction)
    if not 0 < count < size:
        part = "test" if name == "test_fraction" else "validate"
        raise ValueError(
            f"{name} {fraction!r} of {size if of is None else of} samples leaves "
            f"{max(size - count, 0)} to train on and {count} to {part} on: each side needs at "
            "least 1"
        )
    if not stratified or dataset.classes is None:
        order = list(range(size))
        rng.shuffle(order)
        held_out = order[:count]
    else:
        held_out = _stratified(dataset, count, rng, name)
    apart = set(held_out)
    return dataset.take(i for i in range(size) if i not in apart), dataset.take(sorted(held_out))


def _stratified(dataset: Dataset, count: int, rng: random.Random, name: str) -> list[int]:
    """`count` samples, of each class its share, to the nearest whole number."""
    assert dataset.classes is not None
    groups: list[list[int]] = [[] for _ in range(dataset.classes)]
    for i, target in enumerate(dataset.targets):
        groups[int(target)].append(i)
    for label, group in enumerate(groups):
        if len(group) == 1:
            raise ValueError(
                f"{dataset.class_name(label)} has one sample, {dataset.where(group[0])}, which "
                f"cannot be in both parts of {name}: add more of them, or leave it out"
            )
    share = count / len(dataset.inputs)
    counts = [min(int(len(group) * share), len(group) - 1) for group in groups]
    by_rest = sorted(range(len(groups)), key=lambda k: counts[k] - len(groups[k]) * share)
    while sum(counts) < count:
        before = sum(counts)
        for k in by_rest:
            if sum(counts) < count and counts[k] < len(groups[k]) - 1:
                counts[k] += 1
        if sum(counts) == before:
            raise ValueError(f"{name} leaves a class without a sample to train on: make it less")
    held_out = []
    for group, number in zip(groups, counts, strict=True):
        rng.shuffle(group)
        held_out += group[:number]
    return held_out


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

    @classmethod
    def fit_targets(cls, train: Dataset) -> "Standardizer":
        """That of the targets, as one column."""
        mean = _mean(train.targets)
        return cls([mean], [_deviation(train.targets, mean)])

    def apply_to_targets(self, dataset: Dataset) -> Dataset:
        """The dataset with standardized targets and the same inputs."""
        targets = [self.apply_to([target])[0] for target in dataset.targets]
        return replace(dataset, targets=targets, target_scaling=self)

    def apply_to(self, features: Sequence[float]) -> list[float]:
        """The features of one sample, standardized."""
        columns = zip(features, self.means, self.deviations, strict=True)
        return [(x - mean) / deviation for x, mean, deviation in columns]


def constant_features(dataset: Dataset) -> str:
    """A sentence on the features that are the same in every sample; "" where none is.

    >>> constant_features(Dataset([[0.0, 5.0], [1.0, 5.0]], [0.0, 1.0], names=["age", "legs"]))
    'legs is 5 in every sample to train on: it tells nothing'
    """
    first = dataset.inputs[0]
    same = [j for j in range(len(first)) if all(row[j] == first[j] for row in dataset.inputs)]
    if not same or len(dataset.inputs) < 2:
        return ""
    names = [dataset.feature(j) for j in same]
    place = "" if dataset.source is None else f"{excerpt(dataset.source, 250)}: "
    if len(same) == 1:
        number = first[same[0]] if dataset.scaling is None else dataset.scaling.means[same[0]]
        return f"{place}{names[0]} is {number:g} in every sample to train on: it tells nothing"
    listed = excerpt(", ".join(names), 160)
    return f"{place}{listed} are the same in every sample to train on: they tell nothing"


def _mean(column: Sequence[float]) -> float:
    if min(column) == max(column):
        return column[0]  # rounding would leave a constant feature a deviation that is not 0
    return math.fsum(x / len(column) for x in column)  # a sum first could overflow


def _deviation(column: Sequence[float], mean: float) -> float:
    """The population's standard deviation, or 1 where that is 0."""
    # hypot scales, so that squares of large numbers do not overflow
    return math.hypot(*(x - mean for x in column)) / math.sqrt(len(column)) or 1.0
