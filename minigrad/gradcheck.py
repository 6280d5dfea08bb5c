"""Is a gradient right? It compares backward() with central differences.

The numeric slope is (f(x + h) - f(x - h)) / 2h, whose error shrinks with h squared until rounding
takes over; h = 1e-5 * max(1, |x|) is near the optimum for float64. Two slopes a and n are compared
by the relative error |a - n| / max(|a|, |n|), as in Stanford's CS231n: 1e-7 and less is good, 1e-2
is wrong, and at a kink within the step the comparison means nothing.

Tensors are checked number by number, or along random directions u, where the slope is the sum of
gradient times u and the step is taken in all numbers at once: two evaluations a direction, however
many numbers there are.
"""

import inspect
import math
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from minigrad.nodes import describe, local_slopes, nodes_below, vjp
from minigrad.terminal.text import excerpt, represented
from minigrad.value import Value, topological_order

_EPSILON = 2.0**-52
_KINKED = {"relu", "leaky_relu", "elu", "abs", "maximum", "minimum"}


class GradientError(ArithmeticError):
    """backward() and central differences disagree; the message says where."""


@dataclass
class GradcheckReport:
    """The number of arguments checked, the largest relative error among them, and a sentence for
    each argument that could not be compared because a kink lies within its step. Of Tensors, each
    number counts as an argument, or each direction.
    """

    checked: int = 0
    worst: float = 0.0
    kinks: list[str] = field(default_factory=list)


def gradcheck(
    f: Callable[..., Any],
    inputs: Sequence[Any],
    *,
    step: float = 1e-5,
    tolerance: float = 1e-6,
    directions: int | None = None,
) -> GradcheckReport:
    """Compare `f(*inputs).backward()` with central differences in every input.

    `inputs` are Values or plain numbers, or Tensors and arrays. An `f` without arguments is called
    as `f()`; so the loss of a whole model is checked over all its parameters:

    >>> import nn
    >>> model = nn.MLP(2, [3, 1], activation="tanh")
    >>> report = gradcheck(lambda: nn.losses.bce(model([0.5, -1.0]), 1.0), model.parameters())
    >>> report.checked, report.worst < 1e-6, report.kinks
    (13, True, [])

    >>> model = nn.Sequential(nn.Linear(2, 3, "tanh"), nn.Linear(3, 1))
    >>> loss = lambda: nn.losses.bce(model([[0.5, -1.0]]), [1.0]).mean()
    >>> gradcheck(loss, model.parameters()).checked
    13
    >>> gradcheck(loss, model.parameters(), directions=2).checked
    2

    `directions` checks Tensors along so many random directions in place of number by number.
    `step` is h at inputs up to 1, `tolerance` the largest relative error that passes (beyond what
    rounding explains). Gradients and data are left as they were.

    Raises GradientError with the argument, both slopes and, if it can be told, the operation whose
    local slope is wrong; ValueError for no inputs; TypeError where `f` gives no Value, or no Tensor
    of one element.
    """
    _check_settings(step, tolerance, directions)
    if isinstance(inputs, Value) or hasattr(inputs, "shape"):
        raise TypeError("gradcheck takes a list of inputs: write [x] for x")
    if not inputs:
        raise ValueError("gradcheck needs at least one input")
    if any(hasattr(x, "shape") for x in inputs):
        return _TensorCheck(_of_inputs(f), inputs, step, tolerance).run(directions)
    if directions is not None:
        raise ValueError("gradcheck takes random directions in Tensors alone")
    values = [v if isinstance(v, Value) else Value(v) for v in inputs]
    _check_finite([value.data for value in values])
    grads = [value.grad for value in values]
    check = _Check(_of_inputs(f), values, step, tolerance)
    try:
        return check.run()
    finally:
        for value, grad in zip(values, grads, strict=True):
            value.grad = grad


def _check_settings(step: float, tolerance: float, directions: int | None) -> None:
    """Raise ValueError for settings with which any slope would pass, or none."""
    if not 1e-12 <= step <= 1:  # of a smaller one rounding leaves nothing
        raise ValueError(f"gradcheck's step must be from 1e-12 to 1, found {step!r}")
    if not 0 <= tolerance < 1:
        raise ValueError(
            f"gradcheck's tolerance must be at least 0 and below 1, found {tolerance!r}"
        )
    if directions is not None and (type(directions) is not int or directions < 1):
        raise ValueError(f"gradcheck's directions are a whole number from 1, found {directions!r}")


def _check_finite(numbers: Sequence[float]) -> None:
    for number in numbers:
        if not math.isfinite(number):
            raise ValueError(f"gradcheck needs finite inputs, found {number!r}")


def _of_inputs(f: Callable[..., Any]) -> Callable[..., Any]:
    """`f`, which is called without arguments if it takes none."""
    try:
        takes_inputs = bool(inspect.signature(f).parameters)
    except ValueError:  # a function of Python's own that does not say, as max
        takes_inputs = True
    return f if takes_inputs else lambda *_: f()


@dataclass(frozen=True)
class _Moment:
    """The numbers of a node for one place of the input; the Values themselves change later."""

    op: str
    data: float
    operands: tuple[float, ...]

    @property
    def side(self) -> int:
        """The side of its kink on which an operation is: -1, 1, or 0 at the kink."""
        rival = self.operands[1] if self.op in ("maximum", "minimum") else 0.0
        return (self.operands[0] > rival) - (self.operands[0] < rival)


class _Check:
    def __init__(
        self, f: Callable[..., Value], inputs: list[Value], step: float, tolerance: float
    ) -> None:
        self.f, self.inputs, self.step, self.tolerance = f, inputs, step, tolerance
        self.report = GradcheckReport()

    def run(self) -> GradcheckReport:
        for value in self.inputs:
            value.grad = 0.0
        root = self.f(*self.inputs)
        if not isinstance(root, Value):
            raise TypeError(
                f"gradcheck needs a function that gives a Value, not {represented(root)}"
            )
        root.backward()
        analytic = [value.grad for value in self.inputs]
        for index, slope in enumerate(analytic):
            self.compare(index, slope, root)
        return self.report

    def compare(self, index: int, analytic: float, root: Value) -> None:
        x = self.inputs[index]
        h = self.step * max(1.0, abs(x.data))
        below, here, above = self.moments(x, -h), self.moments(x, 0.0), self.moments(x, h)
        name = f"inputs[{index}]" + (f" ({excerpt(x.label)})" if x.label else "") + f" = {x.data!r}"
        if kink := _kink(below, here, above):
            self.report.kinks.append(f"{name}: {kink} within the step of {h:.0e}")
            return
        low, high = below[-1].data, above[-1].data
        error = _relative_error(analytic, low, high, h)
        if not error <= self.tolerance:
            raise GradientError(
                _disagreement(name, analytic, low, high, h)
                + _cut_off(index, self.inputs, root)
                + (_culprit(below, root, above) if math.isfinite(high - low) else "")
            )
        self.report.checked += 1
        self.report.worst = max(self.report.worst, error)

    def moments(self, x: Value, by: float) -> list[_Moment]:
        """Every operation's numbers with `x` moved, operands first and f's result last."""
        before = x.data
        x.data = before + by
        try:
            root = self.f(*self.inputs)
            return [
                _Moment(node.op, node.data, tuple(parent.data for parent in node.parents))
                for node in topological_order(root) or [root]
            ]
        finally:
            x.data = before


def _relative_error(analytic: float, low: float, high: float, h: float) -> float:
    """Of a slope and its central difference; 0 within what rounding explains, nan for no slope."""
    numeric = (high - low) / (2 * h)
    # f itself is rounded, so the quotient cannot be more exact than this
    noise = 8 * _EPSILON * max(abs(high), abs(low)) / h
    gap, size = abs(analytic - numeric), max(abs(analytic), abs(numeric))
    if not math.isfinite(numeric):
        return math.nan
    return 0.0 if gap <= noise else gap / size


def _disagreement(name: str, analytic: float, low: float, high: float, h: float) -> str:
    numeric = (high - low) / (2 * h)
    error = abs(analytic - numeric) / max(abs(analytic), abs(numeric))
    return (
        f"{name}: backward() gives {analytic!r}, central differences give {numeric!r}, "
        f"a relative error of {error:.1e}"
    )


def _cut_off(index: int, inputs: Sequence[Any], root: Any) -> str:
    """What to say of an input that is not in the graph below the result."""
    nodes = set(nodes_below(root))
    if inputs[index] in nodes:
        return ""
    which = f"inputs[{index}]" if nodes.intersection(inputs) else "the inputs"
    return (
        f": the result does not depend on {which} through the graph, "
        "as where a number was taken out by .data, float() or a function of math"
    )


def _kink(below: list[_Moment], here: list[_Moment], above: list[_Moment]) -> str:
    """The first operation that is on both sides of its kink within the step, or ""."""
    if len({tuple(moment.op for moment in graph) for graph in (below, here, above)}) > 1:
        return "the graph itself changes"
    for low, now, high in zip(below, here, above, strict=True):
        if now.op in _KINKED and len({low.side, now.side, high.side}) > 1:
            return f"a kink of {now.op} at {now.operands[0]:.6g}"
    return ""


_TAKEN_OUT = (
    "; a plain number that meets {op} changes from call to call, "
    "as where it was taken out by .data, .item(), float() or a function of math"
)


def _culprit(below: list[_Moment], root: Value, above: list[_Moment]) -> str:
    """The first operation, operands first, whose own slopes do not explain its change."""
    nodes = topological_order(root) or [root]
    for low, node, high in zip(below, nodes, above, strict=True):
        if not node.parents:
            continue
        distinct = list(dict.fromkeys(node.parents))
        places = [node.parents.index(parent) for parent in distinct]
        moves = [high.operands[i] - low.operands[i] for i in places]
        if any(move and p.op == "const" for p, move in zip(distinct, moves, strict=True)):
            return _TAKEN_OUT.format(op=node.op)
        slopes = local_slopes(node)
        expected = math.fsum(s * m for s, m in zip(slopes, moves, strict=True))
        moved = high.data - low.data
        size = sum(abs(p.data * s) for p, s in zip(distinct, slopes, strict=True))
        noise = 32 * _EPSILON * (abs(node.data) + size)
        if abs(expected - moved) > noise + 1e-4 * max(abs(expected), abs(moved)):
            operands = ", ".join(describe(parent) for parent in node.parents)
            slope = f"; the local slope of {node.op} at {operands} "
            if len(distinct) == 1 and moves[0]:
                return f"{slope}is {slopes[0]:.6g}, should be {moved / moves[0]:.6g}"
            return f"{slope}is wrong: it explains {expected:.6g} of a change of {moved:.6g}"
    return ""


class _TensorCheck:
    """What `_Check` does, for Tensors: a move is an array for each input."""

    def __init__(
        self, f: Callable[..., Any], inputs: Sequence[Any], step: float, tolerance: float
    ) -> None:
        from minigrad.tensor import Tensor  # here, since it imports numpy

        self.f = f
        self.inputs = [x if isinstance(x, Tensor) else Tensor(x) for x in inputs]
        self.step, self.tolerance = step, tolerance
        self.report = GradcheckReport()

    def run(self, directions: int | None) -> GradcheckReport:
        _check_finite([number for x in self.inputs for number in x.data.ravel().tolist()])
        grads = [x.grad for x in self.inputs]
        try:
            for x in self.inputs:
                x.grad = 0.0
            root = self.f(*self.inputs)
            if getattr(root, "size", 0) != 1 or not hasattr(root, "backward"):
                raise TypeError(
                    f"gradcheck needs a function that gives one number, not {represented(root)}"
                )
            root.backward()
            analytic = [x.grad for x in self.inputs]
            moves = self.one_by_one() if directions is None else self.at_random(directions)
            for name, h, move in moves:
                slope = math.fsum(float((g * u).sum()) for g, u in zip(analytic, move, strict=True))
                self.compare(name, slope, h, move, root)
        finally:
            for x, grad in zip(self.inputs, grads, strict=True):
                x.grad = grad
        return self.report

    def one_by_one(self) -> Iterator[tuple[str, float, list[Any]]]:
        """For each number its name, its step, and a move of 1 in it alone."""
        import numpy as np

        for index, x in enumerate(self.inputs):
            label = f" ({excerpt(x.label)})" if x.label else ""
            for place in np.ndindex(x.shape):
                number = float(x.data[place])
                move = [np.zeros(other.shape) for other in self.inputs]
                move[index][place] = 1.0
                name = f"inputs[{index}]{label} at {list(place)} = {number!r}"
                yield name, self.step * max(1.0, abs(number)), move

    def at_random(self, directions: int) -> Iterator[tuple[str, float, list[Any]]]:
        """Moves of 1 or -1 in every number; always the same ones."""
        import numpy as np

        rng = random.Random(0)
        for number in range(directions):
            move = [
                np.reshape([rng.choice([-1.0, 1.0]) for _ in range(x.size)], x.shape)
                for x in self.inputs
            ]
            yield f"direction {number}", self.step, move

    def compare(self, name: str, analytic: float, h: float, move: list[Any], root: Any) -> None:
        below, here, above = (self.graph(by, move) for by in (-h, 0.0, h))
        if kink := _array_kink(below, here, above):
            self.report.kinks.append(f"{name}: {kink} within the step of {h:.0e}")
            return
        low, high = below[-1].item(), above[-1].item()
        error = _relative_error(analytic, low, high, h)
        if not error <= self.tolerance:
            # along a random direction all inputs have moved
            moved = [index for index, array in enumerate(move) if array.any()]
            raise GradientError(
                _disagreement(name, analytic, low, high, h)
                + next(filter(None, (_cut_off(index, self.inputs, root) for index in moved)), "")
                + (_array_culprit(below, root, above) if math.isfinite(high - low) else "")
            )
        self.report.checked += 1
        self.report.worst = max(self.report.worst, error)

    def graph(self, by: float, move: list[Any]) -> list[Any]:
        """The operations of f where the inputs have moved, operands first and the root last.

        Its leaves are copies, since those of the inputs move on.
        """
        before = [x.data for x in self.inputs]
        try:
            for x, u in zip(self.inputs, move, strict=True):
                x.data = x.data + by * u  # twice, if it comes twice
            root = self.f(*self.inputs)
            order: list[Any] = topological_order(root) or [_still(root)]
            for node in order:
                node.parents = tuple(p if p.parents else _still(p) for p in node.parents)
            return order
        finally:
            for x, data in zip(self.inputs, before, strict=True):
                x.data = data


def _still(leaf: Any) -> Any:
    return type(leaf)(leaf.data, leaf.label)


def _sides(node: Any) -> Any:
    """The side of its kink on which each number is; None for an operation without kinks."""
    import numpy as np

    x: Any = node.parents[0].data if node.parents else None
    if node.op in ("max", "min"):
        return np.isin(x, node.data)
    if node.op in _KINKED:
        return np.sign(x - (node.parents[1].data if node.op in ("maximum", "minimum") else 0.0))
    return None


def _array_kink(below: list[Any], here: list[Any], above: list[Any]) -> str:
    if len({tuple((node.op, node.shape) for node in graph) for graph in (below, here, above)}) > 1:
        return "the graph itself changes"
    for low, now, high in zip(below, here, above, strict=True):
        sides = _sides(now)
        if sides is not None and not ((sides == _sides(low)) & (sides == _sides(high))).all():
            return f"a kink of {now.op}"
    return ""


def _array_culprit(below: list[Any], root: Any, above: list[Any]) -> str:
    """The first operation whose rule does not explain its change, seen from a random direction."""
    import numpy as np

    rng = random.Random(1)
    order: list[Any] = topological_order(root) or [root]
    for low, node, high in zip(below, order, above, strict=True):
        if not node.parents:
            continue
        seed = np.reshape([rng.uniform(0.5, 1.5) for _ in range(node.data.size)], node.data.shape)
        distinct = list(dict.fromkeys(node.parents))
        places = [node.parents.index(parent) for parent in distinct]
        shares = vjp(node, seed)
        moves = [high.parents[i].data - low.parents[i].data for i in places]
        if any(p.op == "const" and move.any() for p, move in zip(distinct, moves, strict=True)):
            return _TAKEN_OUT.format(op=node.op)
        expected = math.fsum(float((s * m).sum()) for s, m in zip(shares, moves, strict=True))
        moved = float((seed * (high.data - low.data)).sum())
        noise = 64 * _EPSILON * float((seed * abs(node.data)).sum() + 1)
        if not abs(expected - moved) <= noise + 1e-4 * max(abs(expected), abs(moved)):
            operands = ", ".join(describe(parent) for parent in node.parents)
            return (
                f"; the rule of {node.op} at {operands} is wrong: it explains {expected:.6g} of a "
                f"change of {moved:.6g}"
            )
    return ""
