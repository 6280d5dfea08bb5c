"""A layered drawing of a graph, for machines without Graphviz.

`minigrad.graph.layers` gives the places of the boxes.
"""

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from minigrad.graph.layers import FILL, folded, kind_of, places
from minigrad.nodes import NOT_RUN, caption, nodes_below, went_backward
from minigrad.plot.style import Axes, Curve, FancyArrowPatch, Figure, FigureCanvasAgg, Text, save
from minigrad.value import Value

# All lengths are inches. XOR's graph is 8.3 wide, so a page that shows it 830 pixels wide shows
# letters of 7 points at their size on a screen.
_BETWEEN_COLUMNS, _BETWEEN_ROWS = 0.29, 0.13
_MARGIN, _PADDING = 0.12, 0.055
_LETTERS, _LEGEND_LETTERS = 7.0, 7.5  # points
_DPI = 200
_INK, _EDGE = "#1f2933", "#64748b"


def draw_layers(root: Any, path: Path, limit: int | None = None) -> None:
    """Draw at most `limit` nodes, those nearest to `root`, as the file type that `path` ends in."""
    nodes = nodes_below(root, limit)
    inside = folded(nodes)
    boxes = [node for node in nodes if node not in inside]
    ran = went_backward(root)
    figure = Figure(dpi=_DPI)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set_axis_off()
    texts = {
        node: _text(axes, _lines(node, inside, ran, not set(node.parents) <= set(nodes)))
        for node in boxes
    }
    sizes = {node: _size(text) for node, text in texts.items()}
    place = places(boxes, sizes, _BETWEEN_COLUMNS, _BETWEEN_ROWS)
    for node in boxes:
        texts[node].set_position(place[node])
        box: Any = texts[node].get_bbox_patch()
        box.set_facecolor(FILL[kind_of(node, root)])
        for parent in dict.fromkeys(node.parents):
            if parent in place:
                axes.add_patch(_arrow(place[parent], sizes[parent], place[node], sizes[node]))
    _frame(figure, axes, place, sizes, _legend(ran, bool(inside)))
    save(figure, path, _DPI)


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


def _lines(node: Value, leaves: set[Value], ran: bool, cut: bool) -> list[str]:
    inside = [_in_a_line(parent, ran) for parent in node.parents if parent in leaves]
    return [*caption(node, ran), *inside, *(["..."] if cut else [])]


def _in_a_line(node: Value, ran: bool) -> str:
    gradient = caption(node, ran)[-1:] if ran else []
    return ", ".join([" ".join(caption(node, False)), *gradient])


def _legend(ran: bool, folded: bool) -> str:
    gradient = ", its gradient" if ran else ""
    legend = f"In a box, line by line: the operation or the name, its number{gradient}"
    if folded:
        own = "number and gradient" if ran else "number"
        legend += f"; then what this operation alone reads, as weights, bias, constants, with {own}"
    return f"{legend}." if ran else f"{legend}; {NOT_RUN}."
