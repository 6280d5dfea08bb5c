"""A layered drawing of a graph, for machines without Graphviz.

Operations stand in columns from left to right, each right after the last of its operands, and are
ordered within a column so that few edges cross (the barycentre method of Sugiyama,
Tagawa, Toda 1981). Parameters and constants that are used once are written into the box that uses
them: what is left to see is the road from input to loss.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from minigrad.nodes import NOT_RUN, caption, nodes_below, went_backward
from minigrad.plot.style import Curve, Figure, FigureCanvasAgg, PathPatch
from minigrad.value import Value

_COLUMN, _ROW = 1.5, 0.72  # inches from box to box
_SWEEPS = 12
_COLORS = {"input": "#dbeafe", "leaf": "#dcfce7", "operation": "#ffffff", "root": "#ffedd5"}
_INK, _EDGE = "#1f2933", "#9aa5b1"


def draw_layers(root: Any, path: Path, limit: int | None = None) -> None:
    """Draw at most `limit` nodes, those nearest to `root`, as the file type that `path` ends in."""
    nodes = nodes_below(root, limit)
    folded = _folded(nodes)
    boxes = [node for node in nodes if node not in folded]
    place = _places(boxes)
    columns = 1 + max(x for x, _ in place.values())
    rows = 1 + max(y for _, y in place.values()) - min(y for _, y in place.values())
    figure = Figure(figsize=(columns * _COLUMN + 0.4, rows * _ROW + 0.9), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.set_axis_off()
    ran = went_backward(root)
    for node in boxes:
        for parent in node.parents:
            if parent in place:
                axes.add_patch(_edge(place[parent], place[node]))
    for node in boxes:
        lines = _lines(node, folded, ran, cut=not set(node.parents) <= set(nodes))
        axes.text(
            *place[node],
            "\n".join(lines),
            ha="center",
            va="center",
            fontsize=7,
            color=_INK,
            linespacing=1.25,
            bbox={"boxstyle": "round,pad=0.35", "fc": _color(node, root), "ec": _INK, "lw": 0.8},
        )
    bottom, top = (pick(y for _, y in place.values()) for pick in (min, max))
    axes.set_xlim(-0.55, columns - 0.45)
    axes.set_ylim(bottom - 0.7, top + 0.7)
    axes.set_title(_legend(ran), fontsize=8, color=_INK, loc="left")
    figure.savefig(path, dpi=110)


def _folded(nodes: Sequence[Value]) -> set[Value]:
    """Leaves that are written into their one consumer: not inputs, which one wants to follow."""
    uses: dict[Value, int] = {}
    for node in nodes:
        for parent in node.parents:
            uses[parent] = uses.get(parent, 0) + 1
    leaves = {node for node in nodes if not node.parents and uses.get(node) == 1}
    constants = {node for node in leaves if node.op == "const"}
    # in a small graph every leaf has room for a box of its own
    return constants if len(nodes) <= 20 else leaves


def _places(boxes: Sequence[Value]) -> dict[Value, tuple[float, float]]:
    """Column and row of each box, in units of a column's width and a row's height."""
    shown = set(boxes)
    parents = {node: [p for p in dict.fromkeys(node.parents) if p in shown] for node in boxes}
    children: dict[Value, list[Value]] = {node: [] for node in boxes}
    for node in boxes:
        for parent in parents[node]:
            children[parent].append(node)
    at: dict[Value, int] = {}
    for node in boxes:  # parents first
        at[node] = 1 + max((at[parent] for parent in parents[node]), default=-1)
    for node in boxes:
        if not node.parents and children[node]:  # a leaf stands right before who needs it first
            at[node] = min(at[child] for child in children[node]) - 1
    columns: list[list[Value]] = [[] for _ in range(1 + max(at.values()))]
    for node in boxes:
        columns[at[node]].append(node)
    row = {node: float(i) for column in columns for i, node in enumerate(column)}
    for sweep in range(_SWEEPS):
        forward = sweep % 2 == 1
        for column in columns if forward else reversed(columns):
            _settle(column, row, parents if forward else children)
    return {node: (x, -row[node]) for x, column in enumerate(columns) for node in column}


def _settle(
    column: Sequence[Value], row: dict[Value, float], neighbours: Mapping[Value, Sequence[Value]]
) -> None:
    """Move each box towards the mean row of its neighbours, keeping a row's distance."""
    wish = {node: _mean((row[n] for n in neighbours[node]), row[node]) for node in column}
    ordered = sorted(column, key=wish.__getitem__)
    taken: list[float] = []
    for node in ordered:
        taken.append(max(wish[node], taken[-1] + 1) if taken else wish[node])
    shift = sum(taken[i] - wish[node] for i, node in enumerate(ordered)) / len(ordered)
    for node, place in zip(ordered, taken, strict=True):
        row[node] = place - shift


def _mean(numbers: Iterable[float], default: float) -> float:
    listed = list(numbers)
    return sum(listed) / len(listed) if listed else default


def _edge(start: tuple[float, float], end: tuple[float, float]) -> PathPatch:
    (x0, y0), (x1, y1) = start, end
    bend = (x1 - x0) / 2
    curve = Curve(
        [(x0, y0), (x0 + bend, y0), (x1 - bend, y1), (x1, y1)],
        [Curve.MOVETO, Curve.CURVE4, Curve.CURVE4, Curve.CURVE4],
    )
    return PathPatch(curve, fill=False, edgecolor=_EDGE, linewidth=0.9, zorder=0)


def _lines(node: Value, folded: set[Value], ran: bool, cut: bool) -> list[str]:
    inside = [" ".join(caption(parent, ran)) for parent in node.parents if parent in folded]
    return [*caption(node, ran), *inside, *(["..."] if cut else [])]


def _color(node: Value, root: Value) -> str:
    if node is root:
        return _COLORS["root"]
    if node.parents:
        return _COLORS["operation"]
    return _COLORS["input" if node.label.startswith("x") else "leaf"]


def _legend(ran: bool) -> str:
    return "operation and label, data, grad" if ran else NOT_RUN
