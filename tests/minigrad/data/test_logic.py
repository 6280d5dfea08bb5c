"""Truth tables: corners, labels, repeats."""

import random

import pytest

from minigrad.data import DATASETS
from minigrad.data.logic import parity, xor

CORNERS = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]


@pytest.mark.parametrize(
    ("name", "targets"),
    [
        ("xor", [0.0, 1.0, 1.0, 0.0]),
        ("and", [0.0, 0.0, 0.0, 1.0]),
        ("or", [0.0, 1.0, 1.0, 1.0]),
    ],
)
def test_two_inputs_are_the_four_corners(name: str, targets: list[float]) -> None:
    data = DATASETS[name](rng=random.Random(0))
    assert data.inputs == CORNERS
    assert data.targets == targets
    assert (data.n_features, data.classes) == (2, 2)
    again = DATASETS[name](n=10, noise=0.0, rng=random.Random(0))
    assert again.inputs == (CORNERS * 3)[:10]
    assert again.targets == (targets * 3)[:10]


def test_xor_repeats_its_corners_with_noise() -> None:
    data = xor(n=10, noise=0.05, rng=random.Random(0))
    assert data.targets == ([0.0, 1.0, 1.0, 0.0] * 3)[:10]
    assert all(min(abs(v), abs(v - 1)) < 0.3 for point in data.inputs for v in point)
    assert data.inputs[0] != data.inputs[4]


def test_xor_draws_the_points_that_it_always_drew() -> None:
    # The last bit may be another one where the C library rounds a cosine otherwise.
    assert xor(n=5, noise=0.3, rng=random.Random(7)).inputs == [
        pytest.approx(point, abs=1e-14) for point in XOR_OF_SEED_7
    ]


@pytest.mark.parametrize("bits", [1, 2, 3, 12])
def test_parity_is_each_corner_once_and_half_of_them_are_odd(bits: int) -> None:
    data = parity(bits=bits, rng=random.Random(0))
    assert data.n_features == bits
    assert data.inputs == [
        [float(digit) for digit in f"{number:0{bits}b}"] for number in range(2**bits)
    ]
    assert data.targets == [float(number.bit_count() % 2) for number in range(2**bits)]
    assert data.targets.count(1.0) == 2 ** (bits - 1)
    assert data.classes == 2


def test_parity_of_two_bits_is_xor() -> None:
    rng = random.Random
    assert parity(bits=2, noise=0.1, rng=rng(3)) == xor(n=4, noise=0.1, rng=rng(3))


XOR_OF_SEED_7 = [
    [-0.07676408653428012, 0.15342945375495418],
    [-0.06782884943493141, 0.9054794733006444],
    [0.7209945429031698, -0.0639905842263611],
    [1.3335752142958963, 1.1272440052377808],
    [0.31106372366689994, 0.0746708182995274],
]
