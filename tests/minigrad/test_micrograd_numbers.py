"""The numbers micrograd shows: the mathematics of its README and of its two tests.

Written anew from micrograd 0.1.0. The README's example is also the longer of the two tests. The
expected numbers are float64's: the expressions below were evaluated at the same points with
micrograd 0.1.0 and with PyTorch 2.13.0, which agree with each other, and with micrograd's own
arrangement, to within the last digit; the digits stored are PyTorch's.
"""

import pytest

from minigrad import Value

LAST_DIGITS = 1e-15  # relative; a float64 has 1.1e-16 to either side


def readme_example(p: Value, q: Value) -> Value:
    total = p + q
    left = 2 * (2 * total + 1) + 1 - p
    right = 3 * (p * q + q**3) + total.relu()
    right = 4 * right + (q - p).relu()
    square = (left - right) ** 2
    return square / 2.0 + 10.0 / square


def shorter_test(t: Value) -> Value:
    line = 3 * t + 2
    bend = line * t + line.relu()
    return (line**2).relu() + bend * (1 + t)


def test_the_readme_of_micrograd_prints_the_same_four_digits_here() -> None:
    p, q = Value(-4.0), Value(2.0)
    result = readme_example(p, q)
    result.backward()
    assert f"{result:.4f}" == "24.7041"
    assert f"{p.grad:.4f}" == "138.8338"
    assert f"{q.grad:.4f}" == "645.5773"


def test_the_longer_test_of_micrograd_gives_the_numbers_of_pytorch_to_the_last_digits() -> None:
    p, q = Value(-4.0), Value(2.0)
    result = readme_example(p, q)
    result.backward()
    assert result.data == pytest.approx(24.70408163265306, rel=LAST_DIGITS)
    assert p.grad == pytest.approx(138.83381924198252, rel=LAST_DIGITS)
    assert q.grad == pytest.approx(645.5772594752186, rel=LAST_DIGITS)


def test_the_shorter_test_of_micrograd_gives_the_numbers_of_pytorch_exactly() -> None:
    t = Value(-4.0)
    result = shorter_test(t)
    result.backward()
    assert (result.data, t.grad) == (-20.0, 46.0)  # whole numbers all the way
