"""Points at which a function or its code may be at its worst, and many at random."""

import math

import mpmath
import numpy as np
from compiled import Array

RANDOM = np.random.default_rng(1)


def any_bits(count: int) -> Array:
    """Finite doubles of all exponents and both signs."""
    bits = RANDOM.integers(0, 2**64, count, dtype=np.uint64)
    numbers = bits.view(np.float64)
    return numbers[np.isfinite(numbers)]


def around(points: Array, steps: int = 4) -> Array:
    """The points and the doubles next to them, and points a little further off."""
    near = [points]
    for direction in (-np.inf, np.inf):
        neighbour = points
        for _ in range(steps):
            neighbour = np.nextafter(neighbour, direction)
            near.append(neighbour)
    for power in range(-50, -2, 4):
        near += [points * (1 + 2.0**power), points * (1 - 2.0**power)]
    return np.concatenate(near)


def dense(low: float, high: float, count: int) -> Array:
    return RANDOM.uniform(low, high, count)


def spread(low: float, high: float, count: int) -> Array:
    """Of both signs, sizes from 2^low to 2^high evenly by their logarithm."""
    sizes: Array = 2.0 ** RANDOM.uniform(low, high, count)
    return np.copysign(sizes, RANDOM.uniform(-1, 1, count))


def just_above_powers(count: int) -> Array:
    """x whose e^x or e^2x - 1 is just above a power of 2: sigmoid and tanh round worst there."""
    powers = 2.0 ** -RANDOM.integers(1, 9, count) * RANDOM.uniform(1, 1.07, count)
    half = count // 2
    return np.concatenate([np.log1p(powers[:half]) / 2, np.log(powers[half:])])


def edges() -> Array:
    """Every power of 2, subnormals too, and numbers at which a function or its code turns."""
    powers = np.ldexp(1.0, np.arange(-1074, 1024))
    turns = [0.5, 1.5, 6, 20, 36.7, 40, 708, 709.782712893384, 708.3964185322641, 745.1332191019411]
    turns += [math.sqrt(2) - 1, 1 - math.sqrt(0.5), math.sqrt(2), math.sqrt(0.5), 5.92, 19.06]
    logarithms: Array = math.log(2) * np.arange(1.0, 1080.0) / 2  # where the reduction of exp turns
    numbers = np.concatenate([powers, around(np.array(turns)), around(logarithms[:80], 2)])
    numbers = np.concatenate([numbers, logarithms])
    return np.concatenate([numbers, -numbers])


def angles(count: int) -> Array:
    """Near multiples of π/2, small and huge, where sine or cosine is nearly 0."""
    quarters: Array = np.pi / 2 * np.arange(1.0, 200.0)
    many = np.round(2.0 ** RANDOM.uniform(0, 60, count)) * (np.pi / 2)
    turns = around(quarters - np.pi / 4, 2)
    return np.concatenate([around(quarters), many, turns, nearest_to_quarters(), [2.0**30]])


def nearest_to_quarters() -> Array:
    """For every exponent e, the q < 2^53 with q 2^e nearest to a multiple of π/2.

    These are denominators of convergents of 2^e 2/π's continued fraction; the last three of each.
    """
    nearest = []
    with mpmath.workprec(2400):
        two_over_pi = int(2 / mpmath.pi * mpmath.mpf(2) ** 2200)
    for e in range(-53, 971):
        rest, below = two_over_pi << (e + 53), 1 << 2253
        before, q = 0, 1
        denominators = [q]
        rest %= below
        while rest and q < 2**53:
            times, left = divmod(below, rest)
            below, rest = rest, left
            before, q = q, times * q + before
            denominators.append(q)
        nearest += [math.ldexp(q, e) for q in denominators[:-1][-3:]]
    return np.array(nearest)


def points_of(name: str, count: int) -> Array:
    """For a function of one argument, some `count` of each kind that suits it."""
    parts = [edges(), any_bits(count // 2), spread(-60, 10, count), dense(-2, 2, count)]
    parts += [dense(-50, 50, count)]
    if name in ("exp", "expm1", "sigmoid", "softplus"):
        parts += [dense(-760, 760, count)]
    if name in ("tanh", "sigmoid"):
        parts += [just_above_powers(count), -just_above_powers(count)]
    if name in ("log", "log1p"):
        parts += [1 + spread(-52, -1, count), dense(0.5, 1.6, count), spread(-60, -1, count) - 1]
    if name == "erf":
        parts += [dense(0.9, 1.1, count), dense(0.5, 6, count)]
    if name in ("sin", "cos"):
        parts += [angles(count), spread(0, 40, count), spread(28, 1023, count // 2)]
    numbers: Array = np.concatenate(parts)
    if name in ("log", "sqrt"):
        numbers = np.abs(numbers[numbers != 0])
    if name == "log1p":
        numbers = np.extract(numbers > -1, numbers)
    return numbers


def pairs(count: int) -> tuple[Array, Array]:
    """Bases and exponents of pow whose powers mostly are finite, to the ends of the range."""
    bases = np.concatenate(
        [
            np.abs(any_bits(count)),
            np.abs(spread(-20, 20, count)),
            1 + spread(-52, -1, count),
            dense(0.7, 1.42, count),
            np.abs(edges()),
            dense(2.0**-1073, 2.0**-1021, count // 4),
        ]
    )
    bases = bases[(bases != 1) & (bases > 0)]
    with np.errstate(over="ignore"):
        exponents = dense(-745, 710, len(bases)) / np.log(bases)
    exponents[::5] = RANDOM.integers(-9, 10, len(exponents[::5])) / 2
    exponents[1::7] = spread(-8, 1, len(exponents[1::7]))
    return bases, exponents
