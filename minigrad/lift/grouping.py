"""Which nodes of a graph become one array operation, and in which order the operations run.

Nodes of one kind, none of which depends on another, can be rows of one array. There is more than
one way to choose them; of two, the one is taken that makes fewer operations.
"""

from dataclasses import dataclass

from minigrad.lift.sums import Dot, Sum
from minigrad.lift.tracing import Node

FEW = 3
"""So many terms of a sum are added one after the other; more are gathered and summed at once."""


@dataclass(frozen=True)
class Group:
    """Nodes that are one array operation. Those of equal `turn` do not depend on one another."""

    turn: int
    nodes: list[Node]

    @property
    def weights(self) -> object:
        """The parameters of dots, a tuple a row; nothing for other nodes."""
        return tuple([tuple(node.weights) for node in self.nodes if isinstance(node, Dot)])


def grouped(order: list[Node]) -> list[Group]:
    """The nodes in groups, each after those that it depends on."""
    return min(by_height(order), by_agenda(order), key=lambda groups: len(merged(groups)))


def merged(groups: list[Group]) -> list[list[list[Node]]]:
    """The groups, with those of dots that apply the same weights at the same turn together."""
    together: dict[object, list[list[Node]]] = {}
    for number, group in enumerate(groups):
        weights = group.weights
        together.setdefault((group.turn, weights) if weights else number, []).append(group.nodes)
    return list(together.values())


def by_height(order: list[Node]) -> list[Group]:
    """Nodes of one kind that are equally far below the loss. The farthest come first."""
    height = _heights(order)
    groups: dict[object, list[Node]] = {}
    for node in order:
        # dots of the same inputs can all run as soon as the highest of them must
        at = None if isinstance(node, Dot) else height[node]
        groups.setdefault((at, *_kind(node)), []).append(node)
    heights = [Group(-max(height[node] for node in nodes), nodes) for nodes in groups.values()]
    return sorted(heights, key=lambda group: group.turn)


def _heights(order: list[Node]) -> dict[Node, int]:
    """How many operations are above each node, on the longest way to the loss."""
    height = dict.fromkeys(order, 0)
    for node in reversed(order):
        above = height[node] + 1
        for operand in node.operands:
            if operand in height and height[operand] < above:
                height[operand] = above
    return height


def by_agenda(order: list[Node]) -> list[Group]:
    """Whatever is ready of the kind of the highest node that is ready, however high.

    So tokens that look back at more or fewer others start together, and where they have come to
    their end at different times, they go on together. An agenda as such is that of Neubig et al.
    2017, arXiv:1705.07860, which orders it by depth.
    """
    agenda = _Agenda(order)
    groups: list[Group] = []
    turn = 0
    while ready := agenda.take():
        layers: dict[object, list[Node]] = {}
        for node in ready:
            layers.setdefault(node.operands if isinstance(node, Dot) else None, []).append(node)
        groups += [Group(turn, nodes) for nodes in layers.values()]
        turn += 1
    return groups


class _Agenda:
    """The nodes that wait, by kind; those are ready whose operands have been taken."""

    def __init__(self, order: list[Node]) -> None:
        self._place = {node: place for place, node in enumerate(order)}
        self._kind = _Kinds(order).of
        self._missing: dict[Node, int] = {}
        self._readers: dict[Node, list[Node]] = {node: [] for node in order}
        self._height = _heights(order)
        self._ready: dict[int, list[Node]] = {}
        for node in order:
            operands = {operand for operand in node.operands if operand in self._readers}
            for operand in operands:
                self._readers[operand].append(node)
            self._missing[node] = len(operands)
            if not operands:
                self._ready.setdefault(self._kind[node], []).append(node)

    def take(self) -> list[Node]:
        """The ready nodes of the next kind, in the order of the graph; none at the end."""
        if not self._ready:
            return []
        kind = max(
            self._ready, key=lambda kind: max(map(self._height.__getitem__, self._ready[kind]))
        )
        nodes = self._ready.pop(kind)
        for node in nodes:
            for reader in self._readers[node]:
                self._missing[reader] -= 1
                if not self._missing[reader]:
                    self._ready.setdefault(self._kind[reader], []).append(reader)
        return sorted(nodes, key=self._place.__getitem__)


class _Kinds:
    """A number for each node's kind. Dots that apply the same weights in turn are of one kind."""

    def __init__(self, order: list[Node]) -> None:
        layers: dict[object, list[Dot]] = {}
        for node in order:
            if isinstance(node, Dot):
                layers.setdefault(_kind(node), []).append(node)
        numbers: dict[object, int] = {}
        self.of: dict[Node, int] = {}
        for dots in layers.values():
            key = tuple([tuple(dot.weights) for dot in dots])
            self.of |= dict.fromkeys(dots, numbers.setdefault(key, len(numbers)))
        for node in order:
            if node not in self.of:
                self.of[node] = numbers.setdefault(_kind(node), len(numbers))


def _kind(node: Node) -> tuple[object, ...]:
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
