"""Which nodes become one array operation: those of one kind that are ready at the same time.

That suits graphs of tokens that look back at more or fewer others: grouped by their distance to the
loss, each of them would begin at a time of its own.
"""

from collections import Counter
from collections.abc import Iterable

from minigrad.lift.grouping import FEW, NodeGroup, heights, kind_of
from minigrad.lift.sums import Dot, Sum
from minigrad.lift.tracing import Node


def by_agenda(order: list[Node]) -> list[NodeGroup]:
    """Whatever is ready of the kind of the highest node that is ready, however high.

    So tokens that look back at more or fewer others start together, and where they have come to
    their end at different times, they go on together. An agenda as such is that of Neubig et al.
    2017, arXiv:1705.07860, which orders it by depth.
    """
    agenda, rows = _Agenda(order), _RowOrder(order)
    groups: list[NodeGroup] = []
    turn = 0
    while ready := agenda.take():
        layers: dict[object, list[Node]] = {}
        for node in rows.in_order(ready):
            layers.setdefault(node.operands if isinstance(node, Dot) else None, []).append(node)
        for row in zip(*layers.values(), strict=True):  # as the operation that runs has them
            rows.append(row)
        groups += [NodeGroup(turn, nodes) for nodes in layers.values()]
        turn += 1
    return groups


class _RowOrder:
    """The order of nodes within their groups: that of what they read, so that it is one slice.

    What a sum of many terms alone reads is in the order of the graph: its terms are one slice then.
    """

    def __init__(self, order: list[Node]) -> None:
        self._place = {node: place for place, node in enumerate(order)}
        self._row: dict[Node, int] = {}
        reads = Counter(operand for node in order for operand in node.operands)
        long_sums = [node for node in order if isinstance(node, Sum) and len(node.operands) > FEW]
        self._terms = {term for total in long_sums for term in total.operands if reads[term] == 1}

    def in_order(self, nodes: list[Node]) -> list[Node]:
        """The nodes of a group; of dots, the rows of one layer after the other."""
        if 2 * sum(node in self._terms for node in nodes) > len(nodes):
            return sorted(nodes, key=self._place.__getitem__)
        return sorted(nodes, key=self._key)

    def append(self, nodes: Iterable[Node]) -> None:
        for node in nodes:
            self._row[node] = len(self._row)

    def _key(self, node: Node) -> tuple[list[int], list[int], int]:
        operands = [self._row.get(operand, operand.index) for operand in node.operands]
        return operands, node.weights if isinstance(node, Dot) else [], self._place[node]


class _Agenda:
    """The nodes that wait, by kind; those are ready whose operands have been taken."""

    def __init__(self, order: list[Node]) -> None:
        self._kind = _kinds(order)
        self._missing: dict[Node, int] = {}
        self._readers: dict[Node, list[Node]] = {node: [] for node in order}
        self._height = heights(order)
        self._ready: dict[int, list[Node]] = {}
        for node in order:
            operands = {operand for operand in node.operands if operand in self._readers}
            for operand in operands:
                self._readers[operand].append(node)
            self._missing[node] = len(operands)
            if not operands:
                self._ready.setdefault(self._kind[node], []).append(node)

    def take(self) -> list[Node]:
        """The ready nodes of the next kind; none at the end."""
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
        return nodes


def _kinds(order: list[Node]) -> dict[Node, int]:
    """A number for each node's kind. Dots that apply the same weights in turn are of one kind."""
    layers: dict[object, list[Dot]] = {}
    for node in order:
        if isinstance(node, Dot):
            layers.setdefault(kind_of(node), []).append(node)
    numbers: dict[object, int] = {}
    kinds: dict[Node, int] = {}
    for dots in layers.values():
        key = tuple(sorted(tuple(dot.weights) for dot in dots))
        kinds |= dict.fromkeys(dots, numbers.setdefault(key, len(numbers)))
    for node in order:
        if node not in kinds:
            kinds[node] = numbers.setdefault(kind_of(node), len(numbers))
    return kinds
