"""The grid of a sweep's command line: `key=a,b,c`, ranges, and draws at random."""

import itertools
import math
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from minigrad.config import ConfigError
from minigrad.terminal.numbers import decimal, whole
from minigrad.terminal.text import excerpt, quoted

MAX_CELLS = 10_000
MAX_MEMBERS = 100_000

Overrides: TypeAlias = dict[str, str]

_CALL = re.compile(r"(range|uniform|loguniform|choice)\((.*)\)", re.DOTALL)
_OPEN, _CLOSE, _QUOTES = "([{", ")]}", "\"'"


@dataclass(frozen=True)
class Draw:
    """A distribution: `uniform` or `loguniform` between `low` and `high`, or a `choice`."""

    kind: str
    low: float = 0.0
    high: float = 0.0
    choices: tuple[str, ...] = ()

    def __call__(self, rng: random.Random) -> str:
        """A draw, as it would be typed."""
        if self.kind == "choice":
            return rng.choice(self.choices)
        if self.kind == "uniform":
            return repr(rng.uniform(self.low, self.high))
        return repr(math.exp(rng.uniform(math.log(self.low), math.log(self.high))))


@dataclass(frozen=True)
class Grid:
    """The product of all `axes` (key -> texts) and `samples` (each a text for every drawn key).

    `keys` are all keys in the order of the arguments, which is that of a cell's overrides. `seeds`
    are the same for each cell; without any, a cell has the seed of its config. `chosen` cells are
    those of a search, in place of the product.
    """

    keys: list[str]
    axes: dict[str, list[str]]
    samples: list[Overrides]
    seeds: list[int]
    draws: dict[str, Draw] = field(default_factory=dict)
    chosen: list[Overrides] | None = None

    @property
    def varied(self) -> list[str]:
        """The keys in which cells may differ."""
        return [key for key in self.keys if key not in self.axes or len(self.axes[key]) > 1]

    def cells(self) -> Iterator[Overrides]:
        """Yields the overrides of each cell; the last axis varies fastest."""
        if self.chosen is not None:
            yield from self.chosen
            return
        for texts in itertools.product(*self.axes.values()):
            fixed = dict(zip(self.axes, texts, strict=True))
            for sample in self.samples:
                cell = {**fixed, **sample}
                yield {key: cell[key] for key in self.keys}


def parse(
    arguments: Sequence[str], samples: int | None = None, seed: int = 0, *, searched: bool = False
) -> Grid:
    """The grid of the arguments, with `samples` draws at random. Raises ConfigError.

    Of a grid that is `searched` there is one draw, and lists are drawn from as well.

    >>> grid = parse(["optimizer=sgd,adam", "model.hidden=[4],[8, 8]", "seed=range(0,3)"])
    >>> list(grid.cells())[1], grid.seeds
    ({'optimizer': 'sgd', 'model.hidden': '[8, 8]'}, [0, 1, 2])
    """
    axes, draws, faults = _lists_and_draws(arguments)
    if not faults:  # a draw that is faulty is none, and would be missed a second time
        of_draws = _faults_of_search if searched else _faults_of_sampling
        faults += of_draws(samples, draws)
    try:
        seeds = [_seed(text) for text in axes.pop("seed", [])]
    except ValueError as error:
        faults.append(f"command line: seed: {error}")
    if faults:
        raise ConfigError(faults)
    keys = [key for a in arguments if (key := a.partition("=")[0]) != "seed"]
    count = 1 if searched else samples or 1
    grid = Grid(keys, axes, _samples(draws, count, seed), seeds, draws)
    _check_size(grid, samples if searched else None)
    return grid


def _lists_and_draws(
    arguments: Sequence[str],
) -> tuple[dict[str, list[str]], dict[str, Draw], list[str]]:
    """The values of each key, the draws of each key, and the faults."""
    axes: dict[str, list[str]] = {}
    draws: dict[str, Draw] = {}
    faults = []
    for argument in arguments:
        key, equals, text = argument.partition("=")
        try:
            if not equals or not key:
                raise ValueError("is no key=value")
            if key in axes or key in draws:
                raise ValueError("is given twice: write all its values after one '='")
            values = _values(text)
            if isinstance(values, list):
                axes[key] = values
            else:
                draws[key] = values
        except ValueError as error:
            faults.append(f"command line: {quoted(argument)}: {error}")
    return axes, draws, faults


def split(text: str) -> list[str]:
    """The parts between the commas that are in no brackets and no quotes.

    >>> split("a, [1, 2], 'x,y', {name: adam, lr: 0.1}")
    ['a', '[1, 2]', "'x,y'", '{name: adam, lr: 0.1}']
    """
    parts, depth, quote = [""], 0, ""
    for letter in text:
        if quote:
            quote = "" if letter == quote else quote
        elif letter in _QUOTES and (not parts[-1].strip() or depth):
            quote = letter  # elsewhere it is an apostrophe
        elif letter in _OPEN + _CLOSE:
            depth += 1 if letter in _OPEN else -1
        elif letter == "," and depth <= 0:
            parts.append("")
            continue
        parts[-1] += letter
    return [part.strip() for part in parts]


def _values(text: str) -> list[str] | Draw:
    """The texts of an axis, or how to draw one. Raises ValueError."""
    parts = split(text)
    calls = [_CALL.fullmatch(part) for part in parts]
    if drawn := [call for call in calls if call and call[1] != "range"]:
        if len(parts) > 1:
            raise ValueError(f"{drawn[0][1]}(...) cannot be in a list")
        return _draw(drawn[0][1], split(drawn[0][2]))
    texts = []
    for part, call in zip(parts, calls, strict=True):
        if not part:
            empty = "there is no value" if len(parts) == 1 else "a value between commas is missing"
            raise ValueError(f"{empty}: write null for none")
        texts += _range(part, split(call[2])) if call else [part]
    if twice := next((t for t in texts if texts.count(t) > 1), None) if len(texts) < 1000 else None:
        raise ValueError(f"{quoted(twice)} is given twice")
    return texts


def _range(text: str, arguments: Sequence[str]) -> list[str]:
    try:
        typed = [*arguments, "1"] if len(arguments) == 2 else arguments
        start, stop, step = (whole(text.strip(), signed=True) for text in typed)
        numbers = range(start, stop, step)
    except ValueError:
        raise ValueError(
            f"{excerpt(text)}: write range(a,b) or range(a,b,step) with whole numbers, b left out"
        ) from None
    if not numbers:
        raise ValueError(f"{excerpt(text)} is empty: it goes from a up to b, and b is left out")
    if len(numbers) > MAX_MEMBERS:
        raise ValueError(
            f"{excerpt(text)} has {len(numbers):,} numbers; the limit is {MAX_MEMBERS:,}"
        )
    return [str(number) for number in numbers]


def _draw(kind: str, arguments: Sequence[str]) -> Draw:
    if kind == "choice":
        if not all(arguments):
            raise ValueError("choice(...) takes one value or more, as choice(tanh,relu)")
        return Draw(kind, choices=tuple(arguments))
    try:
        low, high = map(decimal, arguments)
    except ValueError:
        raise ValueError(f"{kind} takes two numbers, as {kind}(0.01,1)") from None
    least = 0 if kind == "loguniform" else -math.inf
    if not (least < low < high < math.inf and high - low < math.inf):
        above = "0 < a < b" if kind == "loguniform" else "a < b"
        raise ValueError(f"{kind}(a,b) takes finite numbers {above}")
    return Draw(kind, low, high)


def _samples(draws: Mapping[str, Draw], count: int, seed: int) -> list[Overrides]:
    """Distinct samples. Each key has a generator of its own, so that adding a key changes no other.

    A choice among few values may be drawn twice: that is one sample.
    """
    generators = {key: random.Random(f"{key} {seed}") for key in draws}
    samples = [{key: draw(generators[key]) for key, draw in draws.items()} for _ in range(count)]
    return list({tuple(sample.values()): sample for sample in samples}.values())


def _faults_of_sampling(samples: int | None, draws: Mapping[str, Draw]) -> list[str]:
    if samples is None:
        return [
            f"command line: {key}: say how often to draw from it, as --random 20" for key in draws
        ]
    if not draws:
        return ["--random: nothing is drawn: give a key uniform(a,b), loguniform(a,b) or choice()"]
    if "seed" in draws:
        return ["command line: seed: a list or a range will do, the same for every draw"]
    if samples > MAX_CELLS:
        return [f"--random: {samples:,} draws; the limit is {MAX_CELLS:,}"]
    return []


def _faults_of_search(trials: int | None, draws: Mapping[str, Draw]) -> list[str]:
    if trials is None:
        return ["--sampler tpe: say how many cells to train, as --trials 20"]
    if "seed" in draws:
        return ["command line: seed: a list or a range will do, the same for every cell"]
    return []


def _seed(text: str) -> int:
    try:
        return whole(text)
    except ValueError:
        raise ValueError(f"must be a whole number of at least 0, found {quoted(text)}") from None


def _check_size(grid: Grid, trials: int | None) -> None:
    """`trials` are the cells of a search, None where all cells of the grid are trained."""
    cells = trials or math.prod(map(len, grid.axes.values())) * len(grid.samples)
    members = cells * max(1, len(grid.seeds))
    for count, limit, what in ((cells, MAX_CELLS, "cells"), (members, MAX_MEMBERS, "members")):
        if count > limit:
            raise ConfigError([f"command line: the grid has {count:,} {what}; at most {limit:,}"])
