"""Suggestions of a tree-structured Parzen estimator, from Optuna."""

import itertools
from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from minigrad.files import yaml12
from minigrad.sweep.grid import Grid, Overrides
from minigrad.terminal.table import is_number

Values: TypeAlias = dict[str, Any]

_TRIES = 200  # until a suggestion is new


def suggest(
    grid: Grid, tried: Sequence[tuple[Values, float]], count: int, *, first: int, seed: int
) -> list[Overrides]:
    """At most `count` new overrides, given the cells tried so far and their scores (less is
    better). The `first` ones are drawn at random. Fewer come back where the grid has no more.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    space = {key: _Axis(grid, key) for key in grid.varied}
    distributions = {key: axis.distribution for key, axis in space.items()}
    sampler = optuna.samplers.TPESampler(n_startup_trials=first, seed=seed)
    study = optuna.create_study(sampler=sampler)
    for values, score in tried:
        params = {key: axis.parameter(values[key]) for key, axis in space.items()}
        study.add_trial(
            optuna.trial.create_trial(params=params, distributions=distributions, value=score)
        )
    known = [{key: axis.parameter(v[key]) for key, axis in space.items()} for v, _ in tried]
    new: list[Overrides] = []
    proposals = (study.ask(distributions).params for _ in range(_TRIES))
    for params in itertools.chain(proposals, _all(space)):
        if len(new) == count:
            break
        if params not in known:
            known.append(params)
            drawn = {key: space[key].text(parameter) for key, parameter in params.items()}
            new.append({key: drawn.get(key) or grid.axes[key][0] for key in grid.keys})
    return new


class _Axis:
    """One key: its distribution, and its values as that distribution's numbers and back."""

    def __init__(self, grid: Grid, key: str) -> None:
        draw = grid.draws.get(key)
        self.texts: list[str] = []
        self.distribution: BaseDistribution
        if draw and draw.kind != "choice":
            is_log = draw.kind == "loguniform"
            self.distribution = FloatDistribution(draw.low, draw.high, log=is_log)
            return
        self.texts = list(dict.fromkeys(draw.choices)) if draw else list(grid.axes[key])
        values = [yaml12.parse_scalar(text) for text in self.texts]
        if all(map(is_number, values)):
            self.texts.sort(key=lambda text: float(yaml12.parse_scalar(text)))
            self.distribution = IntDistribution(0, len(values) - 1)  # neighbours are alike
        else:
            self.distribution = CategoricalDistribution(range(len(values)))

    def parameter(self, value: Any) -> float:
        """The number of a cell's value."""
        if not self.texts:
            return float(value)
        return [repr(yaml12.parse_scalar(text)) for text in self.texts].index(repr(value))

    def text(self, parameter: float) -> str:
        """The value as it would be typed."""
        return self.texts[int(parameter)] if self.texts else repr(float(parameter))


def _all(space: dict[str, _Axis]) -> Iterator[dict[str, Any]]:
    """Every point, for when the suggestions are all known; of no use where a number is drawn."""
    if all(axis.texts for axis in space.values()):
        for point in itertools.product(*(range(len(axis.texts)) for axis in space.values())):
            yield dict(zip(space, point, strict=True))
