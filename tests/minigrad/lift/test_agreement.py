"""Where the numbers of an engine are farthest from eager's."""

import math

import pytest

from minigrad.lift.agreement import Disagreement, Gradient, compare_gradients

EAGER, NO_NOISE = Gradient(1.0, [2.0, -4.0]), Gradient(0.0, [0.0, 0.0])


def test_equal_numbers_are_named_by_the_loss_and_the_first_of_equal_deviations_counts() -> None:
    assert compare_gradients(EAGER, EAGER, NO_NOISE, 3).where == "the loss"
    off = Gradient(1.0, [2.0 + 2**-32, -4.0 - 2**-32])
    agreement = compare_gradients(off, EAGER, NO_NOISE, 3)
    assert (agreement.where, agreement.deviation) == ("the slope of parameter 0", 2**-34)


@pytest.mark.parametrize(
    ("lifted", "where"),
    [
        (Gradient(math.nan, [2.0, -4.0]), "the loss"),
        (Gradient(1.0, [2.0, math.nan]), "the slope of parameter 1"),
        (Gradient(1.0, [2.1, -4.0]), "the slope of parameter 0"),
    ],
)
def test_what_is_no_rounding_is_refused_and_named(lifted: Gradient, where: str) -> None:
    with pytest.raises(Disagreement, match=where):
        compare_gradients(lifted, EAGER, NO_NOISE, 3)


def test_what_noise_explains_is_rounding_and_zeros_agree() -> None:
    noisy = Gradient(0.0, [0.0, 1e-3])
    assert compare_gradients(Gradient(1.0, [2.0, -4.0001]), EAGER, noisy, 3).deviation < 1e-9
    zero = Gradient(0.0, [0.0])
    assert compare_gradients(zero, zero, zero, 1).deviation == 0.0
