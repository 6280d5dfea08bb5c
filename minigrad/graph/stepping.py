"""backward() one node at a time."""

from collections.abc import Iterator
from dataclasses import dataclass

from minigrad.nodes import describe, local_slopes, vjp
from minigrad.value import Value, no_slope, topological_order


@dataclass(frozen=True)
class BackwardStep:
    """What backward() does at one node, whose incoming gradient is `grad`.

    For each parent, in order and once, there are the local slope, which is the derivative of the
    node with respect to that parent, and the number `added` to the parent's gradient: slope * grad.
    """

    node: Value
    op: str
    grad: float
    parents: tuple[Value, ...]
    slopes: tuple[float, ...]
    added: tuple[float, ...]

    def __str__(self) -> str:
        additions = "; ".join(
            f"{describe(parent)} += {slope:.4g} * {self.grad:.4g} = {added:.4g}"
            for parent, slope, added in zip(self.parents, self.slopes, self.added, strict=True)
        )
        return f"{describe(self.node)} has gradient {self.grad:.4g}: {additions}"


def steps(root: Value) -> Iterator[BackwardStep]:
    """Do what `root.backward()` does, one node at a time, and yield what was done.

    Each step is carried out before it is yielded, so in a loop or in pdb the gradients grow as they
    do in backward(); after the last step they are the same, to the bit. Raises ArithmeticError for
    an infinite or undefined slope, as backward() does.

    >>> a = Value(3.0, label="a")
    >>> square = a * a
    >>> for step in steps(square + 1):
    ...     print(step)
    + (10.0) has gradient 1: * (9.0) += 1 * 1 = 1; 1.0 += 1 * 1 = 1
    * (9.0) has gradient 1: a (3.0) += 6 * 1 = 6
    """
    order = topological_order(root)
    for node in order:
        node.grad = 0.0
    root.grad += 1.0
    for node in reversed(order):
        parents = tuple(dict.fromkeys(node.parents))
        slopes, added = local_slopes(node), vjp(node, node.grad)
        try:
            node._backward(node.grad)
        except (ValueError, ArithmeticError):
            no_slope(node)
        yield BackwardStep(node, node.op, node.grad, parents, slopes, added)
