"""Values and slopes of every operation against stored figures of PyTorch's float64."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable

import pytest

from minigrad import Value, maximum, minimum, value
from minigrad.value import dot
from tests.minigrad.make_torch_figures import Row, derive, stored

ROWS = stored()
OPS = sorted({row.op for row in ROWS})

# The rest are methods of Value by the same name.
OPERATORS: dict[str, Callable[..., Value]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "**": operator.pow,
    "neg": operator.neg,
    "abs": abs,
    "maximum": maximum,
    "minimum": minimum,
    "dot": lambda *operands: dot(
        operands[: len(operands) // 2], operands[len(operands) // 2 : -1], operands[-1]
    ),
}
SIGNS = {"add": "+", "sub": "-", "mul": "*", "truediv": "/", "pow": "**"}

# Both libraries compute this slope as 1 - t * t. Where t is nearly 1, what is left is the rounding
# of t, whose last bit is libm's matter: two units in the last place of 1.0 are granted.
SLOPE_SUBTRACTED_FROM_1 = {"tanh"}
TWO_ULPS_OF_1 = 4.5e-16


@pytest.mark.parametrize("op", OPS)
def test_values_and_slopes_agree_with_pytorch(op: str) -> None:
    rows = [row for row in ROWS if row.op == op]
    slack = TWO_ULPS_OF_1 if op in SLOPE_SUBTRACTED_FROM_1 else 0.0

    wrong = [
        f"{op} of {row.operands}: {ours.value} with slopes {ours.slopes}, "
        f"PyTorch {row.value} with {row.slopes}"
        for row in rows
        if not _agree(ours := _minigrad(row), row, 1e-12, slack)
    ]

    assert len(rows) >= 80
    assert not wrong, f"{len(wrong)} of {len(rows)} disagree\n" + "\n".join(wrong)


def test_the_stored_figures_cover_every_operation() -> None:
    public = [function for name, function in vars(value).items() if not name.startswith("_")]
    names = {
        function.__name__.strip("_")
        for function in [*vars(Value).values(), *public]
        if getattr(function, "__annotations__", {}).get("return") == "Value"
    }
    reflected = {"r" + name for name in SIGNS}

    assert reflected <= names
    assert {SIGNS.get(name, name) for name in names - reflected} == set(OPS)
    assert len(ROWS) >= 2_500


@pytest.mark.parametrize("op", [*SIGNS.values(), "maximum", "minimum"])
def test_the_stored_figures_hold_plain_numbers_on_either_side(op: str) -> None:
    plain = [tuple(slope is None for slope in row.slopes) for row in ROWS if row.op == op]

    assert all(plain.count(sides) >= 60 for sides in [(False, False), (False, True), (True, False)])


def test_torch_derives_the_stored_figures_again() -> None:
    pytest.importorskip("torch")

    derived = derive()

    assert [(row.op, repr(row.operands)) for row in derived] == [
        (row.op, repr(row.operands)) for row in ROWS
    ]
    changed = [
        f"{new.op} of {new.operands}: {new.value} with {new.slopes}, stored {old}"
        for new, old in zip(derived, ROWS, strict=True)
        if not _agree(new, old, 1e-15)
    ]
    assert not changed, "\n".join(changed)


def _minigrad(row: Row) -> Row:
    operands = [
        x if slope is None else Value(x) for x, slope in zip(row.operands, row.slopes, strict=True)
    ]
    function = OPERATORS.get(row.op) or getattr(Value, row.op)
    result = function(*operands)
    result.backward()
    slopes = tuple(x.grad if isinstance(x, Value) else None for x in operands)
    return Row(row.op, row.operands, result.data, slopes)


def _agree(ours: Row, theirs: Row, rel_tol: float, slope_slack: float = 0.0) -> bool:
    return _is_close(ours.value, theirs.value, rel_tol) and all(
        a is b if a is None or b is None else _is_close(a, b, rel_tol, slope_slack)
        for a, b in zip(ours.slopes, theirs.slopes, strict=True)
    )


def _is_close(a: float, b: float, rel_tol: float, abs_tol: float = 0.0) -> bool:
    """Without a tolerance for zeros, infinities and nan; the sign of a zero is not compared."""
    if math.isnan(a) or math.isnan(b):
        return math.isnan(a) and math.isnan(b)
    return math.isclose(a, b, rel_tol=rel_tol, abs_tol=abs_tol)
