"""Do the labels belong to the inputs, or were they shuffled?

If labels depend on inputs, near samples have the same label or, as in parity, different ones. So
the share of nearest neighbours with the same label is compared with its values for 499 shuffles of
the labels: a permutation test. A second test compares each single feature with the labels, since
neighbours say little where most features are noise. Labels that neither test can tell from shuffled
ones are a fault; one shuffle in a hundred passes by chance.
"""

import math
import random
import statistics
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from minigrad.data import Standardizer
from minigrad.doctor.finding import Finding, percent
from minigrad.doctor.patient import Patient

FEWEST = 20
"""Samples; with fewer of them chance alone produces any pattern."""
NEIGHBOURS = 3
SHUFFLES = 499
SURE = 0.004
_POOL, _ASKED, _FEATURES = 2000, 300, 50
"""At most: samples, those of them whose neighbours are compared, and single features."""


@dataclass(frozen=True)
class _PermutationTest:
    """A measurement, its range over all shuffles, and the share of them that is as far out."""

    measured: float
    low: float
    high: float
    chance: float

    @property
    def tells(self) -> bool:
        return self.chance <= SURE


def check_labels(patient: Patient) -> Finding:
    """A permutation test on nearest neighbours and, if it is not sure, one on single features."""
    data = patient.some(_POOL)
    if len(data.inputs) < FEWEST:
        sentence = f"{len(data.inputs)} samples are too few to tell labels from shuffled ones"
        return Finding(
            "ok", f"{sentence}, which takes {FEWEST}", numbers={"samples": len(data.inputs)}
        )
    data = Standardizer.fit(data).apply(data)
    labels = data.classes is not None
    near = _neighbours(data.inputs)
    neighbours = _test(data.targets, lambda t: _agreement(t, near, labels))
    numbers = {"neighbours": vars(neighbours)}
    sentence = _neighbourly(neighbours, labels)
    if neighbours.tells:
        return Finding("ok", sentence, numbers=numbers)
    columns = list(zip(*data.inputs, strict=True))
    columns = columns[:: -(-len(columns) // _FEATURES)]
    feature = _test(data.targets, lambda t: max(_explained(c, t, labels) for c in columns))
    numbers["feature"] = vars(feature)
    if feature.tells:
        sentence = (
            f"one feature alone explains {percent(feature.measured)} of the targets' variance"
        )
        shuffled = f"shuffled ones up to {percent(feature.high)}"
        return Finding("ok", f"{sentence}, {shuffled}", numbers=numbers)
    what = "label" if labels else "target"
    sentence = f"the {what}s look shuffled: {sentence}, and no single feature goes with them"
    return Finding("FAIL", sentence, f"see that each row has its own {what}", numbers)


def _neighbourly(test: _PermutationTest, labels: bool) -> str:
    if labels:
        shuffled = f"shuffled ones {percent(test.low)} to {percent(test.high)}"
        return f"{percent(test.measured)} of nearest neighbours share a label, {shuffled}"
    shuffled = f"shuffled ones by {test.low:.2f} to {test.high:.2f}"
    return f"targets correlate with their neighbours' by {test.measured:.2f}, {shuffled}"


def _test(
    targets: Sequence[float], measure: Callable[[Sequence[float]], float]
) -> _PermutationTest:
    measured, shuffled, rng = measure(targets), list(targets), random.Random("shuffled labels")
    by_chance = []
    for _ in range(SHUFFLES):
        rng.shuffle(shuffled)
        by_chance.append(measure(shuffled))
    middle = statistics.fmean(by_chance)
    distance = abs(measured - middle) * (1 - 1e-9)  # the same sum in another order is no further
    as_far = sum(abs(number - middle) >= distance for number in by_chance)
    return _PermutationTest(measured, min(by_chance), max(by_chance), (1 + as_far) / (1 + SHUFFLES))


def _neighbours(inputs: Sequence[Sequence[float]]) -> dict[int, list[int]]:
    """The nearest samples of some samples, with all that are as near as the last of them."""
    near = {}
    for i in range(0, len(inputs), -(-len(inputs) // _ASKED)):
        others = [(math.dist(inputs[i], other), j) for j, other in enumerate(inputs) if j != i]
        reach = sorted(others)[NEIGHBOURS - 1][0] * (1 + 1e-9)
        near[i] = [j for distance, j in others if distance <= reach]
    return near


def _agreement(targets: Sequence[float], near: Mapping[int, Sequence[int]], labels: bool) -> float:
    """The share of neighbours with the same label, or the correlation with their mean target."""
    if labels:
        shares = [sum(targets[j] == targets[i] for j in js) / len(js) for i, js in near.items()]
        return math.fsum(shares) / len(shares)
    means = [math.fsum(targets[j] for j in js) / len(js) for js in near.values()]
    return _correlation([targets[i] for i in near], means)


def _explained(column: Sequence[float], targets: Sequence[float], labels: bool) -> float:
    """The share of a feature's variance between the classes, or that a straight line explains."""
    if not labels:
        return _correlation(column, targets) ** 2
    members = defaultdict(list)
    for x, label in zip(column, targets, strict=True):
        members[label].append(x)
    # the column has mean 0 and, unless it is constant, variance 1
    return math.fsum(math.fsum(xs) ** 2 / len(xs) for xs in members.values()) / len(column)


def _correlation(a: Sequence[float], b: Sequence[float]) -> float:
    """Pearson's correlation, or 0 if one of them is constant."""
    mean_a, mean_b = math.fsum(a) / len(a), math.fsum(b) / len(b)
    off_a, off_b = [x - mean_a for x in a], [x - mean_b for x in b]
    size = math.hypot(*off_a) * math.hypot(*off_b)
    return math.fsum(x * y for x, y in zip(off_a, off_b, strict=True)) / size if size else 0.0
