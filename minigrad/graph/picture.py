"""A layered drawing of a graph, for machines without Graphviz.

Operations are in columns from left to right, each right after the last of its operands, and are
ordered within a column so that few edges cross (the barycentre method of Sugiyama,
Tagawa, Toda 1981). Parameters and constants that are used once are written into the box that uses
them, so that the drawing shows the path from input to loss.
"""

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from minigrad.nodes import NOT_RUN, caption, nodes_below, went_backward
from minigrad.plot.style import Axes, Curve, FancyArrowPatch, Figure, FigureCanvasAgg, Text
from minigrad.value import Value

# All lengths are inches. XOR's graph is 8.3 wide, so a page that shows it 830 pixels wide shows
# letters of 7 points at their size on a screen.
_BETWEEN_COLUMNS, _BETWEEN_ROWS = 0.29, 0.13
_MARGIN, _PADDING = 0.12, 0.055
_LETTERS, _LEGEND_LETTERS = 7.0, 7.5  # points
_DPI = 200
_SWEEPS = 12
_COLORS = {"input": "#dbeafe", "leaf": "#dcfce7", "operation": "#ffffff", "root": "#ffedd5"}
_INK, _EDGE = "#1f2933", "#64748b"


def draw_layers(root: Any, path: Path, limit: int | None = None) -> None:
    """Draw at most `limit` nodes, those nearest to `root`, as the file type that `path` ends in."""
    nodes = nodes_below(root, limit)
    folded = _folded(nodes)
    boxes = [node for node in nodes if node not in folded]
    ran = went_backward(root)
    figure = Figure(dpi=_DPI)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set_axis_off()
    texts = {
        node: _text(axes, _lines(node, folded, ran, not set(node.parents) <= set(nodes)))
        for node in boxes
    }
    sizes = {node: _size(text) for node, text in texts.items()}
    place = _places(boxes, sizes)
    for node in boxes:
        texts[node].set_position(place[node])
        texts[node].get_bbox_patch().set_facecolor(_color(node, root))  # type: ignore[union-attr]
        for parent in dict.fromkeys(node.parents):
            if parent in place:
                axes.add_patch(_arrow(place[parent], sizes[parent], place[node], sizes[node]))
    _frame(figure, axes, place, sizes, _legend(ran, bool(folded)))
    figure.savefig(path, dpi=_DPI)


def _text(axes: Axes, lines: Sequence[str]) -> Text:
    return axes.text(
        0.0,
        0.0,
        "\n".join(lines),
        ha="center",
        va="center",
        linespacing=1.2,
        fontsize=_LETTERS,
        color=_INK,
        parse_math=False,  # a $ in a label is a $
        bbox={"boxstyle": f"round,pad={72 * _PADDING / _LETTERS}", "ec": _INK, "lw": 0.7},
    )


def _size(text: Text) -> tuple[float, float]:
    """Width and height of a box around its text."""
    extent = text.get_window_extent()
    return extent.width / _DPI + 2 * _PADDING, extent.height / _DPI + 2 * _PADDING


def _frame(
    figure: Figure,
    axes: Axes,
    place: Mapping[Value, tuple[float, float]],
    sizes: Mapping[Value, tuple[float, float]],
    legend: str,
) -> None:
    """Make the figure as large as the drawing, with the legend above, one inch to a unit."""
    left = min(x - sizes[node][0] / 2 for node, (x, _) in place.items()) - _MARGIN
    right = max(x + sizes[node][0] / 2 for node, (x, _) in place.items()) + _MARGIN
    bottom = min(y - sizes[node][1] / 2 for node, (_, y) in place.items()) - _MARGIN
    top = max(y + sizes[node][1] / 2 for node, (_, y) in place.items()) + 1.5 * _MARGIN
    right = max(right, left + 2.5)  # wide enough for the legend's words
    letters = int((right - left - 2 * _MARGIN) * 72 / (0.54 * _LEGEND_LETTERS))
    lines = textwrap.wrap(legend, letters)
    top_of_legend = top + 1.3 * len(lines) * _LEGEND_LETTERS / 72
    axes.text(
        left + _MARGIN,
        top_of_legend,
        "\n".join(lines),
        va="top",
        linespacing=1.2,
        fontsize=_LEGEND_LETTERS,
        color=_INK,
    )
    top = top_of_legend + _MARGIN
    figure.set_size_inches(right - left, top - bottom)
    axes.set_xlim(left, right)
    axes.set_ylim(bottom, top)


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


def _places(
    boxes: Sequence[Value], sizes: Mapping[Value, tuple[float, float]]
) -> dict[Value, tuple[float, float]]:
    """The centre of each box, from the width and the height of each."""
    shown = set(boxes)
    parents = {node: [p for p in dict.fromkeys(node.parents) if p in shown] for node in boxes}
    children: dict[Value, list[Value]] = {node: [] for node in boxes}
    for node in boxes:
        for parent in parents[node]:
            children[parent].append(node)
    columns = _columns(boxes, parents, children)
    height = {node: sizes[node][1] + _BETWEEN_ROWS for node in boxes}
    y = {node: -float(i) for column in columns for i, node in enumerate(column)}
    for sweep in range(_SWEEPS):
        forward = sweep % 2 == 1
        for column in columns if forward else reversed(columns):
            _settle(column, y, height, parents if forward else children)
    place, left = {}, 0.0
    for column in columns:
        width = max(sizes[node][0] for node in column)
        place.update({node: (left + width / 2, y[node]) for node in column})
        left += width + _BETWEEN_COLUMNS
    return place


def _columns(
    boxes: Sequence[Value],
    parents: Mapping[Value, Sequence[Value]],
    children: Mapping[Value, Sequence[Value]],
) -> list[list[Value]]:
    at: dict[Value, int] = {}
    for node in boxes:  # parents first
        at[node] = 1 + max((at[parent] for parent in parents[node]), default=-1)
    for node in boxes:
        if not node.parents and children[node]:  # right before the first that needs it
            at[node] = min(at[child] for child in children[node]) - 1
    columns: list[list[Value]] = [[] for _ in range(1 + max(at.values()))]
    for node in boxes:
        columns[at[node]].append(node)
    return columns


def _settle(
    column: Sequence[Value],
    y: dict[Value, float],
    height: Mapping[Value, float],
    neighbours: Mapping[Value, Sequence[Value]],
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


def _arrow(
    start: tuple[float, float],
    start_size: tuple[float, float],
    end: tuple[float, float],
    end_size: tuple[float, float],
) -> FancyArrowPatch:
    """From the right side of one box to the left side of another."""
    (x0, y0), (x1, y1) = start, end
    x0, x1 = x0 + start_size[0] / 2, x1 - end_size[0] / 2
    bend = (x1 - x0) / 2
    points = [(x0, y0), (x0 + bend, y0), (x1 - bend, y1), (x1, y1)]
    curve = Curve(points, [Curve.MOVETO, Curve.CURVE4, Curve.CURVE4, Curve.CURVE4])
    return FancyArrowPatch(
        path=curve, arrowstyle="-|>", mutation_scale=6, color=_EDGE, linewidth=0.7, zorder=0
    )


def _lines(node: Value, folded: set[Value], ran: bool, cut: bool) -> list[str]:
    inside = [_in_a_line(parent, ran) for parent in node.parents if parent in folded]
    return [*caption(node, ran), *inside, *(["..."] if cut else [])]


def _in_a_line(node: Value, ran: bool) -> str:
    gradient = caption(node, ran)[-1:] if ran else []
    return ", ".join([" ".join(caption(node, False)), *gradient])


def _color(node: Value, root: Value) -> str:
    if node is root:
        return _COLORS["root"]
    if node.parents:
        return _COLORS["operation"]
    return _COLORS["input" if node.label.startswith("x") else "leaf"]


def _legend(ran: bool, folded: bool) -> str:
    gradient = ", its gradient" if ran else ""
    legend = f"In a box, line by line: the operation or the name, its number{gradient}"
    if folded:
        own = "number and gradient" if ran else "number"
        legend += f"; then what this operation alone reads, as weights, bias, constants, with {own}"
    return f"{legend}." if ran else f"{legend}; {NOT_RUN}."
