"""Derives torch_figures.json: what PyTorch's float64 answers for every operation of `Value`.

Where torch is installed, from the project's root:

    python tests/minigrad/make_torch_figures.py

A row is [op, operands, value, slopes], one slope for each operand; null marks an operand that is
a plain number. JSON has no nan and no infinities: these are the strings "nan", "inf" and "-inf".
"""

from __future__ import annotations

import json
import math
import operator
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

FIGURES = Path(__file__).with_name("torch_figures.json")

ONE_NUMBER = [
    *["neg", "abs", "exp", "log", "sqrt", "sin", "cos"],
    *["tanh", "sigmoid", "relu", "gelu", "silu", "softplus"],
]
SETTINGS = {
    "leaky_relu": [0.01, 0.2, 1.0, -0.5],
    "elu": [1.0, 0.5, 1.6732632423543772, -0.75],
}
TWO_NUMBERS = ["+", "-", "*", "/", "**", "maximum", "minimum"]
MANY_NUMBERS = ["dot"]  # a list of weights, as many inputs, a bias

SMALL = [3e-300, 1.5e-200, 1e-100, 2.5e-30, 1e-16, 3e-13, 1e-8]
MIDDLE = [0.001, 0.1, 0.5, 1.0, 2.0, 3.0, 6.0, 10.0, 19.5, 20.0]
LARGE = [36.5, 40.0, 100.0, 700.0, 1e3, 1e8, 1e16, 1e100, 1e300]
ANY_SIZE = [0.0, -0.0, *(sign * x for x in SMALL + MIDDLE + LARGE for sign in (1, -1))]
EDGES = {
    "exp": [709.5, -690.0],
    "sigmoid": [-690.0],
    # The slopes of silu and gelu change sign between the first two; nearer to it they cancel.
    "silu": [-1.28, -1.27, -680.0],
    "gelu": [-0.76, -0.75, -4.0, -5.0, -7.0, -8.0, -8.3, 8.3],
    "sqrt": [4.0, 2.25],
    "log": [1 - 2**-53, 1 + 2**-52],
    "sin": [math.pi, math.pi / 2, 1e22],
    "cos": [math.pi, math.pi / 2, 1e22],
}

PAIRS = [
    *((a, b) for a in (0.0, -0.0, 1.0, -2.5) for b in (0.0, -0.0, 1.0, -2.5)),  # ties among them
    *((a, b) for a in SMALL for b in (a, -3.0)),
    *((-0.75, b) for b in SMALL),
    *((a, b) for a in (1e8, 1e100, 1e160, -1e300) for b in (a, 2.0)),
    *((a, b) for a in (-2.0, 0.5) for b in (1e8, 1e100, 1e160, -1e300)),
    *[(1e160, 1e-160), (1e-160, 1e160), (1.0, 1 + 2**-52), (1e16, 1.0), (1e200, 1e200)],
]
POWERS = [
    *((b, e) for b in (0.5, 1.0, 3.0) for e in (-2.5, -1.0, -0.0, 0.0, 0.5, 1.0, 2.0, 3.0)),
    *((b, e) for b in (-0.5, -3.0) for e in (-3.0, -1.0, 0.0, 1.0, 2.0, 3.0, 8.0)),
    *((b, e) for b in (0.0, -0.0) for e in (0.0, -0.0, 1.0, 1.5, 2.0, 3.0)),
    *((b, e) for b in SMALL for e in (0.0, 0.5, 1.0)),
    *((2.0, e) for e in SMALL),
    *[(1e8, 2.0), (1e100, 3.0), (1e300, 0.5), (1e300, -0.5), (1e160, 1.5)],
    *[(1 + 1e-9, 1e9), (1 - 1e-9, 1e9), (1.5, 700.0), (0.5, 900.0), (2.0, -900.0), (0.5, 1e8)],
]

NOT_FINITE = [math.inf, -math.inf, math.nan]
NOT_FINITE_PAIRS = [
    *((a, b) for a in NOT_FINITE for b in (0.0, 1.5, -2.0, *NOT_FINITE)),
    *((a, b) for a in (0.0, 1.5, -2.0) for b in NOT_FINITE),
]
NOT_FINITE_POWERS = [
    *((math.inf, e) for e in (-2.0, 0.0, 0.5, 3.0)),
    *((b, e) for b in (0.5, 2.0, math.nan) for e in (math.inf, -math.inf)),
    *[(math.nan, 2.0), (2.0, math.nan)],
]


class Row(NamedTuple):
    op: str
    operands: tuple[float, ...]
    value: float
    slopes: tuple[float | None, ...]


Point: TypeAlias = tuple[str, tuple[float, ...], tuple[bool, ...]]  # True marks a Value


def derive() -> list[Row]:
    """Ask torch for every row."""
    import torch

    functional = torch.nn.functional
    functions: dict[str, Callable[..., Any]] = {
        "+": operator.add,
        "-": operator.sub,
        "*": operator.mul,
        "/": operator.truediv,
        "**": operator.pow,
        "neg": operator.neg,
        "abs": abs,
        "maximum": lambda a, b: torch.maximum(torch.as_tensor(a), torch.as_tensor(b)),
        "minimum": lambda a, b: torch.minimum(torch.as_tensor(a), torch.as_tensor(b)),
        "exp": torch.exp,
        "log": torch.log,
        "sqrt": torch.sqrt,
        "sin": torch.sin,
        "cos": torch.cos,
        "tanh": torch.tanh,
        "sigmoid": torch.sigmoid,
        "relu": torch.relu,
        "leaky_relu": functional.leaky_relu,
        "elu": functional.elu,
        "gelu": functional.gelu,
        "silu": functional.silu,
        "softplus": functional.softplus,
        "dot": _dot,
    }

    def answer(op: str, operands: tuple[float, ...], are_values: tuple[bool, ...]) -> Row:
        leaves = [
            torch.tensor(x, requires_grad=True) if is_value else x
            for x, is_value in zip(operands, are_values, strict=True)
        ]
        result = functions[op](*leaves)
        result.backward()
        slopes = (leaf.grad.item() if isinstance(leaf, torch.Tensor) else None for leaf in leaves)
        return Row(op, operands, result.item(), tuple(slopes))

    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        return [row for point in _points() if _is_comparable(row := answer(*point))]
    finally:
        torch.set_default_dtype(before)


def stored() -> list[Row]:
    return [
        Row(
            op,
            tuple(float(x) for x in operands),
            float(value),
            tuple(None if slope is None else float(slope) for slope in slopes),
        )
        for op, operands, value, slopes in json.loads(FIGURES.read_text(encoding="utf-8"))
    ]


def write(rows: list[Row]) -> None:
    lines = [
        json.dumps(
            [
                row.op,
                [_spelled(x) for x in row.operands],
                _spelled(row.value),
                [_spelled(slope) for slope in row.slopes],
            ],
            allow_nan=False,
        )
        for row in rows
    ]
    FIGURES.write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf-8")


def _spelled(x: float | None) -> float | str | None:
    return x if x is None or math.isfinite(x) else str(x)


def _points() -> Iterator[Point]:
    rng = random.Random(20)
    for op in ONE_NUMBER:
        for x in [*ANY_SIZE, *EDGES.get(op, []), *NOT_FINITE]:
            yield op, (x,), (True,)
        for _ in range(90):
            x = _number(rng)
            yield op, (abs(x) if op in ("log", "sqrt") else x,), (True,)
    for op, settings in SETTINGS.items():
        for setting in settings:
            for x in [*ANY_SIZE, *NOT_FINITE, *(_number(rng) for _ in range(22))]:
                yield op, (x, setting), (True, False)
    for op in TWO_NUMBERS:
        pairs = [*POWERS, *NOT_FINITE_POWERS] if op == "**" else [*PAIRS, *NOT_FINITE_PAIRS]
        draw = _power if op == "**" else _pair
        for are_values in [(True, True), (True, False), (False, True)]:
            for pair in [*pairs, *(draw(rng) for _ in range(32))]:
                yield op, pair, are_values

    for _ in range(30):
        for size in (1, 2, 5):
            # of one sign, for where large terms cancel PyTorch's order of addition shows
            yield (
                "dot",
                tuple(rng.uniform(0.1, 3) for _ in range(2 * size + 1)),
                (True,) * (2 * size + 1),
            )


def _dot(*operands: Any) -> Any:
    import torch

    half = len(operands) // 2
    return torch.dot(torch.stack(operands[:half]), torch.stack(operands[half:-1])) + operands[-1]


def _number(rng: random.Random) -> float:
    """Of an ordinary size three times in four, else of any; six digits keep the file small."""
    if rng.random() < 0.75:
        x = rng.gauss(0, rng.choice([0.3, 1, 4, 12]))
    else:
        x = rng.choice([1, -1]) * 10 ** rng.uniform(-30, 30)
    return float(f"{x:.6g}")


def _pair(rng: random.Random) -> tuple[float, float]:
    return _number(rng), _number(rng)


def _power(rng: random.Random) -> tuple[float, float]:
    base = float(f"{math.exp(rng.gauss(0, 3)):.6g}")
    if rng.random() < 0.25:
        return -base, float(rng.randint(-6, 9))
    return base, float(f"{rng.gauss(0, 5):.6g}")


def _is_comparable(row: Row) -> bool:
    """Whether both libraries promise this row; each line says what is left out on purpose."""
    op, x, y = row.op, row.operands[0], row.operands[-1]
    if op in MANY_NUMBERS:
        return True
    answers = [answer for answer in (row.value, *row.slopes) if answer is not None]
    overflows = not all(math.isfinite(n) for n in answers) and math.isfinite(x + y)
    base_is_negative = op == "**" and x < 0
    left_out = [
        # No answer: minigrad raises, by design.
        op == "log" and x <= 0,  # no real logarithm
        op == "sqrt" and x <= 0,  # no real root, and at 0 the slope is infinite
        op == "exp" and overflows,  # larger than any float
        op == "/" and y == 0,  # no quotient
        op == "**" and x == 0 and y < 0,  # the same: 1 / 0
        op == "**" and x == 0 and 0 < y < 1,  # the base's slope is infinite
        base_is_negative and y % 1 != 0,  # no real power
        base_is_negative and row.slopes[1] is not None,  # no slope: it is a plain number there
        op == "**" and overflows,  # larger than any float, the power or its slope
        # PyTorch is off where minigrad is not.
        op == "softplus" and 20 < x < math.inf,  # its threshold: it returns x itself
        op in ("sigmoid", "silu") and -math.inf < x < -708,  # its exp(-x) overflows there
        # Its number / x is number * (1 / x), with a slope by way of (1 / x) squared, which is
        # infinite or 0 where the slope need not be.
        op == "/" and row.slopes[0] is None and not 1e-150 < abs(y) < 1e150,
        # Too near the denormals, which have no digits to spare.
        any(0 < abs(n) < 1e-300 for n in answers),
        # Which side of a kink nan lies on is anyone's choice: PyTorch answers a slope of 1 for
        # every operand, minigrad does not.
        op in ("relu", "elu", "maximum", "minimum") and math.isnan(x + y),
    ]
    return not any(left_out)


if __name__ == "__main__":
    write(derive())
