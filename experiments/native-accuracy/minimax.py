"""The coefficients of minigrad/native/*.h: polynomials of least greatest error.

Needs mpmath:  python experiments/native-accuracy/minimax.py

Prints each table with the greatest error that its rounded coefficients leave in exact arithmetic,
relative to the function's value (for LOG_ERFC: to erf's), and the constants that come in pieces;
and says whether the headers have them, digit by digit.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import mpmath
from mpmath import mpf

mpmath.mp.dps = 50
LN2, PI = mpmath.log(2), mpmath.pi

Function = Callable[[mpf], mpf]


@dataclass(frozen=True)
class Fit:
    """`function` on [low, high] by `terms` coefficients; errors count times `weight`."""

    name: str
    function: Function
    weight: Function
    low: mpf
    high: mpf
    terms: int


def log_quotient(z: mpf) -> mpf:
    """log((1 + s) / (1 - s)) / s at s = sqrt(z)."""
    s = mpmath.sqrt(z)
    return mpmath.log((1 + s) / (1 - s)) / s


def log_erfcx(x: mpf) -> mpf:
    return mpmath.log(mpmath.erfc(x)) + x * x


HALF_LN2 = LN2 / 2 * (1 + mpf(2) ** -40)
LOG_Z = (3 - 2 * mpmath.sqrt(2)) ** 2 * (1 + mpf(2) ** -40)  # ((sqrt 2 - 1) / (sqrt 2 + 1))²
ANGLE_Z = (PI / 4) ** 2 * (1 + mpf(2) ** -20)

FITS = [
    Fit(  # e^r = 1 + r + r² P(r)
        "EXP",
        lambda r: (mpmath.expm1(r) - r) / r**2,
        lambda _: mpf("0.42"),  # at least r² / |expm1(r)|
        -HALF_LN2,
        HALF_LN2,
        11,
    ),
    Fit(  # log((1 + s) / (1 - s)) = 2 s + s z P(z), z = s²
        "LOG",
        lambda z: (log_quotient(z) - 2) / z,
        lambda z: z / log_quotient(z),
        mpf(0),
        LOG_Z,
        7,
    ),
    Fit(  # log((1 + s) / (1 - s)) = 2 s + s z (2/3 + z P(z)), z = s²
        "LOG_LONG",
        lambda z: (log_quotient(z) - 2 - 2 * z / 3) / z**2,
        lambda z: z**2 / log_quotient(z),
        mpf(0),
        LOG_Z,
        8,
    ),
    Fit(  # sin r = r + r z P(z), z = r²
        "SIN",
        lambda z: (mpmath.sinc(mpmath.sqrt(z)) - 1) / z,
        lambda z: z / mpmath.sinc(mpmath.sqrt(z)),
        mpf(0),
        ANGLE_Z,
        6,
    ),
    Fit(  # cos r = 1 - z / 2 + z² P(z), z = r²
        "COS",
        lambda z: (mpmath.cos(mpmath.sqrt(z)) - 1 + z / 2) / z**2,
        lambda z: z**2 / mpmath.cos(mpmath.sqrt(z)),
        mpf(0),
        ANGLE_Z,
        6,
    ),
    Fit(  # erf x = x + x P(z), z = x², on [0, 1]
        "ERF",
        lambda z: mpmath.erf(mpmath.sqrt(z)) / mpmath.sqrt(z) - 1,
        lambda z: mpmath.sqrt(z) / mpmath.erf(mpmath.sqrt(z)),
        mpf(0),
        mpf(1),
        13,
    ),
    Fit(  # log(1 - erf x) = P(x - 1) - x², on [1, 6]
        "LOG_ERFC",
        lambda t: log_erfcx(1 + t),
        lambda t: mpmath.erfc(1 + t) / mpmath.erf(1 + t),
        mpf(0),
        mpf(5),
        20,
    ),
]


def value(coefficients: list[mpf], x: mpf) -> mpf:
    return mpmath.polyval(coefficients[::-1], x)


def remez(fit: Fit) -> list[mpf]:
    """The coefficients of least greatest error, by exchange of points (E. Remez, 1934)."""
    count = fit.terms + 1
    points = [node(fit, i, count) for i in range(count)]
    for _ in range(12):
        rows = [
            [*(x**j for j in range(fit.terms)), (-1) ** i / fit.weight(x)]
            for i, x in enumerate(points)
        ]
        values = [fit.function(x) for x in points]
        solution = mpmath.lu_solve(mpmath.matrix(rows), mpmath.matrix(values))
        coefficients: list[mpf] = solution[:-1]
        level = solution[-1]
        points, worst = extremes(fit, coefficients, count)
        if worst < abs(level) * (1 + mpf(10) ** -4):
            break
    return coefficients


def node(fit: Fit, i: int, count: int) -> mpf:
    """The i-th of `count` Chebyshev points."""
    middle, half = (fit.low + fit.high) / 2, (fit.high - fit.low) / 2
    return middle - half * mpmath.cos(PI * (i + mpf("0.5")) / count)


def extremes(fit: Fit, coefficients: list[mpf], count: int) -> tuple[list[mpf], mpf]:
    """The error's `count` alternating extremes on a fine mesh, and its greatest size."""
    mesh = [node(fit, i, 40 * count) for i in range(40 * count)]
    errors = [(error(fit, coefficients, x), x) for x in mesh]
    best = [errors[0]]
    for e, x in errors:
        if (e > 0) == (best[-1][0] > 0):
            best[-1] = max(best[-1], (e, x), key=lambda pair: abs(pair[0]))
        else:
            best.append((e, x))
    while len(best) > count:
        best.pop(0 if abs(best[0][0]) < abs(best[-1][0]) else -1)
    return [x for _, x in best], max(abs(e) for e, _ in errors)


def error(fit: Fit, coefficients: list[mpf], x: mpf) -> mpf:
    return (value(coefficients, x) - fit.function(x)) * fit.weight(x)


def pieces(number: mpf, count: int) -> list[mpf]:
    """The nearest double, the double nearest to what that leaves, and so on."""
    doubles: list[mpf] = []
    for _ in range(count):
        doubles.append(mpf(float(number - sum(doubles))))
    return doubles


def two_over_pi() -> list[str]:
    """The first 1,280 bits of 2/π behind the point, 64 a word."""
    with mpmath.workprec(1500):
        bits = int(mpmath.floor(2 / mpmath.pi * mpf(2) ** 1280))
    return [f"0x{bits >> (64 * i) & (2**64 - 1):016x}" for i in reversed(range(20))]


def main() -> int:
    headers = (Path(__file__).parents[2] / "minigrad/native").glob("*.h")
    code = "".join(header.read_text("utf-8") for header in headers)
    missing = []
    for fit in FITS:
        coefficients = [mpf(float(c)) for c in remez(fit)]
        _, worst = extremes(fit, coefficients, fit.terms + 1)
        print(f"{fit.name}_SERIES[{fit.terms}], error at most 2^{float(mpmath.log(worst, 2)):.1f}")
        missing += [c for c in printed(coefficients) if c not in code]
    for name, number, count in [("LN2", LN2, 2), ("HALF_PI", PI / 2, 3), ("2/3", mpf(2) / 3, 2)]:
        print(f"{name}, in {count} pieces")
        missing += [c for c in printed(pieces(number, count)) if c not in code]
    print("2/π, 1,280 bits")
    missing += [word for word in two_over_pi() if word not in code]
    print("the headers have all of these" if not missing else "the headers lack " + str(missing))
    return 1 if missing else 0


def printed(doubles: list[mpf]) -> list[str]:
    shown = [repr(float(c)) for c in doubles]
    print("".join(f"    {c}\n" for c in shown), end="")
    return shown


if __name__ == "__main__":
    sys.exit(main())
