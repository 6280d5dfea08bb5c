"""Dataset, split and Standardizer, and what holds for every dataset in the registry."""

import inspect
import math
import random
import statistics
from collections.abc import Iterator
from typing import Any

import pytest

from minigrad.data import DATASETS, Dataset, Standardizer, split
from minigrad.settings import Range, check, settings_of

DRAWN = [
    *("xor", "and", "or", "parity"),
    *("moons", "circles", "blobs", "spiral", "checkerboard"),
    "sine",
]


def numbered(size: int) -> Dataset:
    """Sample i has the feature i, the target -i, and line i + 2 of a file."""
    return Dataset(
        inputs=[[float(i)] for i in range(size)],
        targets=[-float(i) for i in range(size)],
        classes=3,
        source="people.csv",
        lines=[i + 2 for i in range(size)],
    )


def defaults(name: str) -> dict[str, Any]:
    return {key: setting.default for key, setting in settings_of(DATASETS[name]).items()}


def test_a_sample_is_found_by_number_or_by_file_and_line() -> None:
    assert Dataset([[0.0]] * 8, [0.0] * 8).where(7) == "sample 7"
    assert numbered(7).where(6) == "people.csv:8"


def test_take_keeps_each_sample_with_its_target_and_line() -> None:
    taken = numbered(5).take([3, 1])
    assert taken == Dataset([[3.0], [1.0]], [-3.0, -1.0], 3, "people.csv", [5, 3])
    assert Dataset([[0.0]], [0.0]).take([0]).lines is None


def test_the_registry_holds_all_datasets() -> None:
    assert set(DATASETS) >= {*DRAWN, "csv"}


@pytest.mark.parametrize("name", [*DRAWN, "csv"])
def test_the_docstring_begins_with_a_phrase_for_lists(name: str) -> None:
    first, blank, *rest = inspect.cleandoc(DATASETS[name].__doc__ or "").split("\n")
    assert first[0].islower()
    assert first[-1].isalnum()
    assert blank == ""
    assert rest


@pytest.mark.parametrize("name", DRAWN)
def test_the_defaults_are_within_their_ranges(name: str) -> None:
    check(DATASETS[name], defaults(name))


def _beyond() -> Iterator[Any]:
    """Each setting just below, just above, and far from its range."""
    for name in DRAWN:
        for key, setting in settings_of(DATASETS[name]).items():
            (allowed,) = setting.annotation.__metadata__
            assert isinstance(allowed, Range)
            low, high = allowed.ends
            for value in (low - 1, low, -math.inf, high, high + 1, math.nan, "many", True):
                if isinstance(value, (str, bool)) or value not in allowed:
                    yield pytest.param(name, key, value, id=f"{name}-{key}-{value}")


@pytest.mark.parametrize(("name", "key", "value"), list(_beyond()))
def test_settings_beyond_their_range_are_refused(name: str, key: str, value: Any) -> None:
    with pytest.raises(ValueError, match=rf"^{key} must be a (whole )?number in [\[(]"):
        check(DATASETS[name], {**defaults(name), key: value})


@pytest.mark.parametrize("name", DRAWN)
def test_the_same_generator_seed_gives_the_same_points(name: str) -> None:
    one, two, other = (
        DATASETS[name](**{**defaults(name), "noise": 0.1}, rng=random.Random(seed))
        for seed in (1, 1, 2)
    )
    assert one == two
    assert one != other


@pytest.mark.parametrize("name", DRAWN)
def test_the_global_generator_is_left_alone(name: str) -> None:
    before = random.getstate()
    DATASETS[name](**{**defaults(name), "noise": 0.1}, rng=random.Random(0))
    assert random.getstate() == before


@pytest.mark.parametrize("name", DRAWN)
def test_noise_has_the_standard_deviation_asked_for(name: str) -> None:
    settings = {**defaults(name), **({"bits": 10} if name == "parity" else {"n": 2000})}

    def numbers(noise: float) -> list[float]:
        # The same draws with and without: what is left between the two is the noise.
        data = DATASETS[name](**{**settings, "noise": noise}, rng=random.Random(4))
        return data.targets if name == "sine" else [x for point in data.inputs for x in point]

    moved = [a - b for a, b in zip(numbers(0.2), numbers(0.0), strict=True)]
    assert statistics.fmean(moved) == pytest.approx(0.0, abs=0.02)
    assert statistics.pstdev(moved) == pytest.approx(0.2, rel=0.05)


@pytest.mark.parametrize("name", [name for name in DRAWN if "n" in defaults(name)])
@pytest.mark.parametrize("n", [20, 41, 100])
def test_n_is_the_number_of_points_and_all_classes_have_some(name: str, n: int) -> None:
    data = DATASETS[name](**{**defaults(name), "n": n}, rng=random.Random(0))
    assert len(data.inputs) == len(data.targets) == n
    assert all(len(features) == data.n_features for features in data.inputs)
    if data.classes is not None:
        assert set(data.targets) == set(range(data.classes))


@pytest.mark.parametrize(
    ("size", "fraction", "held_out"),
    [(10, 0.3, 3), (10, 0.94, 9), (2, 0.5, 1), (7, 0.2, 1), (100, 0.01, 1)],
)
def test_split_shares_the_samples_out(size: int, fraction: float, held_out: int) -> None:
    data = numbered(size)
    train, validation = split(data, fraction, random.Random(0))
    assert validation is not None
    assert len(validation.inputs) == held_out
    assert sorted(train.inputs + validation.inputs) == data.inputs
    for part in (train, validation):
        assert part.inputs == sorted(part.inputs)
        assert part.targets == [-x for (x,) in part.inputs]
        assert part.lines == [x + 2 for (x,) in part.inputs]
        assert (part.classes, part.source) == (3, "people.csv")


@pytest.mark.parametrize("seed", range(5))
def test_a_stratified_split_gives_each_class_its_share(seed: int) -> None:
    labels = [0.0] * 50 + [1.0] * 30 + [2.0] * 20
    data = Dataset([[float(i)] for i in range(100)], labels, classes=3)
    train, held_out = split(data, 0.3, random.Random(seed), stratified=True)
    assert held_out is not None
    assert [held_out.targets.count(label) for label in (0, 1, 2)] == [15, 9, 6]
    assert sorted(train.inputs + held_out.inputs) == data.inputs


def test_a_stratified_split_leaves_each_class_a_sample_to_train_on() -> None:
    data = Dataset([[0.0]] * 12, [0.0] * 10 + [1.0] * 2, classes=2)
    train, _ = split(data, 0.8, random.Random(0), stratified=True)
    assert set(train.targets) == {0.0, 1.0}


def test_a_class_of_one_sample_cannot_be_in_both_parts() -> None:
    data = Dataset([[0.0]] * 5, [0, 0, 0, 0, 1.0], 2, "trees.csv", [2, 3, 4, 5, 6])
    with pytest.raises(ValueError, match=r"class 1 has one sample, trees\.csv:6, which cannot be"):
        split(data, 0.4, random.Random(0), stratified=True)


def test_split_by_zero_is_no_split_and_draws_nothing() -> None:
    data, rng = numbered(4), random.Random(0)
    before = rng.getstate()
    assert split(data, 0, rng) == (data, None)
    assert rng.getstate() == before


def test_split_is_by_its_generator() -> None:
    one, two, other = (split(numbered(50), 0.5, random.Random(seed)) for seed in (1, 1, 2))
    assert one == two
    assert one != other


def test_split_takes_every_sample_as_often() -> None:
    rng, counts = random.Random(0), [0] * 10
    for _ in range(2000):
        _, validation = split(numbered(10), 0.3, rng)
        assert validation is not None
        for (x,) in validation.inputs:
            counts[int(x)] += 1
    assert all(count == pytest.approx(600, abs=100) for count in counts)


@pytest.mark.parametrize("fraction", [-0.1, 1, 1.5, math.nan, math.inf])
def test_split_refuses_what_is_no_fraction(fraction: float) -> None:
    with pytest.raises(ValueError, match=r"^val_fraction must be a number in \[0, 1\), found"):
        split(numbered(4), fraction, random.Random(0))


@pytest.mark.parametrize(
    ("size", "fraction", "sides"),
    [
        (4, 0.1, "4 to train on and 0 to validate on"),
        (4, 0.9, "0 to train on and 4 to validate on"),
        (1, 0.5, "1 to train on and 0 to validate on"),
    ],
)
def test_split_leaves_no_side_empty(size: int, fraction: float, sides: str) -> None:
    with pytest.raises(ValueError) as caught:
        split(numbered(size), fraction, random.Random(0))
    assert str(caught.value) == (
        f"val_fraction {fraction} of {size} samples leaves {sides}: each side needs at least 1"
    )


def test_standardized_features_have_mean_0_and_deviation_1() -> None:
    data = DATASETS["moons"](n=200, noise=0.1, rng=random.Random(0))
    scale = Standardizer.fit(data)
    columns = list(zip(*data.inputs, strict=True))
    assert scale.means == pytest.approx([statistics.fmean(c) for c in columns])
    assert scale.deviations == pytest.approx([statistics.pstdev(c) for c in columns])
    applied = scale.apply(data)
    for column in zip(*applied.inputs, strict=True):
        assert statistics.fmean(column) == pytest.approx(0.0, abs=1e-12)
        assert statistics.pstdev(column) == pytest.approx(1.0)
    assert (applied.targets, applied.classes) == (data.targets, data.classes)


def test_standardizing_is_fitted_to_the_training_part_alone() -> None:
    scale = Standardizer.fit(Dataset([[0.0], [2.0]], [0.0, 0.0]))
    validation = numbered(5)
    assert scale.apply(validation).inputs == [[-1.0], [0.0], [1.0], [2.0], [3.0]]
    assert scale.apply(validation).lines == validation.lines
    assert scale.apply_to([5.0]) == [4.0]
    assert validation == numbered(5)


@pytest.mark.parametrize("value", [3.3, 0.1, 1e300, 0.0])
def test_a_constant_feature_becomes_0_and_keeps_deviation_1(value: float) -> None:
    data = Dataset([[value]] * 49, [0.0] * 49)
    scale = Standardizer.fit(data)
    assert scale == Standardizer([value], [1.0])
    assert scale.apply(data).inputs == [[0.0]] * 49


def test_standardizing_bears_the_largest_and_smallest_numbers() -> None:
    data = Dataset([[1e300, 5e-324], [-1e300, 0.0], [0.0, 0.0]] * 30, [0.0] * 90)
    applied = Standardizer.fit(data).apply(data)
    assert all(math.isfinite(x) for features in applied.inputs for x in features)
    assert applied.inputs[0][0] == pytest.approx(math.sqrt(1.5))


def test_standardizing_refuses_another_number_of_features() -> None:
    with pytest.raises(ValueError):
        Standardizer([0.0], [1.0]).apply_to([1.0, 2.0])
