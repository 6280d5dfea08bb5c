"""Is a gradient right? It compares backward() with central differences.

The numeric slope is (f(x + h) - f(x - h)) / 2h, whose error shrinks with h squared until rounding
takes over; h = 1e-5 * max(1, |x|) is near the optimum for float64. Two slopes a and n are compared
by the relative error |a - n| / max(|a|, |n|), as in Stanford's CS231n: 1e-7 and less is good, 1e-2
is wrong, and at a kink within the step the comparison means nothing.
"""

import inspect
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from minigrad.nodes import describe, local_slopes, nodes_below
from minigrad.value import Number, Value, topological_order

_EPSILON = 2.0**-52
_KINKED = {"relu", "leaky_relu", "elu", "abs", "maximum", "minimum"}


class GradientError(ArithmeticError):
    """backward() and central differences disagree; the message says where."""


@dataclass
class GradcheckReport:
    """The number of arguments checked, the largest relative error among them, and a sentence for
    each argument that could not be compared because a kink lies within its step.
    """

    checked: int = 0
    worst: float = 0.0
    kinks: list[str] = field(default_factory=list)


def gradcheck(
    f: Callable[..., Value],
    inputs: Sequence[Number],
    *,
    step: float = 1e-5,
    tolerance: float = 1e-6,
) -> GradcheckReport:
    """Compare `f(*inputs).backward()` with central differences in every input.

    `inputs` are Values or plain numbers. An `f` without arguments is called as `f()`; so the loss
    of a whole model is checked over all its parameters:

    >>> import nn
    >>> model = nn.MLP(2, [3, 1], activation="tanh")
    >>> report = gradcheck(lambda: nn.losses.bce(model([0.5, -1.0]), 1.0), model.parameters())
    >>> report.checked, report.worst < 1e-6, report.kinks
    (13, True, [])

    `step` is h at inputs up to 1, `tolerance` the largest relative error that passes (beyond what
    rounding explains). Gradients and data are left as they were.

    Raises GradientError with the argument, both slopes and, if it can be told, the operation whose
    local slope is wrong; ValueError for no inputs; TypeError where `f` gives no Value.
    """
    if not inputs:
        raise ValueError("gradcheck needs at least one input")
    values = [v if isinstance(v, Value) else Value(v) for v in inputs]
    grads = [value.grad for value in values]
    check = _Check(
        f if inspect.signature(f).parameters else lambda *_: f(), values, step, tolerance
    )
    try:
        return check.run()
    finally:
        for value, grad in zip(values, grads, strict=True):
            value.grad = grad


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
            raise TypeError(f"gradcheck needs a function that gives a Value, not {root!r}")
        root.backward()
        analytic = [value.grad for value in self.inputs]
        for index, slope in enumerate(analytic):
            self.compare(index, slope, root)
        return self.report

    def compare(self, index: int, analytic: float, root: Value) -> None:
        x = self.inputs[index]
        h = self.step * max(1.0, abs(x.data))
        below, here, above = self.moments(x, -h), self.moments(x, 0.0), self.moments(x, h)
        name = f"inputs[{index}]" + (f" ({x.label})" if x.label else "") + f" = {x.data!r}"
        if kink := _kink(below, here, above):
            self.report.kinks.append(f"{name}: {kink} within the step of {h:.0e}")
            return
        low, high = below[-1].data, above[-1].data
        numeric = (high - low) / (2 * h)
        # f itself is rounded, so the quotient cannot be more exact than this
        noise = 8 * _EPSILON * max(abs(high), abs(low)) / h
        gap, size = abs(analytic - numeric), max(abs(analytic), abs(numeric))
        fits = gap <= noise or gap <= self.tolerance * size
        if not (fits and math.isfinite(numeric)):
            raise GradientError(
                f"{name}: backward() gives {analytic!r}, central differences give {numeric!r}, "
                f"a relative error of {gap / size:.1e}{self._cut_off(index, root)}"
                f"{_culprit(below, root, above)}"
            )
        self.report.checked += 1
        self.report.worst = max(self.report.worst, 0.0 if gap <= noise else gap / size)

    def _cut_off(self, index: int, root: Value) -> str:
        """What to say of an input that is not in the graph below the result."""
        nodes = set(nodes_below(root))
        if self.inputs[index] in nodes:
            return ""
        which = f"inputs[{index}]" if nodes.intersection(self.inputs) else "the inputs"
        return (
            f": the result does not depend on {which} through the graph, "
            "as where a number was taken out by .data, float() or a function of math"
        )

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


def _kink(below: list[_Moment], here: list[_Moment], above: list[_Moment]) -> str:
    """The first operation that is on both sides of its kink within the step, or ""."""
    if len({tuple(moment.op for moment in graph) for graph in (below, here, above)}) > 1:
        return "the graph itself changes"
    for low, now, high in zip(below, here, above, strict=True):
        if now.op in _KINKED and len({low.side, now.side, high.side}) > 1:
            return f"a kink of {now.op} at {now.operands[0]:.6g}"
    return ""


def _culprit(below: list[_Moment], root: Value, above: list[_Moment]) -> str:
    """The first operation, operands first, whose own slopes do not explain its change."""
    nodes = topological_order(root) or [root]
    for low, node, high in zip(below, nodes, above, strict=True):
        if not node.parents:
            continue
        distinct = list(dict.fromkeys(node.parents))
        places = [node.parents.index(parent) for parent in distinct]
        moves = [high.operands[i] - low.operands[i] for i in places]
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
