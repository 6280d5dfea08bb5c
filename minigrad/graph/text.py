"""The graph as text."""

from typing import Any

from minigrad.nodes import NOT_RUN, in_words, nodes_below, went_backward
from minigrad.terminal.text import printable


def to_text(root: Any, limit: int | None = None) -> str:
    """One line for each node, parents first: number, data, gradient, operands and operation.

    >>> from minigrad import Value
    >>> a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    >>> product = a * b
    >>> product.backward()
    >>> print(to_text(product))
    #0     2         grad -3         a
    #1     -3        grad 2          b
    #2     -6        grad 1          #0 * #1

    Of a Tensor of more than six numbers the shape is shown.
    """
    nodes = nodes_below(root, limit)
    number = {node: f"#{i}" for i, node in enumerate(nodes)}
    ran = went_backward(root)
    lines = []
    for node in nodes:
        operands = [number.get(parent, "...") for parent in node.parents]
        infix = len(operands) == 2 and not node.op.isidentifier()
        formula = f" {node.op} ".join(operands) if infix else f"{node.op} {' '.join(operands)}"
        text = "  ".join(filter(None, [formula.strip(), printable(node.label)]))
        grad = f"grad {in_words(node.grad, '.5g'):<10}" if ran else ""
        lines.append(f"{number[node]:<6} {in_words(node.data, '.5g'):<9} {grad} {text}")
    return "\n".join(lines if ran else [*lines, NOT_RUN])
