"""The greatest error of each native function, over dense and hostile points, against mpmath.

Needs a C compiler and mpmath:  python experiments/native-accuracy/accuracy.py [--points 20000]

A unit in the last place is the distance of doubles at the true value, 2^-1074 at least.
"""

import argparse
import math
import tempfile
from collections.abc import Callable
from pathlib import Path

import mpmath
import numpy as np
from compiled import NAMES, Array, Functions
from mpmath import mpf
from points import pairs, points_of

mpmath.mp.prec = 160

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


def units(value: float | mpf, exact: mpf) -> float:
    """How many units in the last place of `exact` lie between it and `value`."""
    if abs(exact) >= mpf(2) ** 1024:
        return 0.0 if math.isinf(value) and (value > 0) == (exact > 0) else math.inf
    if math.isnan(value):
        return math.inf
    if math.isinf(value):  # as if doubles went on
        value = math.copysign(1, value) * mpf(2) ** 1024
    fraction, exponent = mpf(exact).man_exp
    unit = max(exponent + int(fraction).bit_length() - 53, -1074)
    return float(abs(mpf(value) - exact) / mpf(2) ** unit)


def arguments_of(name: str, count: int) -> tuple[Array, ...]:
    return pairs(count) if name == "pow" else (points_of(name, count),)


def errors(functions: Functions, name: str, arguments: tuple[Array, ...]) -> Array:
    """In units in the last place, at each point; shaped as each of the arguments."""
    values, exact = functions(name, *arguments), EXACT[name]
    points = zip(values, *arguments, strict=True)
    return np.array([units(float(value), exact(*map(mpf, point))) for value, *point in points])


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
            arguments = arguments_of(name, options.points)
            error = errors(functions, name, arguments)
            worst = int(np.argmax(error))
            at = ", ".join(repr(float(a[worst])) for a in arguments)
            print(f"{name:10}{error[worst]:12.3f}   {at:40}{len(error):10,}", flush=True)


if __name__ == "__main__":
    main()
