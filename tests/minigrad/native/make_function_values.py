"""Derives function_values.json: exact values of the native functions at the points worst for them.

Where mpmath and a C compiler are installed, from the project's root:

    python tests/minigrad/native/make_function_values.py

For each function, rows of [its arguments, n, k]: the exact value is n 2^k, to 80 bits. Numbers
are in hexadecimal. Values that overflow are left out, and those below 2^-1200 are 0.
The points are those of experiments/native-accuracy where the function errs most, and some others.
"""

import json
import sys
import tempfile
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

EXPERIMENT = Path("experiments/native-accuracy")
VALUES = Path(__file__).with_name("function_values.json")
WORST, OTHERS, POINTS = 90, 60, 20_000


def main() -> None:
    sys.path.insert(0, str(EXPERIMENT))
    accuracy, compiled = import_module("accuracy"), import_module("compiled")
    random = np.random.default_rng(2)
    values = {}
    with tempfile.TemporaryDirectory() as folder:
        functions = compiled.Functions(Path(folder))
        for name in [*compiled.NAMES, "pow"]:
            arguments = accuracy.arguments_of(name, POINTS)
            errors = accuracy.errors(functions, name, arguments)
            chosen = np.argsort(-errors)[:WORST]
            chosen = np.concatenate([chosen, random.integers(0, len(errors), OTHERS)])
            points = [[float(a[i]) for a in arguments] for i in chosen]
            rows = [row(point, accuracy.EXACT[name]) for point in points]
            values[name] = [r for r in rows if r is not None]
    lines = [f'"{name}": [\n' + ",\n".join(map(json.dumps, rows)) for name, rows in values.items()]
    VALUES.write_text("{" + "],\n".join(lines) + "]}\n", encoding="utf-8")


def row(point: list[float], exact: Callable[..., Any]) -> list[str] | None:
    import mpmath
    from mpmath import mpf

    value = mpf(exact(*map(mpf, point)))
    if abs(value) >= mpf(2) ** 1024:
        return None
    if abs(value) < mpf(2) ** -1200:  # e^-1e308 would have a long k
        return [*map(float.hex, point), hex(0), hex(0)]
    k = value.man_exp[1] + int(value.man_exp[0]).bit_length() - 80
    n = int(mpmath.nint(mpmath.ldexp(value, -k)))
    return [*map(float.hex, point), hex(n), hex(k)]


if __name__ == "__main__":
    main()
