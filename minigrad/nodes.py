"""The nodes of a graph, one by one: which there are, what they are called, and their slopes."""

import gc
import math
from collections.abc import Iterator
from contextlib import contextmanager

from minigrad.terminal.text import printable
from minigrad.value import Value, no_slope, topological_order

NOT_RUN = "backward() has not run: there are no gradients"


def nodes_below(root: Value, limit: int | None = None) -> list[Value]:
    """The nodes below `root`, leaves included, parents before children, `root` last.

    `limit` keeps at most so many, those with the fewest operations between them and the root.
    """
    order: dict[Value, None] = {}
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


def vjp(node: Value, grad: float) -> tuple[float, ...]:
    """The vector-Jacobian product: `grad` times the slope of each parent, in order and once each.

    Gradients are left as they were. Raises ArithmeticError for an infinite or undefined slope.
    """
    parents = tuple(dict.fromkeys(node.parents))
    held = [parent.grad for parent in parents]
    for parent in parents:
        parent.grad = 0.0
    try:
        node._backward(grad)
        return tuple(parent.grad for parent in parents)
    except (ValueError, ArithmeticError):
        no_slope(node)
        return tuple(math.nan for _ in parents)
    finally:
        for parent, before in zip(parents, held, strict=True):
            parent.grad = before


def describe(node: Value) -> str:
    """A node in a few characters: "a (3.0)", "* (9.0)", and a plain number as it is."""
    name = printable(node.label) or ("" if node.op == "const" else node.op)
    return f"{name} ({node.data:.4})" if name else f"{node.data:.4}"


def caption(node: Value, ran: bool) -> list[str]:
    """What a drawing says of a node, line by line: operation and label, data, gradient."""
    head = "  ".join(filter(None, [node.op if node.op != "const" else "", printable(node.label)]))
    data, grad = node.data + 0.0, node.grad + 0.0  # of -0.0 that makes 0.0
    return [*([head] if head else []), f"{data:.3g}", *([f"grad {grad:.2g}"] * ran)]


def went_backward(root: Value) -> bool:
    """Whether backward() has run from `root`: only then its gradient is not 0."""
    return root.grad != 0.0


def first_break(root: Value) -> str:
    """The first operation below `root` whose result is not finite, in words.

    There is none where a parameter was not finite before.
    """
    for node in topological_order(root):
        if not math.isfinite(node.data):
            numbers = ", ".join(repr(parent.data) for parent in node.parents)
            return f"the first operation to break was {node.op} of {numbers}, giving {node.data}"
    return "no operation broke"


@contextmanager
def collector_paused() -> Iterator[None]:
    """Within, Python's garbage collector does not run."""
    # A graph has no cycles, so reference counts free it; the collector would only walk the
    # live graph again and again while it grows, which costs several times the arithmetic. For
    # the same reason the graph must be gone, with the frame that held it, before it is resumed.
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
