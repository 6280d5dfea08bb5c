"""The places of a drawn graph's boxes, and which leaves have no box of their own.

Operations are in columns from left to right, each right after the last of its operands, and are
ordered within a column so that few edges cross (the barycentre method of Sugiyama,
Tagawa, Toda 1981). Parameters and constants that are used once are written into the box that uses
them, so that the drawing shows the path from input to loss.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

_SWEEPS = 12
_ROOM_FOR_ALL = 20  # in a graph of so many nodes every leaf has room for a box of its own
FILL = {"input": "#dbeafe", "leaf": "#dcfce7", "operation": "#ffffff", "root": "#ffedd5"}
"""The colour of a box by its node's kind."""


def kind_of(node: Any, root: Any) -> str:
    """The kind of a node in a drawing; inputs are known by their labels."""
    if node is root:
        return "root"
    if node.parents:
        return "operation"
    return "input" if node.label.startswith("x") else "leaf"


def folded(nodes: Sequence[Any]) -> set[Any]:
    """Leaves that are written into their one consumer: not inputs, which one wants to follow."""
    uses: dict[Any, int] = {}
    for node in nodes:
        for parent in node.parents:
            uses[parent] = uses.get(parent, 0) + 1
    leaves = {node for node in nodes if not node.parents and uses.get(node) == 1}
    constants = {node for node in leaves if node.op == "const"}
    return constants if len(nodes) <= _ROOM_FOR_ALL else leaves


def places(
    boxes: Sequence[Any],
    sizes: Mapping[Any, tuple[float, float]],
    between_columns: float,
    between_rows: float,
) -> dict[Any, tuple[float, float]]:
    """The centre of each box, y upwards, from the width and the height of each and the gaps.

    `boxes` are nodes, parents before children.
    """
    shown = set(boxes)
    parents = {node: [p for p in dict.fromkeys(node.parents) if p in shown] for node in boxes}
    children: dict[Any, list[Any]] = {node: [] for node in boxes}
    for node in boxes:
        for parent in parents[node]:
            children[parent].append(node)
    columns = _columns(boxes, parents, children)
    height = {node: sizes[node][1] + between_rows for node in boxes}
    y = {node: -float(i) for column in columns for i, node in enumerate(column)}
    for sweep in range(_SWEEPS):
        forward = sweep % 2 == 1
        for column in columns if forward else reversed(columns):
            _settle(column, y, height, parents if forward else children)
    place, left = {}, 0.0
    for column in columns:
        width = max(sizes[node][0] for node in column)
        place.update({node: (left + width / 2, y[node]) for node in column})
        left += width + between_columns
    return place


def _columns(
    boxes: Sequence[Any],
    parents: Mapping[Any, Sequence[Any]],
    children: Mapping[Any, Sequence[Any]],
) -> list[list[Any]]:
    at: dict[Any, int] = {}
    for node in boxes:  # parents first
        at[node] = 1 + max((at[parent] for parent in parents[node]), default=-1)
    for node in boxes:
        if not node.parents and children[node]:  # right before the first that needs it
            at[node] = min(at[child] for child in children[node]) - 1
    columns: list[list[Any]] = [[] for _ in range(1 + max(at.values()))]
    for node in boxes:
        columns[at[node]].append(node)
    return columns


def _settle(
    column: Sequence[Any],
    y: dict[Any, float],
    height: Mapping[Any, float],
    neighbours: Mapping[Any, Sequence[Any]],
) -> None:
    """Move each box towards the mean height of its neighbours, so far as none covers another."""
    wish = {node: _mean((y[n] for n in neighbours[node]), y[node]) for node in column}
    ordered = sorted(column, key=wish.__getitem__, reverse=True)  # from the top
    taken: list[float] = []
    for above, node in zip([None, *ordered], ordered, strict=False):
        room = wish[node] if above is None else taken[-1] - (height[above] + height[node]) / 2
        taken.append(min(wish[node], room))
    shift = sum(taken[i] - wish[node] for i, node in enumerate(ordered)) / len(ordered)
    for node, own in zip(ordered, taken, strict=True):
        y[node] = own - shift


def _mean(numbers: Iterable[float], default: float) -> float:
    listed = list(numbers)
    return sum(listed) / len(listed) if listed else default
