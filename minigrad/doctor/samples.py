"""Can a model learn from the data: are they finite, balanced, and of a scale that suits weights?"""

import math
import statistics
from collections import Counter
from collections.abc import Iterator

from minigrad.data import Dataset
from minigrad.doctor.finding import Finding
from minigrad.doctor.patient import Patient
from minigrad.terminal.text import counted, excerpt

LARGEST = 10.0
"""Initial weights suit inputs near 1: sums of larger ones saturate tanh and explode with relu."""
LEAST_SHARE = 0.2
"""Share of the samples that a class would have if all classes were of the same size."""
UNEVEN = 100.0
"""Ratio of the largest standard deviation of a feature to the smallest."""


def check_data(patient: Patient) -> Finding:
    """Look for numbers that are not finite, missing classes, scales far from 1, contradictions."""
    data = patient.data
    if broken := _broken(data):
        sentence, advice = broken
        return Finding("FAIL", sentence, advice, {"samples": len(data.inputs)})
    low, high = min(map(min, data.inputs)), max(map(max, data.inputs))
    numbers = {
        "samples": len(data.inputs),
        "features": data.n_features,
        "lowest": low,
        "highest": high,
        "classes": _counts(data),
    }
    if doubts := list(_doubts(data, patient.is_standardized)):
        return Finding("warn", "; ".join(doubts), numbers=numbers)
    return Finding(
        "ok",
        f"{counted(len(data.inputs), 'sample')} of {counted(data.n_features, 'feature')} "
        f"from {low:.3g} to {high:.3g}; {_targets(data)}",
        numbers=numbers,
    )


def _broken(data: Dataset) -> tuple[str, str] | None:
    for i, (features, target) in enumerate(zip(data.inputs, data.targets, strict=True)):
        for j, number in enumerate([*features, target]):
            if not math.isfinite(number):
                name = data.feature(j) if j < len(features) else "target"
                where = f"{name} of {data.where(i)} is {float(number)}"
                return where, "drop the sample or fill in a number"
    counts = _counts(data)
    if len(set(data.targets)) == 1:
        return f"every target is {data.targets[0]:g}", "there is nothing to tell apart"
    if counts and 0 in counts:
        sentence = f"class {counts.index(0)} of {len(counts)} has no sample to train on"
        return sentence, "take more samples, or a smaller data.val_fraction"
    return None


def _doubts(data: Dataset, is_standardized: bool) -> Iterator[str]:
    columns = list(zip(*data.inputs, strict=True))
    sizes = [max(map(abs, column)) for column in columns]
    spreads = [statistics.pstdev(column) for column in columns]
    if is_standardized and max(sizes) > LARGEST:
        rare = data.feature(sizes.index(max(sizes)))
        yield f"{rare} is as large as {max(sizes):.3g} deviations: see whether those are outliers"
    elif max(sizes) > LARGEST:
        yield f"inputs as large as {max(sizes):.3g}: bring them near 1 by data.standardize=true"
    elif max(spreads) > UNEVEN * min(spreads) > 0:
        ratio = max(spreads) / min(spreads)
        yield f"one feature spreads {ratio:.3g} times as wide as another: data.standardize=true"
    constant = [j for j, spread in enumerate(spreads) if spread == 0]
    if len(constant) == 1:
        name, value = data.feature(constant[0]), columns[constant[0]][0]
        yield f"{name} is {value:g} in every sample and tells nothing: drop it"
    elif constant:
        names = excerpt(", ".join(map(data.feature, constant)), 80)
        yield f"{names} are the same in every sample and tell nothing: drop them"
    if counts := _counts(data):
        least = min(counts)
        if least < LEAST_SHARE * len(data.targets) / len(counts):
            few = f"class {counts.index(least)} has {counted(least, 'sample')}"
            yield f"{few} of {len(data.targets):,}: collect more, or accuracy will mislead"
        yield from _contradictions(data)
    elif (size := max(map(abs, data.targets))) > LARGEST:
        yield f"targets as large as {size:.3g}: scale them to near 1"


def _contradictions(data: Dataset) -> Iterator[str]:
    first: dict[tuple[float, ...], int] = {}
    for i, features in enumerate(data.inputs):
        j = first.setdefault(tuple(features), i)
        if data.targets[i] != data.targets[j]:
            yield (
                f"{data.where(j)} and {data.where(i)} have the same inputs and labels "
                f"{data.targets[j]:g} and {data.targets[i]:g}: no model can fit both"
            )
            return


def _counts(data: Dataset) -> list[int] | None:
    if data.classes is None:
        return None
    counts = Counter(data.targets)
    return [counts[float(label)] for label in range(data.classes)]


def _targets(data: Dataset) -> str:
    if counts := _counts(data):
        return f"{len(counts)} classes with {', '.join(map(str, counts))}"
    return f"targets from {min(data.targets):.3g} to {max(data.targets):.3g}"
