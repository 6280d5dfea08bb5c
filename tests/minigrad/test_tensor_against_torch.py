"""Values and gradients of every operation of Tensor against stored figures of PyTorch's float64."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nn
from minigrad import Tensor, tensor
from tests.minigrad.make_torch_tensor_figures import (
    BINARY,
    FUNCTIONS,
    LOSSES,
    REDUCTIONS,
    Row,
    derive,
    stored,
)

ROWS = stored()
OPS = sorted({row.op for row in ROWS})

# What cancels has no digits to spare: a slope of tanh near 1, a sum of shares of both signs. A few
# units in the last place of the largest number that takes part are granted.
SLACK = 1e-15


def part(given: Any) -> Any:
    if isinstance(given, dict):
        (numbers,) = given.values()
        return np.array(numbers)
    return ... if given == "..." else slice(*given) if isinstance(given, list) else given


def loss(name: str) -> Callable[..., Tensor]:
    def losses(x: Tensor, setting: Any) -> Any:
        target = setting if name == "cross_entropy" else np.reshape(setting, x.shape)
        return nn.losses.LOSSES[name](x, target)

    return losses


def with_axis(name: str) -> Callable[..., Tensor]:
    def reduction(x: Tensor, axis: Any, **settings: Any) -> Tensor:
        result: Tensor = getattr(x, name)(axis, **settings)
        return result

    return reduction


def with_setting(name: str) -> Callable[..., Tensor]:
    def function(x: Tensor, setting: Any = None) -> Tensor:
        result: Tensor = getattr(x, name)(*([] if setting is None else [setting]))
        return result

    return function


OURS: dict[str, Callable[..., Tensor]] = {
    **{name: with_setting(name) for name in FUNCTIONS},
    **{name: with_axis(name) for name in [*REDUCTIONS, "softmax", "log_softmax"]},
    **{name: with_setting(name) for name in ("reshape", "transpose", "broadcast_to")},
    **{name: loss(name) for name in LOSSES},
    **{name: getattr(tensor, name) for name in ("maximum", "minimum", "linear")},
    "neg": operator.neg,
    "abs": abs,
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "**": operator.pow,
    "@": operator.matmul,
    "T": lambda x, setting: x.T,
    "transpose and reshape": lambda x, setting: x.T.reshape(setting),
    "index": lambda x, setting: x[tuple(map(part, setting))],
    "concatenate": lambda *parts, axis: tensor.concatenate(parts, axis),
    "stack": lambda *parts, axis: tensor.stack(parts, axis),
    "where": lambda a, b, setting: tensor.where(np.array(setting), a, b),
}


@pytest.mark.parametrize("op", OPS)
def test_values_and_gradients_agree_with_pytorch(op: str) -> None:
    rows = [row for row in ROWS if row.op == op]
    wrong = [fault for row in rows for fault in faults(row)]
    assert not wrong, f"{len(wrong)} faults in {len(rows)} rows\n" + "\n".join(wrong)


def test_there_are_at_least_600_rows_of_every_operation() -> None:
    assert len(ROWS) >= 600
    assert set(OPS) == set(OURS)
    assert {*BINARY, *FUNCTIONS, *REDUCTIONS} <= set(OPS)


def faults(row: Row) -> list[str]:
    operands: list[Any] = []
    for (shape, numbers), is_constant in zip(row.operands, row.constants, strict=True):
        array = np.array(numbers, dtype=float).reshape(shape)
        operands.append(array if is_constant else Tensor(array))
    result = OURS[row.op](*operands, **row.settings)
    result.backward(np.array(row.seed, dtype=float).reshape(row.value.shape))
    leaves = [operand for operand in operands if isinstance(operand, Tensor)]
    grads = [leaf.grad.ravel().tolist() for leaf in leaves]
    if result.shape != row.value.shape or any(x.grad.shape != x.data.shape for x in leaves):
        return [f"{row}: the shape is {result.shape}"]
    scale = max([1.0, *(abs(g) for g in row.seed)])
    pairs = [(result.data.ravel().tolist(), row.value.numbers), *zip(grads, row.grads, strict=True)]
    return [
        f"{row.op} {row.settings} of {row.operands}: {ours}, PyTorch {theirs}"
        for ours, theirs in pairs
        if not agree(ours, theirs, SLACK * scale)
    ]


def agree(ours: list[float], theirs: list[float], slack: float, rel_tol: float = 1e-12) -> bool:
    return len(ours) == len(theirs) and all(
        (math.isnan(a) and math.isnan(b)) or math.isclose(a, b, rel_tol=rel_tol, abs_tol=slack)
        for a, b in zip(ours, theirs, strict=True)
    )


def test_torch_derives_the_stored_figures_again() -> None:
    pytest.importorskip("torch")

    for new, old in zip(derive(), ROWS, strict=True):
        assert (new.op, new.settings, new.operands) == (old.op, old.settings, old.operands)
        assert agree(new.value.numbers, old.value.numbers, 1e-15, 1e-14), new
