"""Which nodes become one array operation: those of one kind that are equally far below the loss.

agenda.py has another way to choose them.
"""

from dataclasses import dataclass

from minigrad.lift.sums import Dot, Sum
from minigrad.lift.tracing import Node

FEW = 3
"""So many terms of a sum are added one after the other; more are gathered and summed at once."""


@dataclass(frozen=True)
class NodeGroup:
    """Nodes that are one array operation. Those of equal `turn` do not depend on one another."""

    turn: int
    nodes: list[Node]

    @property
    def weights(self) -> object:
        """The parameters of dots, a tuple a row; nothing for other nodes."""
        return tuple([tuple(node.weights) for node in self.nodes if isinstance(node, Dot)])


def merged(groups: list[NodeGroup]) -> list[list[list[Node]]]:
    """The groups, with those of dots that apply the same weights at the same turn together."""
    together: dict[object, list[list[Node]]] = {}
    for number, group in enumerate(groups):
        weights = group.weights
        together.setdefault((group.turn, weights) if weights else number, []).append(group.nodes)
    return list(together.values())


def by_height(order: list[Node]) -> list[NodeGroup]:
    """Nodes of one kind that are equally far below the loss. The farthest come first."""
    height = heights(order)
    groups: dict[object, list[Node]] = {}
    for node in order:
        # dots of the same inputs can all run as soon as the highest of them must
        at = None if isinstance(node, Dot) else height[node]
        groups.setdefault((at, *kind_of(node)), []).append(node)
    turns = [NodeGroup(-max(height[node] for node in nodes), nodes) for nodes in groups.values()]
    return sorted(turns, key=lambda group: group.turn)


def heights(order: list[Node]) -> dict[Node, int]:
    """How many operations are above each node, on the longest way to the loss."""
    height = dict.fromkeys(order, 0)
    for node in reversed(order):
        above = height[node] + 1
        for operand in node.operands:
            if operand in height and height[operand] < above:
                height[operand] = above
    return height


def kind_of(node: Node) -> tuple[object, ...]:
    """What the nodes of one array operation have in common."""
    if isinstance(node, Dot):
        return "dot", node.operands, node.has_bias
    if isinstance(node, Sum) and len(node.operands) > FEW:
        # sums of many terms may have more or fewer of them, unless they are subtracted
        terms = 0 if node.plus == len(node.operands) else len(node.operands)
        return "sum", node.per_sample, node.has_slope, min(node.plus, terms), terms
    plus = node.plus if isinstance(node, Sum) else 0
    return node.op, plus, tuple([_source(operand) for operand in node.operands])


def _source(node: Node) -> str:
    if node.op in ("const", "parameter"):
        return node.op
    return f"{node.per_sample} {node.has_slope}"
