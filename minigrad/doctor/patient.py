"""The subject of all checks: a config's model, data and optimizer, built again for every check.

A check may train, so no check uses objects that another has changed. Data and steps are limited
so that all checks together take a second with some hundred parameters, and several with some
thousand.
"""

import math
import random
import statistics
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

from minigrad.config import Config
from minigrad.data import Dataset
from minigrad.doctor.short_run import ShortRun, run_briefly
from minigrad.runner import build
from minigrad.training.batches import Batches
from minigrad.training.trainer import Trainer
from minigrad.value import Value
from nn import MLP
from nn.losses import LOSSES, TASKS

HANDFUL = 8
_SAMPLES = 300
_LARGE = 1000
"""Parameters; a model with more gets fewer samples."""
_OPERATIONS = 3_000_000
"""On Values, forward and backward, which take about two seconds."""


class Patient:
    """Raises ConfigError, when a part is first used, as `build.build_trainer` does."""

    def __init__(self, config: Config) -> None:
        eager = config.train.model_copy(update={"engine": "eager", "seeds": None})
        self.config = config.model_copy(update={"train": eager})

    @cached_property
    def data(self) -> Dataset:
        """The whole training part of the data."""
        return build.build_dataset(self.config)[0]

    @cached_property
    def parameters(self) -> int:
        """The number of parameters."""
        return len(self.model())

    @cached_property
    def sample(self) -> Dataset:
        """As many samples as the time limit allows; all of a small set."""
        return self.some(max(HANDFUL, min(_SAMPLES, _OPERATIONS // (20 * self.parameters))))

    @cached_property
    def handful(self) -> Dataset:
        """A few samples far from each other, equally many of each class, with distinct inputs."""
        data = self.data
        size = HANDFUL if self.parameters < _LARGE else HANDFUL // 2
        distinct = {tuple(data.inputs[i]): i for i in reversed(range(len(data.inputs)))}
        rows = sorted(distinct.values())
        if len(rows) > size:
            groups = [[i for i in rows if data.targets[i] == k] for k in range(data.classes or 0)]
            each = max(1, size // (data.classes or 1))
            rows = [i for group in groups or [rows] for i in _far_apart(data, group, each)]
        return data.take(sorted(rows))

    @cached_property
    def short_run(self) -> ShortRun:
        """The first steps of the training."""
        trainer = self.trainer()
        most = min(60, self.config.train.steps)
        return run_briefly(trainer, self.steps(trainer.batches.size, least=5, most=most))

    @property
    def is_standardized(self) -> bool:
        """Whether the config standardizes the inputs already."""
        return self.config.data.standardize

    def some(self, size: int) -> Dataset:
        """At most so many samples, chosen at random, always the same."""
        everything = range(len(self.data.inputs))
        if len(everything) <= size:
            return self.data
        return self.data.take(sorted(random.Random("sample").sample(everything, size)))

    def model(self) -> MLP:
        """A model with its initial weights."""
        return build.build_model(self.config, self.data)

    def trainer(self) -> Trainer:
        """A trainer before its first step, on `sample`."""
        built = build.build_trainer(self.config)
        most = max(1, _OPERATIONS // (100 * self.parameters))
        size = min(built.batches.size, len(self.sample.inputs), most)
        batches = Batches(self.sample, size, built.batches.rng)
        return replace(built, dataset=self.sample, batches=batches, validation=None)

    def steps(self, samples: int, *, least: int, most: int) -> int:
        """The number of steps, within the bounds, that the time limit allows for the samples."""
        fit = _OPERATIONS // (2 * self.parameters * samples)
        return min(most, max(least, fit))

    def guess(self, dataset: Dataset) -> float:
        """The mean loss of a guess that ignores the inputs: logits 0, or the targets' mean."""
        learns_labels = self.config.loss in TASKS
        return self.loss_of(0.0 if learns_labels else statistics.fmean(dataset.targets), dataset)

    def loss_of(self, output: float, dataset: Dataset) -> float:
        """The mean loss of a model whose every output is this number for every sample."""
        loss, outputs = LOSSES[self.config.loss], len(self.model().layers[-1].neurons)
        answer = [Value(output) for _ in range(outputs)]
        return statistics.fmean(loss(answer, target).data for target in dataset.targets)


def _far_apart(data: Dataset, group: Sequence[int], size: int) -> list[int]:
    """`size` samples of the group: the one farthest out, then each far from those before it."""
    chosen: list[int] = []
    middle = [statistics.fmean(column) for column in zip(*data.inputs, strict=True)]
    distance = {i: math.dist(data.inputs[i], middle) for i in group}
    while len(chosen) < min(size, len(group)):
        last = max(group, key=distance.__getitem__)
        for i in group:
            to_last = math.dist(data.inputs[i], data.inputs[last])
            distance[i] = min(distance[i], to_last) if chosen else to_last
        chosen.append(last)
    return chosen
