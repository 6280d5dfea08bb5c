"""The native machine's functions: their errors, their special cases, and the same bits everywhere.

function_values.json comes from make_function_values.py, and the digests from any build.
"""

import hashlib
import json
import math
import platform
import shutil
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from importlib import import_module
from math import inf, nan
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

compiled = import_module("experiments.native-accuracy.compiled")

Array = npt.NDArray[np.float64]

VALUES = json.loads(Path(__file__).with_name("function_values.json").read_text(encoding="utf-8"))
NAMES = [*compiled.NAMES, "pow"]

pytestmark = pytest.mark.skipif(not shutil.which("cc"), reason="no C compiler, cc, is here")


@dataclass(frozen=True)
class Build:
    """How the functions are compiled, and what the processor must have to run them."""

    compiler: str
    flags: str
    needs: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.compiler} {self.flags}"


AVX2 = ("avx2", "fma")
AVX512 = ("avx512f", "avx512dq")
BUILDS = [
    Build(compiler, flags, needs)
    for compiler in ("gcc", "clang")
    for flags, needs in [
        ("-O1 -DLANES=2", ()),
        ("-O3 -DLANES=2", ()),
        ("-O2 -DLANES=8", ()),
        ("-O3 -DLANES=2 -mavx2 -mfma", AVX2),
        ("-O3 -DLANES=4 -mavx2 -mfma", AVX2),
        ("-O1 -DLANES=8 -mavx512f -mavx512dq", AVX512),
        ("-O3 -DLANES=8 -mavx512f -mavx512dq", AVX512),
    ]
]


@cache
def processor() -> set[str]:
    """What it can do, in Linux's words; nothing where it is no x86-64 or does not say."""
    if platform.machine() != "x86_64" or not Path("/proc/cpuinfo").exists():
        return set()
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    return set(next(line for line in lines if line.startswith("flags")).split())


@cache
def library(compiler: str = "cc", flags: str = "-O3 -DLANES=2") -> Any:
    with TemporaryDirectory() as folder:  # a loaded library outlives its file
        return compiled.Functions(Path(folder), compiler, flags)


def call(name: str, *arguments: float) -> float:
    columns = [np.array([x], dtype=float) for x in arguments]
    return float(library()(name, *columns)[0])


def units(value: float, exact: int, digit: int) -> Fraction:
    """Their distance in units in the last place, where `exact` is that many times 2^`digit`."""
    unit = max(digit + exact.bit_length() - 53, -1074)
    return abs(Fraction(value) - exact * Fraction(2) ** digit) / Fraction(2) ** unit


@pytest.mark.parametrize("name", NAMES)
def test_errors_are_at_most_two_and_a_half_units_in_the_last_place(name: str) -> None:
    assert len(VALUES[name]) > 120
    *columns, exact, digits = zip(*VALUES[name], strict=True)
    arguments = [np.array([float.fromhex(x) for x in column]) for column in columns]
    values = library()(name, *arguments).tolist()
    rows = zip(values, exact, digits, *arguments, strict=True)
    errors = [(units(v, int(n, 16), int(k, 16)), point) for v, n, k, *point in rows]
    assert max(errors)[0] <= 2.5, max(errors)


SPECIAL_CASES = """
exp      0:1 -0:1 inf:inf -inf:0 nan:nan 709.79:inf 1e308:inf -745.14:0 -745.13:5e-324 -1e308:0
exp      5e-324:1
expm1    0:0 -0:-0 inf:inf -inf:-1 nan:nan 709.79:inf 1e308:inf -40:-1 -1e308:-1
expm1    5e-324:5e-324 -5e-324:-5e-324 1e-308:1e-308
log      0:-inf -0:-inf 1:0 inf:inf -inf:nan -1:nan -5e-324:nan nan:nan
log1p    0:0 -0:-0 -1:-inf inf:inf -inf:nan -1.5:nan -1e308:nan nan:nan
log1p    5e-324:5e-324 -5e-324:-5e-324 1e-308:1e-308
tanh     0:0 -0:-0 inf:1 -inf:-1 nan:nan 20:1 -1e308:-1
tanh     5e-324:5e-324 -5e-324:-5e-324 1e-308:1e-308
sigmoid  0:0.5 -0:0.5 inf:1 -inf:0 nan:nan 5e-324:0.5 40:1 -745.14:0 -745.13:5e-324 -1e308:0
softplus 0:0.6931471805599453 -0:0.6931471805599453 inf:inf -inf:0 nan:nan 40:40 1e308:1e308
softplus -745.14:0 -745.13:5e-324 -1e308:0
erf      0:0 -0:-0 inf:1 -inf:-1 nan:nan 6:1 -1e308:-1 5e-324:5e-324 -5e-324:-5e-324
sin      0:0 -0:-0 inf:nan -inf:nan nan:nan 5e-324:5e-324 -5e-324:-5e-324 1e-308:1e-308
cos      0:1 -0:1 inf:nan -inf:nan nan:nan 5e-324:1
sqrt     0:0 -0:-0 inf:inf -inf:nan -1:nan -5e-324:nan nan:nan 4:2
"""
SPECIAL = [
    (name, *map(float, case.split(":")))
    for name, *cases in map(str.split, SPECIAL_CASES.strip().splitlines())
    for case in cases
]


@pytest.mark.parametrize(("name", "x", "y"), SPECIAL)
def test_special_cases_are_those_of_the_c_standard(name: str, x: float, y: float) -> None:
    assert same(call(name, x), y)


PLAIN = [0.5, 1.0, 1.5, 2.0, 3.0, 5e-324, 1e300, inf, 2.0**52 + 1, 2.0**53 + 2, nan]
ANY_SIGN = [0.0, -0.0, *PLAIN, *(-x for x in PLAIN)]


@pytest.mark.parametrize("x", ANY_SIGN)
def test_special_cases_of_pow_are_those_of_the_c_standard(x: float) -> None:
    for y in ANY_SIGN:
        assert same(call("pow", x, y), power(x, y), tolerance=1e-15), (x, y)


def power(x: float, y: float) -> float:
    """C's pow: Python's, which raises where C gives an infinity or nan."""
    try:
        return math.pow(x, y)
    except OverflowError:
        return -inf if x < 0 and y % 2 == 1 else inf
    except ValueError:
        if x != 0:
            return nan
        return math.copysign(inf, x) if y % 2 == 1 else inf


def same(value: float, expected: float, tolerance: float = 0.0) -> bool:
    """Zeros of different sign are not the same, two nans are."""
    if math.isnan(expected):
        return math.isnan(value)
    signs = math.copysign(1, value) == math.copysign(1, expected)
    return signs and math.isclose(value, expected, rel_tol=tolerance)


def test_minimum_and_maximum_give_the_second_of_zeros_and_where_one_is_nan() -> None:
    pairs = [(1.0, 2.0), (2.0, 1.0), (0.0, -0.0), (-0.0, 0.0), (nan, 1.0), (1.0, nan), (inf, -inf)]
    assert all(same(call("minimum", a, b), a if a < b else b) for a, b in pairs)
    assert all(same(call("maximum", a, b), a if a > b else b) for a, b in pairs)


@cache
def points() -> Array:
    """Any bits, and common sizes; the same in every version of NumPy, for raw bits are."""
    raw = np.random.PCG64(1).random_raw(12_000)
    fractions = (raw >> np.uint64(11)) * 2.0**-52 - 1
    sizes = np.concatenate([fractions * size for size in (1, 3, 40, 760, 2.0**31)])
    special = np.array([x for _, x, _ in SPECIAL])
    return one_nan(np.concatenate([raw.view(np.float64), sizes, special]))


@cache
def arguments(name: str) -> tuple[Array, ...]:
    x = points()
    if name != "pow":
        return (x,)
    raw = np.random.PCG64(2).random_raw(len(x))
    exponents = (raw >> np.uint64(11)) * 2.0**-44 - 256
    return np.concatenate([x, np.abs(x), x]), np.concatenate([exponents, exponents, np.round(x)])


def one_nan(values: Array) -> Array:
    """All nans alike: their signs and payloads are not promised."""
    return np.where(np.isnan(values), nan, values)


def bits(values: Array) -> npt.NDArray[np.uint64]:
    return one_nan(values).view(np.uint64)


DIGESTS = {
    "exp": "4a3e9efe119b8625",
    "expm1": "3a17cca340699c5e",
    "log": "13e7089b9f20c1b2",
    "log1p": "b0f46915a6cd3e97",
    "tanh": "1ec9137790a7e6eb",
    "sigmoid": "6447a1ca6fa2d238",
    "softplus": "fed4c11236f50af7",
    "erf": "347cfe3c13dc6901",
    "sin": "4b0d6b282d57e69f",
    "cos": "4b62fafe69d8f78a",
    "sqrt": "5da7a6d032757117",
    "pow": "69181c319e54e73a",
}


@pytest.mark.parametrize(
    "build",
    [
        pytest.param(build, id=str(build), marks=[pytest.mark.slow] * bool(i % 4))
        for i, build in enumerate(BUILDS)
    ],
)
def test_every_build_gives_the_bits_written_down_here(build: Build) -> None:
    if not shutil.which(build.compiler):
        pytest.skip(f"no {build.compiler} is here")
    if missing := set(build.needs) - processor():
        pytest.skip(f"the processor has no {', '.join(sorted(missing))}")
    functions = library(build.compiler, build.flags)
    assert {name: digest(functions, name) for name in NAMES} == DIGESTS


def test_the_default_build_gives_the_bits_written_down_here() -> None:
    assert {name: digest(library(), name) for name in NAMES} == DIGESTS


def digest(functions: Any, name: str) -> str:
    values = bits(functions(name, *arguments(name))).astype("<u8")
    return hashlib.sha256(values.tobytes()).hexdigest()[:16]


@pytest.mark.parametrize("name", NAMES)
def test_a_number_gives_the_same_bits_in_any_company(name: str) -> None:
    """Beside rare cases its vector takes the longer way; here all are sorted, there mixed."""
    order = np.argsort(np.abs(arguments(name)[0]), kind="stable")
    mixed = bits(library()(name, *arguments(name)))
    in_order = bits(library()(name, *(column[order] for column in arguments(name))))
    assert (in_order == mixed[order]).all()


@pytest.mark.parametrize("name", ["tanh", "erf", "sin"])
def test_odd_functions_are_odd_to_the_bit(name: str) -> None:
    assert (bits(library()(name, -points())) == bits(-library()(name, points()))).all()


def test_softplus_and_sigmoid_are_the_same_together_as_alone() -> None:
    functions, x = library(), points()
    together = functions("softplus_beside_sigmoid", x), functions("sigmoid_beside_softplus", x)
    assert (bits(together[0]) == bits(functions("softplus", x))).all()
    assert (bits(together[1]) == bits(functions("sigmoid", x))).all()


def test_sqrt_is_rounded_correctly() -> None:
    sizes = np.abs(points())
    assert (bits(library()("sqrt", sizes)) == bits(np.sqrt(sizes))).all()
