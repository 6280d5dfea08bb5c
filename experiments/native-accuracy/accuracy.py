"""The greatest error of each native function, over dense and hostile points, against mpmath.

Needs a C compiler and mpmath:  python experiments/native-accuracy/accuracy.py [--points 20000]

A unit in the last place is the distance of doubles at the true value, 2^-1074 at least.
"""

import argparse
import math
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import mpmath
import numpy as np
from compiled import NAMES, Array, Functions
from mpmath import mpf

mpmath.mp.prec = 160
RANDOM = np.random.default_rng(1)

Exact = Callable[..., mpf]


def sigmoid(x: mpf) -> mpf:
    return 1 / (1 + mpmath.exp(-x))


def softplus(x: mpf) -> mpf:
    return mpmath.log1p(mpmath.exp(x)) if x < 0 else x + mpmath.log1p(mpmath.exp(-x))


def angle_function(function: Exact) -> Exact:
    """With enough bits for angles up to 2^1024."""

    def exact(x: mpf) -> mpf:
        with mpmath.workprec(1400 if abs(x) > 2**40 else 220):
            return function(x)

    return exact


EXACT: dict[str, Exact] = {
    "exp": mpmath.exp,
    "expm1": mpmath.expm1,
    "log": mpmath.log,
    "log1p": mpmath.log1p,
    "tanh": mpmath.tanh,
    "sigmoid": sigmoid,
    "softplus": softplus,
    "erf": mpmath.erf,
    "sin": angle_function(mpmath.sin),
    "cos": angle_function(mpmath.cos),
    "sqrt": mpmath.sqrt,
    "pow": mpmath.power,
}


def units(value: float, exact: mpf) -> float:
    """How many units in the last place of `exact` lie between it and `value`."""
    if abs(exact) >= mpf(2) ** 1024:
        return 0.0 if math.isinf(value) and (value > 0) == (exact > 0) else math.inf
    if not math.isfinite(value):  # allowed just below the greatest double
        return float(abs(mpf(2) ** 1024 - abs(exact)) / mpf(2) ** 971)
    fraction, exponent = mpf(exact).man_exp
    unit = max(exponent + int(fraction).bit_length() - 53, -1074)
    return float(abs(mpf(value) - exact) / mpf(2) ** unit)


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
    return RANDOM.choice([-1.0, 1.0], count) * 2.0 ** RANDOM.uniform(low, high, count)


def edges() -> Array:
    """Every power of 2, subnormals too, and numbers at which a function or its code turns."""
    powers = np.ldexp(1.0, np.arange(-1074, 1024))
    turns = [0.5, 1.5, 6, 20, 36.7, 40, 708, 709.782712893384, 708.3964185322641, 745.1332191019411]
    turns += [math.sqrt(2) - 1, 1 - math.sqrt(0.5), math.sqrt(2), math.sqrt(0.5), 5.92, 19.06]
    logarithms = np.log(2) * (np.arange(1, 1080) / 2)  # where the reduction of exp turns
    numbers = np.concatenate([powers, around(np.array(turns)), around(logarithms[:80], 2)])
    numbers = np.concatenate([numbers, logarithms])
    return np.concatenate([numbers, -numbers])


def angles(count: int) -> Array:
    """Near multiples of pi/2, small and huge: where sine or cosine is nearly 0."""
    few = np.arange(1, 200) * (np.pi / 2)
    many = np.round(2.0 ** RANDOM.uniform(0, 60, count)) * (np.pi / 2)
    worst = np.array([6381956970095103.0 * 2.0**797, 5.319372648326541e255, 2.0**30])
    at_turns = (np.arange(0, 200) + 0.5) * (np.pi / 2)
    return np.concatenate([around(few), many, around(worst), around(at_turns, 2)])


def points_of(name: str, count: int) -> Array:
    parts = [edges(), any_bits(count // 2), spread(-60, 10, count), dense(-2, 2, count)]
    parts += [dense(-50, 50, count)]
    if name in ("exp", "expm1", "sigmoid", "softplus"):
        parts += [dense(-760, 760, count)]
    if name in ("log", "log1p"):
        parts += [1 + spread(-52, -1, count), dense(0.5, 1.6, count), spread(-60, -1, count) - 1]
    if name == "erf":
        parts += [dense(0.9, 1.1, count), dense(0.5, 6, count)]
    if name in ("sin", "cos"):
        parts += [angles(count), spread(0, 40, count), spread(28, 1023, count // 2)]
    numbers = np.concatenate(parts)
    if name in ("log", "sqrt"):
        return np.abs(numbers[numbers != 0])
    return numbers[numbers > -1] if name == "log1p" else numbers


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


@dataclass(frozen=True)
class Worst:
    """A function's greatest error, in units in the last place, and where it occurs."""

    name: str
    error: float
    arguments: tuple[float, ...]
    points: int


def worst(functions: Functions, name: str, count: int) -> Worst:
    arguments = pairs(count) if name == "pow" else (points_of(name, count),)
    values = functions(name, *arguments)
    exact = EXACT[name]
    largest, place = -1.0, 0
    for i, point in enumerate(zip(*arguments, strict=True)):
        error = units(float(values[i]), exact(*map(mpf, point)))
        if not error <= largest:
            largest, place = error, i
    return Worst(name, largest, tuple(float(a[place]) for a in arguments), len(values))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--points", type=int, default=20_000, help="how many of each kind")
    parser.add_argument("--only", choices=[*NAMES, "pow"], help="this function alone")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        functions = Functions(Path(folder))
        print(f"{'function':10}{'worst error':>12}   {'at':40}{'points':>10}")
        for name in [options.only] if options.only else [*NAMES, "pow"]:
            row = worst(functions, name, options.points)
            at = ", ".join(map(repr, row.arguments))
            print(f"{row.name:10}{row.error:12.3f}   {at:40}{row.points:10,}", flush=True)


if __name__ == "__main__":
    main()
