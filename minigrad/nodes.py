"""The nodes of a graph, one by one: lists of them, their names, and their slopes.

All but `local_slopes` serves graphs of Values and of Tensors alike.
"""

import gc
import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from minigrad.terminal.text import printable
from minigrad.value import Value, no_slope, topological_order

NOT_RUN = "backward() has not run: there are no gradients"


def nodes_below(root: Any, limit: int | None = None) -> list[Any]:
    """The nodes below `root`, leaves included, parents before children, `root` last.

    `limit` keeps at most so many, those with the fewest operations between them and the root.
    """
    order: dict[Any, None] = {}
    for node in topological_order(root) or [root]:
        order |= dict.fromkeys(node.parents)
        order[node] = None
    if limit is None or len(order) <= limit:
        return list(order)
    near = {root: None}
    for node in (queue := [root]):
        fresh = [parent for parent in dict.fromkeys(node.parents) if parent not in near]
        fresh = fresh[: limit - len(near)]
        near |= dict.fromkeys(fresh)
        queue += fresh
    return [node for node in order if node in near]


def local_slopes(node: Value) -> tuple[float, ...]:
    """The derivative of `node` with respect to each of its parents, in order and once each.

    Gradients are left as they were.
    """
    return vjp(node, 1.0)


def vjp(node: Any, grad: Any) -> tuple[Any, ...]:
    """The vector-Jacobian product: `grad` times the slope of each parent, in order and once each.

    Of a Tensor, what an incoming gradient `grad` adds to that of each parent.

    Gradients are left as they were. Raises ArithmeticError for an infinite or undefined slope.
    """
    parents = tuple(dict.fromkeys(node.parents))
    held = [parent.grad for parent in parents]
    for parent in parents:
        parent.grad = 0.0
    try:
        send_back(node, grad)
        return tuple(parent.grad for parent in parents)
    finally:
        for parent, before in zip(parents, held, strict=True):
            parent.grad = before


def send_back(node: Any, grad: Any) -> None:
    """What backward() does at one node: its rule adds to the gradients of its parents.

    Raises ArithmeticError for an infinite or undefined slope.
    """
    if not isinstance(node, Value):
        _send_array_back(node, grad)
        return
    try:
        node._backward(grad)
    except (ValueError, ArithmeticError):
        no_slope(node)


def _send_array_back(node: Any, grad: Any) -> None:
    import numpy as np  # numpy is loaded already where there is a Tensor

    from minigrad import operands

    before = [parent._grad for parent in node.parents]
    try:
        with np.errstate(divide="raise", invalid="raise", over="ignore", under="ignore"):
            node._backward(grad)
    except ArithmeticError:
        operands.no_slope(node, before)


def describe(node: Any) -> str:
    """A node in a few characters: "a (3.0)", "* (9.0)", and a plain number as it is."""
    name = printable(node.label) or ("" if node.op == "const" else node.op)
    numbers = in_words(node.data, ".4")
    return f"{name} ({numbers})" if name else numbers


def caption(node: Any, ran: bool) -> list[str]:
    """The text of a node in a drawing, line by line: operation and label, data, gradient.

    For a Tensor the operation has the shape beside it, and data and gradient are shown if few.
    """
    shape = getattr(node.data, "shape", "")
    operation = f"{'' if node.op == 'const' else node.op} {shape}".strip()
    head = "  ".join(filter(None, [operation, printable(node.label)]))
    data, grad = node.data + 0.0, node.grad + 0.0  # of -0.0 that makes 0.0
    lines = [in_words(data, ".3g"), *([f"grad {in_words(grad, '.2g')}"] * ran)]
    is_small = shape == "" or data.size <= FEW
    return [*([head] if head else []), *(lines if is_small else [])]


FEW = 6
"""Of so many numbers a Tensor shows all, of more its shape."""


def in_words(data: Any, spec: str) -> str:
    """A number by a format; an array as nested lists of such, or as its shape if it is large."""
    if isinstance(data, list):
        return f"[{', '.join(in_words(member, spec) for member in data)}]"
    if not hasattr(data, "shape"):
        return format(data, spec)
    return in_words(data.tolist(), spec) if data.size <= FEW else str(data.shape)


def went_backward(root: Any) -> bool:
    """Whether backward() has run from `root`: only then its gradient is not 0."""
    return bool((root.grad != 0.0).any()) if hasattr(root.grad, "any") else root.grad != 0.0


def first_break(root: Any) -> str:
    """The first operation below `root` whose result is not finite, in words.

    There is none where a parameter was not finite before.
    """
    for node in topological_order(root):
        if not _is_finite(node.data):
            numbers = ", ".join(_repr(parent.data) for parent in node.parents)
            return (
                f"the first operation to break was {node.op} of {numbers}, giving "
                f"{_repr(node.data)}"
            )
    return "no operation broke"


def _is_finite(data: Any) -> bool:
    if isinstance(data, float):
        return math.isfinite(data)
    return math.isfinite(data.sum()) or all(map(math.isfinite, data.ravel().tolist()))


def _repr(data: Any) -> str:
    return repr(data) if isinstance(data, float) else in_words(data, "")


@contextmanager
def collector_paused() -> Iterator[None]:
    """Within, Python's garbage collector does not run."""
    # A graph has no cycles, so reference counts free it; the collector would only walk the
    # live graph again and again while it grows, which takes several times the arithmetic. For
    # the same reason the graph must be gone, with the frame that held it, before it is resumed.
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
