"""Derives torch_tensor_figures.json: PyTorch's float64 for every operation of `Tensor`.

Where torch is installed, from the project's root:

    python tests/minigrad/make_torch_tensor_figures.py

A row has the operation, its settings, its operands with their shapes, which of them are constants,
the seed, the value, and one gradient for each operand that is none. JSON has no nan and no
infinities: these are the strings "nan", "inf" and "-inf". Numbers stand row by row in flat lists.
"""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable, Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

FIGURES = Path(__file__).with_name("torch_tensor_figures.json")

Shape: TypeAlias = tuple[int, ...]

FUNCTIONS = [
    *["neg", "abs", "exp", "log", "sqrt", "sin", "cos", "tanh", "sigmoid", "softplus"],
    *["silu", "gelu", "relu", "leaky_relu", "elu"],
]
BINARY = ["+", "-", "*", "/", "**", "maximum", "minimum"]
REDUCTIONS = ["sum", "mean", "max", "min", "logsumexp"]
LOSSES = ["bce", "mse", "mae", "huber", "cross_entropy"]

SHAPES: list[Shape] = [(), (1,), (3,), (2, 3), (2, 1, 3)]
PAIRS: list[tuple[Shape, Shape]] = [
    *[((2, 3), (2, 3)), ((2, 1), (3,)), ((), (2, 3)), ((2, 3), ()), ((1, 3), (2, 3))],
    *[((1,), (4,)), ((2, 1, 3), (4, 1)), ((1, 1, 1), (2,)), ((3,), (2, 3)), ((), ())],
]
MATRICES: list[tuple[Shape, Shape]] = [
    *[((3,), (3,)), ((1,), (1,)), ((3,), (3, 2)), ((2, 3), (3,)), ((2, 3), (3, 4))],
    *[((1, 3), (3, 1)), ((2, 1), (1, 2)), ((2, 2, 3), (3, 4)), ((2, 3), (4, 3, 2))],
    *[((2, 2, 3), (2, 3, 4)), ((2, 1, 2, 3), (4, 3, 2)), ((3,), (2, 3, 4)), ((2, 2, 3), (3,))],
    *[((2, 1, 2, 3), (3,)), ((3,), (2, 1, 3, 2)), ((1, 2, 3), (4, 3, 1)), ((3, 2), (2, 3))],
]
AXES: dict[Shape, list[Any]] = {
    (4,): [None, 0, -1],
    (2, 3): [None, 0, 1, -1, -2, [0, 1], [-1, 0]],
    (2, 3, 4): [None, 0, 1, -1, [0, 2], [-1, -3], [1, 2], [0, 1, 2]],
}
MOVES: list[tuple[str, Shape, Any]] = [
    *[("reshape", (2, 3), shape) for shape in ([3, 2], [6], [-1], [1, 6, 1], [2, -1])],
    *[("reshape", (), [1]), ("reshape", (1,), []), ("reshape", (2, 3, 4), [4, -1])],
    *[("transpose", (2, 3), [1, 0]), ("transpose", (2, 3), [0, 1]), ("transpose", (3,), [0])],
    *[("transpose", (2, 3, 4), axes) for axes in ([2, 0, 1], [1, 0, 2], [-1, 0, -2], [0, 1, 2])],
    *[("T", shape, []) for shape in ((3,), (2, 3), (2, 3, 4))],
    *[("broadcast_to", (3,), [2, 3]), ("broadcast_to", (2, 1), [2, 3])],
    *[("broadcast_to", (), [2]), ("broadcast_to", (1, 3), [4, 2, 3]), ("broadcast_to", (3,), [3])],
    *[("transpose and reshape", (2, 3), [3, 2]), ("transpose and reshape", (2, 3, 4), [4, 6])],
]
# A part of an index: an int, [start, stop, step], "...", None, {"ints": ...} or {"mask": ...}.
INDICES: dict[Shape, Any] = {
    (4,): [
        *[[1], [-1], [[1, 3, 1]], [[None, None, 2]], [[2, 2, 1]]],
        *[[{"ints": [0, 0, 2]}], [{"ints": [[1, 1], [3, 0]]}]],
        *[[{"mask": [True, False, True, True]}], [{"mask": [False] * 4}]],
    ],
    (2, 3): [
        *[[1], [1, 2], [[None, None, None], 0], ["...", 1], [None, 1], ["...", None]],
        *[[[0, 1, 1], [1, None, None]], [{"ints": [1, 1, 0]}]],
        *[[{"ints": [0, 1, 1]}, {"ints": [2, 0, 0]}], [[None, None, None], {"ints": [2, 2]}]],
        *[[0, {"ints": [1, 1, 1]}], [{"mask": [[True, False, True], [False, False, True]]}]],
        [{"mask": [False, True]}],
    ],
    (2, 3, 4): [[1, "...", -1], [{"ints": [[0], [1]]}, {"ints": [[2, 2, 0]]}]],
}
NOT_FINITE = {
    "softmax": [[1e3, -1e3, 0.0], [1.0, -math.inf, 2.0], [-math.inf] * 3],
    "log_softmax": [[1e3, -1e3, 0.0], [-1e3, -1e3, 1e3]],
    "logsumexp": [[1e3, -1e3, 0.0], [1.0, -math.inf, 2.0], [-1e3, -1e3, -1e3]],
    "max": [[math.inf, 1.0, math.inf], [-math.inf, 1.0, 1.0]],
    "sum": [[math.inf, 1.0, 2.0], [math.inf, -math.inf, 0.0]],
    "exp": [[-math.inf, -800.0, 700.0]],
    "tanh": [[math.inf, -math.inf, 30.0]],
    "sigmoid": [[math.inf, -math.inf, -700.0]],
    "softplus": [[math.inf, -math.inf, -700.0]],
}


class Array(NamedTuple):
    shape: Shape
    numbers: list[float]


class Row(NamedTuple):
    op: str
    settings: dict[str, Any]
    operands: list[Array]
    constants: list[bool]
    seed: list[float]
    value: Array
    grads: list[list[float]]


class Case(NamedTuple):
    op: str
    settings: dict[str, Any]
    operands: list[Array]
    constants: list[bool]


def cases() -> Iterator[Case]:
    draw = _Draw()
    for op, shape in product(FUNCTIONS, SHAPES):
        yield draw.case(op, [shape])
    for op in FUNCTIONS:
        if op not in ("log", "sqrt"):  # the points at and around a kink
            yield Case(op, {}, [Array((5,), [-2.5, -1e-9, 0.0, 1e-9, 2.5])], [False])
    for slope in (0.2, -0.5):
        yield draw.case("leaky_relu", [(2, 3)], setting=slope)
        yield draw.case("elu", [(2, 3)], setting=slope)
    for op, pair, _ in product(BINARY, PAIRS, range(2)):
        yield draw.case(op, pair)
    for op, pair, left in product(BINARY, PAIRS[:5], (True, False)):
        yield draw.case(op, pair, constants=[left, not left])
    for op, pair in product(("maximum", "minimum"), PAIRS):
        yield draw.case(op, pair, ties=True)
    for pair, _ in product(MATRICES, range(2)):
        yield draw.case("@", pair)
    for op, shape, keepdims in product(REDUCTIONS, AXES, (False, True)):
        for axis in AXES[shape]:
            yield draw.case(op, [shape], axis=axis, keepdims=keepdims)
            if op in ("max", "min"):
                yield draw.case(op, [shape], ties=True, axis=axis, keepdims=keepdims)
    for op, shape in product(("softmax", "log_softmax"), AXES):
        for axis in range(-len(shape), len(shape)):
            yield draw.case(op, [shape], axis=axis)
    for op, shape, setting in MOVES:
        yield draw.case(op, [shape], setting=setting)
    for shape, indices in INDICES.items():
        for index in indices:
            yield draw.case("index", [shape], setting=index)
    for op, axis in product(("concatenate", "stack"), (0, 1, -1)):
        yield draw.case(op, [(2, 3), (2, 3), (2, 3)], axis=axis)
    yield draw.case("concatenate", [(2, 3), (1, 3)], axis=0)
    yield draw.case("concatenate", [(2,), (0,), (3,)], axis=0)
    yield draw.case("stack", [(), ()], axis=0)
    for pair in PAIRS[:5]:
        yield draw.case("where", pair, setting=[True, False, True])
    for shape in ((4, 3), (3,), (2, 2, 3)):
        yield draw.case("linear", [shape, (2, 3), (2,)])
        yield draw.case("linear", [shape, (1, 3), (1,)], constants=[True, False, False])
    for op, shape in product(LOSSES, ((4,), (4, 1), (4, 3))):
        if op != "cross_entropy" or shape == (4, 3):
            target = [2, 0, 1, 1] if op == "cross_entropy" else draw.targets(shape)
            yield draw.case(op, [shape], setting=target)
    for op, rows in NOT_FINITE.items():
        settings = (
            {"axis": 0} if op in ("softmax", "log_softmax", "logsumexp", "max", "sum") else {}
        )
        yield from (Case(op, settings, [Array((3,), numbers)], [False]) for numbers in rows)
    for shape in ((4, 3), (3,), (2, 2, 3)):  # a single output, whose rule has a way of its own
        yield draw.case("linear", [shape, (1, 3), (1,)])


class _Draw:
    def __init__(self) -> None:
        self.rng = random.Random(15)

    def case(
        self,
        op: str,
        shapes: Sequence[Shape],
        *,
        constants: list[bool] | None = None,
        ties: bool = False,
        **settings: Any,
    ) -> Case:
        arrays = []
        for place, shape in enumerate(shapes):
            numbers = [self.number(op, place, ties) for _ in range(math.prod(shape))]
            arrays.append(Array(tuple(shape), numbers))
        return Case(op, settings, arrays, constants or [False] * len(shapes))

    def number(self, op: str, place: int, ties: bool) -> float:
        if ties:
            return float(self.rng.randint(0, 1))
        x = float(f"{self.rng.gauss(0, 1.5):.4g}") or 1.0
        positive = op in ("log", "sqrt") or (op == "**" and place == 0)
        return abs(x) + 0.01 if positive or (op == "/" and place == 1) else x

    def targets(self, shape: Shape) -> list[float]:
        return [float(self.rng.randint(0, 1)) for _ in range(math.prod(shape))]


def derive() -> list[Row]:
    """Ask torch for every row."""
    import torch

    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    rng = random.Random(16)
    try:
        return [_answer(case, rng) for case in cases()]
    finally:
        torch.set_default_dtype(before)


def _answer(case: Case, rng: random.Random) -> Row:
    import torch

    leaves = [
        torch.tensor(numbers, requires_grad=not is_constant).reshape(shape)
        for (shape, numbers), is_constant in zip(case.operands, case.constants, strict=True)
    ]
    for leaf in leaves:
        if leaf.requires_grad:
            leaf.retain_grad()
    result = _functions()[case.op](*leaves, **case.settings)
    seed = [float(f"{rng.gauss(0, 1):.4g}") for _ in range(result.numel())]
    result.backward(torch.tensor(seed).reshape(result.shape))
    value = Array(tuple(result.shape), result.reshape(-1).tolist())
    grads = [leaf.grad.reshape(-1).tolist() for leaf in leaves if leaf.requires_grad]
    return Row(*case, seed, value, grads)


def _functions() -> dict[str, Callable[..., Any]]:
    import torch

    functional = torch.nn.functional

    def dims(x: Any, axis: Any) -> Any:
        return tuple(range(x.ndim)) if axis is None else axis

    def part(given: Any) -> Any:
        if isinstance(given, dict):
            (numbers,) = given.values()
            return torch.tensor(numbers)
        return ... if given == "..." else slice(*given) if isinstance(given, list) else given

    def loss(function: Callable[..., Any]) -> Callable[..., Any]:
        def losses(x: Any, setting: Any) -> Any:
            target = torch.tensor(setting).reshape(x.shape)
            apart = function(x, target, reduction="none")
            return apart.mean(dim=-1) if x.ndim > 1 else apart

        return losses

    return {
        **{name: getattr(torch, name) for name in FUNCTIONS[:9] if name != "softplus"},
        **{name: getattr(functional, name) for name in FUNCTIONS[9:13]},
        "leaky_relu": lambda x, setting=0.01: functional.leaky_relu(x, setting),
        "elu": lambda x, setting=1.0: functional.elu(x, setting),
        "+": torch.add,
        "-": torch.sub,
        "*": torch.mul,
        "/": torch.div,
        "**": torch.pow,
        "@": torch.matmul,
        "maximum": torch.maximum,
        "minimum": torch.minimum,
        "sum": lambda x, axis, keepdims=False: x.sum(dims(x, axis), keepdims),
        "mean": lambda x, axis, keepdims: x.mean(dims(x, axis), keepdims),
        "max": lambda x, axis, keepdims=False: x.amax(dims(x, axis), keepdims),
        "min": lambda x, axis, keepdims: x.amin(dims(x, axis), keepdims),
        "logsumexp": lambda x, axis, keepdims=False: x.logsumexp(dims(x, axis), keepdims),
        "softmax": torch.softmax,
        "log_softmax": torch.log_softmax,
        "reshape": lambda x, setting: x.reshape(setting),
        "transpose": lambda x, setting: x.permute(setting),
        "T": lambda x, setting: x.permute(*reversed(range(x.ndim))),
        "broadcast_to": lambda x, setting: x.broadcast_to(setting),
        "transpose and reshape": lambda x, setting: x.permute(*reversed(range(x.ndim))).reshape(
            setting
        ),
        "index": lambda x, setting: x[tuple(map(part, setting))],
        "concatenate": lambda *parts, axis: torch.cat(parts, axis),
        "stack": lambda *parts, axis: torch.stack(parts, axis),
        "where": lambda a, b, setting: torch.where(torch.tensor(setting), a, b),
        "linear": functional.linear,
        "bce": loss(functional.binary_cross_entropy_with_logits),
        "mse": loss(functional.mse_loss),
        "mae": loss(functional.l1_loss),
        "huber": loss(functional.huber_loss),
        "cross_entropy": lambda x, setting: functional.cross_entropy(
            x, torch.tensor(setting), reduction="none"
        ),
    }


def stored() -> list[Row]:
    rows = json.loads(FIGURES.read_text(encoding="utf-8"))
    return [
        Row(
            row["op"],
            row["settings"],
            [_array(operand) for operand in row["operands"]],
            row["constants"],
            row["seed"],
            _array(row["value"]),
            [list(map(float, grad)) for grad in row["grads"]],
        )
        for row in rows
    ]


def _array(pair: Any) -> Array:
    shape, numbers = pair
    return Array(tuple(shape), list(map(float, numbers)))


def write(rows: list[Row]) -> None:
    lines = [json.dumps(_spelled(row._asdict()), allow_nan=False) for row in rows]
    FIGURES.write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf-8")


def _spelled(x: Any) -> Any:
    if isinstance(x, dict):
        return {name: _spelled(member) for name, member in x.items()}
    if isinstance(x, (list, tuple)):
        return [_spelled(member) for member in x]
    return str(x) if isinstance(x, float) and not math.isfinite(x) else x


if __name__ == "__main__":
    write(derive())
