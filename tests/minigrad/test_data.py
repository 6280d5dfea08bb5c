"""Datasets: their shapes, labels, and draws."""

import math
import random

from minigrad.data import moons, xor


def test_xor_is_the_four_corners() -> None:
    data = xor(rng=random.Random(0))
    assert data.inputs == [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
    assert data.targets == [0.0, 1.0, 1.0, 0.0]
    assert data.n_features == 2


def test_xor_repeats_its_corners_with_noise() -> None:
    data = xor(n=10, noise=0.05, rng=random.Random(0))
    assert data.targets == ([0.0, 1.0, 1.0, 0.0] * 3)[:10]
    assert all(min(abs(v), abs(v - 1)) < 0.3 for point in data.inputs for v in point)
    assert data.inputs[0] != data.inputs[4]


def test_moons_without_noise_lie_on_two_half_circles() -> None:
    data = moons(n=51, noise=0.0, rng=random.Random(0))
    assert (data.targets.count(0.0), data.targets.count(1.0)) == (26, 25)
    for (x, y), label in zip(data.inputs, data.targets, strict=True):
        centre = (0.0, 0.0) if label == 0 else (1.0, 0.5)
        assert math.isclose(math.dist((x, y), centre), 1.0)
        assert y >= -1e-12 if label == 0 else y <= 0.5 + 1e-12


def test_the_same_generator_seed_gives_the_same_points() -> None:
    one, two, other = (moons(rng=random.Random(seed)) for seed in (1, 1, 2))
    assert one == two != other
