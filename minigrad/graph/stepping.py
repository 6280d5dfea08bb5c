"""backward() one node at a time."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from minigrad.nodes import describe, in_words, send_back, vjp
from minigrad.value import Value, topological_order


@dataclass(frozen=True)
class BackwardStep:
    """What backward() does at one node, whose incoming gradient is `grad`.

    For each parent, in order and once, there are the local slope, which is the derivative of the
    node with respect to that parent, and the number `added` to the parent's gradient: slope * grad.

    Of a Tensor, `grad` and `added` are arrays, and a slope is what a gradient of 1 at each of the
    node's numbers would add: the sum of the slopes of all of them. For an operation that takes the
    numbers one by one it is the slope at each.
    """

    node: Any
    op: str
    grad: Any
    parents: tuple[Any, ...]
    slopes: tuple[Any, ...]
    added: tuple[Any, ...]

    def __str__(self) -> str:
        grad = in_words(self.grad, ".4g")
        additions = "; ".join(
            f"{describe(parent)} += {self._product(slope)}{in_words(added, '.4g')}"
            for parent, slope, added in zip(self.parents, self.slopes, self.added, strict=True)
        )
        return f"{describe(self.node)} has gradient {grad}: {additions}"

    def _product(self, slope: Any) -> str:
        is_number = isinstance(slope, float)
        return f"{slope:.4g} * {self.grad:.4g} = " if is_number else ""


def steps(root: Value | Any) -> Iterator[BackwardStep]:
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

    >>> from minigrad import Tensor
    >>> for step in steps((Tensor([[1.0, 2.0]], label="x") * 3.0).sum()):
    ...     print(step)
    sum (9.0) has gradient 1: * ([[3.0, 6.0]]) += [[1, 1]]
    * ([[3.0, 6.0]]) has gradient [[1, 1]]: x ([[1.0, 2.0]]) += [[3, 3]]; 3.0 += 0
    """
    order = topological_order(root)
    for node in order:
        node.grad = 0.0
    root.grad = root.grad + 1.0
    for node in reversed(order):
        parents = tuple(dict.fromkeys(node.parents))
        slopes, added = vjp(node, node.grad * 0.0 + 1.0), vjp(node, node.grad)
        send_back(node, node.grad)
        yield BackwardStep(node, node.op, node.grad, parents, slopes, added)
