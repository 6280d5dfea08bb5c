"""Shapes in the plane: where the points lie, and how many of each label there are."""

import math
import random
from collections import Counter

import pytest

from minigrad.data import DATASETS, Dataset
from minigrad.data.shapes import blobs, checkerboard, circles, moons, spiral


def labelled(data: Dataset) -> list[tuple[float, float, int]]:
    pairs = zip(data.inputs, data.targets, strict=True)
    return [(x, y, int(label)) for (x, y), label in pairs]


@pytest.mark.parametrize("name", ["moons", "circles", "blobs", "spiral", "checkerboard"])
@pytest.mark.parametrize("n", [20, 23, 100])
def test_classes_come_in_order_and_are_as_equal_as_possible(name: str, n: int) -> None:
    data = DATASETS[name](n=n, rng=random.Random(0))
    k = data.classes
    assert k == (3 if name in ("blobs", "spiral") else 2)
    counts = Counter(data.targets)
    assert [counts[label] for label in range(k)] == [n // k + (i < n % k) for i in range(k)]
    assert data.targets == sorted(data.targets)
    assert data.n_features == 2


def test_moons_without_noise_lie_on_two_half_circles() -> None:
    data = moons(n=51, noise=0.0, rng=random.Random(0))
    assert (data.targets.count(0.0), data.targets.count(1.0)) == (26, 25)
    for x, y, label in labelled(data):
        centre = (0.0, 0.0) if label == 0 else (1.0, 0.5)
        assert math.isclose(math.dist((x, y), centre), 1.0)
        assert y >= -1e-12 if label == 0 else y <= 0.5 + 1e-12


def test_moons_draw_the_points_that_they_always_drew() -> None:
    # The last bit may be another one where the C library rounds a cosine otherwise.
    assert moons(n=5, noise=0.2, rng=random.Random(7)).inputs == [
        pytest.approx(point, abs=1e-14) for point in MOONS_OF_SEED_7
    ]


@pytest.mark.parametrize("factor", [0.2, 0.5, 0.9])
def test_circles_without_noise_lie_on_two_circles(factor: float) -> None:
    data = circles(n=41, noise=0.0, factor=factor, rng=random.Random(0))
    for x, y, label in labelled(data):
        assert math.hypot(x, y) == pytest.approx(factor if label else 1.0)
    outer = [point for point, label in zip(data.inputs, data.targets, strict=True) if label == 0]
    gaps = [math.dist(a, b) for a, b in zip(outer, [*outer[1:], outer[0]], strict=True)]
    assert gaps == pytest.approx([gaps[0]] * 21)


@pytest.mark.parametrize("classes", [2, 3, 6, 7, 20])
def test_blobs_without_noise_are_their_centres_on_a_circle(classes: int) -> None:
    data = blobs(n=40, noise=0.0, classes=classes, rng=random.Random(0))
    centres: list[tuple[float, float]] = [(0.0, 0.0)] * classes
    for x, y, label in labelled(data):
        centres[label] = (x, y)
    assert {(x, y) for x, y, _ in labelled(data)} == set(centres)
    for label, (x, y) in enumerate(centres):
        assert math.atan2(y, x) % math.tau == pytest.approx(math.tau * label / classes)
    gaps = [math.dist(a, b) for a, b in zip(centres, [*centres[1:], centres[0]], strict=True)]
    assert gaps == pytest.approx([gaps[0]] * classes)
    if classes <= 6:
        assert math.hypot(*centres[0]) == pytest.approx(1.0)
    if classes >= 6:
        assert gaps[0] == pytest.approx(1.0)


@pytest.mark.parametrize("classes", [2, 3, 6, 20])
def test_blobs_of_noise_a_fifth_are_mostly_nearest_to_their_own_centre(classes: int) -> None:
    centres = blobs(n=classes * 10, noise=0.0, classes=classes, rng=random.Random(0)).inputs[::10]
    data = blobs(n=2000, noise=0.2, classes=classes, rng=random.Random(0))
    right = sum(
        min(range(classes), key=lambda i: math.dist(centres[i], (x, y))) == label
        for x, y, label in labelled(data)
    )
    assert right / 2000 > 0.97


@pytest.mark.parametrize(("classes", "turns"), [(2, 1.0), (3, 0.25), (5, 2.5)])
def test_spiral_arms_turn_evenly_out_to_radius_1(classes: int, turns: float) -> None:
    data = spiral(n=50, noise=0.0, classes=classes, turns=turns, rng=random.Random(0))
    for label in range(classes):
        arm = [(x, y) for x, y, other in labelled(data) if other == label]
        radii = [math.hypot(x, y) for x, y in arm]
        assert radii == pytest.approx([(i + 1) / len(arm) for i in range(len(arm))])
        for (x, y), radius in zip(arm, radii, strict=True):
            angle = math.tau * (label / classes + turns * radius)
            assert (x, y) == pytest.approx(
                (radius * math.cos(angle), radius * math.sin(angle)), abs=1e-12
            )


@pytest.mark.parametrize("tiles", [2, 3, 4, 20])
def test_checkerboard_labels_alternate_and_all_squares_are_covered(tiles: int) -> None:
    n = 2 * tiles * tiles
    data = checkerboard(n=n, noise=0.0, tiles=tiles, rng=random.Random(0))
    squares: Counter[tuple[int, int]] = Counter()
    for x, y, label in labelled(data):
        assert -1 <= x < 1
        assert -1 <= y < 1
        column, row = (math.floor((v + 1) / 2 * tiles) for v in (x, y))
        assert (column + row) % 2 == label
        squares[column, row] += 1
    assert len(squares) == tiles * tiles
    for label in range(2):
        counts = [count for (x, y), count in squares.items() if (x + y) % 2 == label]
        assert max(counts) - min(counts) <= 1


def test_checkerboard_points_lie_anywhere_in_their_square() -> None:
    data = checkerboard(n=4000, noise=0.0, tiles=2, rng=random.Random(0))
    lower_left = [(x, y) for x, y, _ in labelled(data) if x < 0 and y < 0]
    assert len(lower_left) == 1000
    for coordinates in zip(*lower_left, strict=True):
        quarters = Counter(math.floor((v + 1) * 4) for v in coordinates)
        assert all(quarters[i] == pytest.approx(250, abs=60) for i in range(4))


@pytest.mark.parametrize("name", ["blobs", "spiral"])
def test_the_fewest_points_still_give_each_of_the_most_classes_one(name: str) -> None:
    data = DATASETS[name](n=20, classes=20, rng=random.Random(0))
    assert data.targets == [float(label) for label in range(20)]


MOONS_OF_SEED_7 = [
    [0.94882394231048, 0.1022863025033028],
    [-0.045219232956620885, 0.9369863155337629],
    [-1.1860036380645536, -0.04266038948424061],
    [0.22238347619726417, 0.5848293368251872],
    [2.207375815777933, 0.5497805455330181],
]
