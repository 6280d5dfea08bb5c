"""Curves: where the inputs lie, and what the targets are."""

import math
import random

import pytest

from minigrad.data.regression import sine


@pytest.mark.parametrize("n", [2, 3, 101])
@pytest.mark.parametrize("periods", [0.5, 1.0, 3.0])
def test_sine_without_noise_is_the_curve(n: int, periods: float) -> None:
    data = sine(n=n, noise=0.0, periods=periods, rng=random.Random(0))
    assert data.classes is None
    assert data.n_features == 1
    assert [x for (x,) in data.inputs] == pytest.approx([-1 + 2 * i / (n - 1) for i in range(n)])
    assert (data.inputs[0], data.inputs[-1]) == ([-1.0], [1.0])
    for (x,), y in zip(data.inputs, data.targets, strict=True):
        assert y == pytest.approx(math.sin(math.pi * periods * x), abs=1e-12)


def test_noise_moves_the_targets_alone() -> None:
    quiet, noisy = (sine(n=50, noise=noise, rng=random.Random(0)) for noise in (0.0, 0.3))
    assert quiet.inputs == noisy.inputs
    assert quiet.targets != noisy.targets
