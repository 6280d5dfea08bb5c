"""Lab 4: operands first. What to do is in 4-topological-order.md."""

from lab3 import Node


def is_in_order(nodes: list[Node]) -> bool:
    """Whether each node of the list occurs once, and after all of its parents."""
    raise NotImplementedError("lab 4, task 1: look at each node, and at what came before it")


def topological_order(root: Node) -> list[Node]:
    """`root` and all nodes under it, leaves too: each once, operands first, `root` last."""
    raise NotImplementedError("lab 4, task 2: first all that is under a node, then the node")
