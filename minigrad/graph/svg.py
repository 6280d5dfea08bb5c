"""A graph as SVG text, drawn without any dependency."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from minigrad.graph.layers import FILL, folded, kind_of, places
from minigrad.nodes import NOT_RUN, in_words, nodes_below, went_backward
from minigrad.terminal.text import printable

# All lengths are pixels.
_BETWEEN_COLUMNS, _BETWEEN_ROWS, _MARGIN = 56, 11, 10
_LINE, _LETTER, _PADDING = 15, 6.7, 8
_ROW = (8, 112, 176)  # where a leaf's name begins, and where its number and its gradient end
_WIDTH, _WIDTH_WITH_CONSTANTS, _WIDTH_WITH_LEAVES = 94, 114, 184
_NAME = 10  # letters of a name
_LOWERED = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_INK, _PALE, _GRADIENT = "#1f2933", "#64748b", "#b45309"


@dataclass(frozen=True)
class Box:
    """A node with a place of its own: its corner and size, and the leaves written into it."""

    node: Any
    x: float
    y: float
    width: float
    height: float
    rows: tuple[Any, ...]


def to_svg(root: Any, limit: int | None = None, *, gradcheck: bool = False) -> str:
    """The graph as one <svg> element, drawn from left to right.

    At most `limit` nodes are drawn, those nearest to the root. Each node is in a group whose
    attribute `data-node` is its place in `nodes_below(root)`, so that a page can change its texts;
    with `gradcheck` a leaf has room for a third number.

    >>> from minigrad import Value
    >>> to_svg(Value(2.0, label="a").tanh()).count("data-node")
    2
    """
    every = nodes_below(root)
    nodes = nodes_below(root, limit)
    number = {node: i for i, node in enumerate(every)}
    names = names_of(every)
    boxes = _boxes(nodes, names, gradcheck)
    ran = went_backward(root)
    right = max(box.x + box.width for box in boxes.values()) + _MARGIN
    bottom = max(box.y + box.height for box in boxes.values()) + _MARGIN
    notes = ["under a name: the number, its gradient" if ran else NOT_RUN]
    notes += [f"{len(nodes)} of {len(every):,} nodes"] if len(nodes) < len(every) else []
    height = bottom if gradcheck else bottom + 18
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{right:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {right:.0f} {height:.0f}" font-family="ui-monospace, Menlo, Consolas, '
        f'monospace" font-size="11">',
        '<rect class="paper" width="100%" height="100%" rx="8" fill="#ffffff"/>',
    ]
    edges, shares = _edges(boxes, number)
    parts += edges
    parts += [_group(box, names, number, root, ran, gradcheck) for box in boxes.values()]
    parts += shares if gradcheck else []
    if not gradcheck:
        parts.append(_text("note", 10, height - 9, "; ".join(notes), fill=_PALE))
    return "\n".join([*parts, "</svg>"])


def _boxes(nodes: Sequence[Any], names: Mapping[Any, str], gradcheck: bool) -> dict[Any, Box]:
    inside = folded(nodes)
    shown = [node for node in nodes if node not in inside]
    rows = {node: tuple(p for p in node.parents if p in inside) for node in shown}
    sizes = {node: _size(node, names[node], rows[node], gradcheck) for node in shown}
    place = places(shown, sizes, _BETWEEN_COLUMNS, _BETWEEN_ROWS)
    left = min(x - sizes[node][0] / 2 for node, (x, _) in place.items())
    top = max(y + sizes[node][1] / 2 for node, (_, y) in place.items())
    return {
        node: Box(
            node,
            round(place[node][0] - sizes[node][0] / 2 - left + _MARGIN, 1),
            round(top - place[node][1] - sizes[node][1] / 2 + _MARGIN, 1),
            *sizes[node],
            rows[node],
        )
        for node in shown
    }


def _size(node: Any, name: str, rows: Sequence[Any], gradcheck: bool) -> tuple[float, float]:
    if _has_leaves(rows):
        return _WIDTH_WITH_LEAVES, _LINE * (1 + len(rows)) + 14
    if rows:
        return _WIDTH_WITH_CONSTANTS, _LINE * (3 + len(rows)) + 14
    lines = 4 if gradcheck and _is_leaf(node) else 3
    texts = (_numbers(node.data), _numbers(node.grad), _head(node, name))
    longest = max(map(len, texts))
    return max(_WIDTH, _LETTER * longest + 2 * _PADDING), _LINE * lines + 8


def _has_leaves(rows: Sequence[Any]) -> bool:
    return any(row.op != "const" for row in rows)


def _is_leaf(node: Any) -> bool:
    return not node.parents and node.op != "const"


def names_of(nodes: Sequence[Any]) -> dict[Any, str]:
    """A name for each node: its label, or its operation, numbered where there are several.

    >>> from minigrad import Value
    >>> x = Value(2.0, label="x")
    >>> list(names_of([x, y := x.tanh(), y.tanh(), y.exp()]).values())
    ['x', 'tanh₁', 'tanh₂', 'exp']
    """
    of_op = Counter(node.op for node in nodes if not node.label)
    counts: Counter[str] = Counter()
    names = {}
    for node in nodes:
        counts[node.op] += not node.label
        several = of_op[node.op] > 1 and node.op != "const"
        lowered = str(counts[node.op]).translate(_LOWERED) if several else ""
        op = node.op or "leaf"
        shape = f" {node.data.shape}" if hasattr(node.data, "shape") else ""
        names[node] = (printable(node.label) or op + lowered) + shape
    return names


def _head(node: Any, name: str) -> str:
    """The name in a box, with the operation where the name is a label."""
    return f"{_short(name)} = {node.op}" if node.label and node.parents else _short(name)


def _short(name: str) -> str:
    return name if len(name) <= _NAME else name[: _NAME - 1] + "…"


def _numbers(data: Any) -> str:
    return in_words(data + 0.0, ".4g")  # of -0.0 that makes 0.0


def _edges(boxes: Mapping[Any, Box], number: Mapping[Any, int]) -> tuple[list[str], list[str]]:
    """A curve from each operand to the operation, and the place of a number at its end."""
    curves = [
        f'<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="6" '
        f'markerHeight="6" orient="auto"><path class="tip" d="M0 0L8 4L0 8z" fill="{_PALE}"/>'
        "</marker></defs>"
    ]
    shares = []
    for box in boxes.values():
        operands = [boxes[p] for p in dict.fromkeys(box.node.parents) if p in boxes]
        operands.sort(key=lambda one: one.y + one.height / 2)
        for i, operand in enumerate(operands):
            x0, y0 = operand.x + operand.width, operand.y + operand.height / 2
            x1, y1 = box.x, box.y + box.height * (i + 1) / (len(operands) + 1)
            bend = max(24.0, min((x1 - x0) / 2, 90.0))
            edge = f'data-edge="{number[operand.node]} {number[box.node]}"'
            curves.append(
                f'<path class="edge" {edge} fill="none" stroke="{_PALE}" marker-end="url(#tip)" '
                f'd="M{x0:.1f} {y0:.1f}C{x0 + bend:.1f} {y0:.1f} {x1 - bend:.1f} {y1:.1f} '
                f'{x1 - 1:.1f} {y1:.1f}"/>'
            )
            shares.append(
                f'<text class="share" {edge} x="{x1 - 8:.1f}" y="{y1 - 4:.1f}" font-size="10" '
                f'text-anchor="end" fill="{_GRADIENT}"></text>'
            )
    return curves, shares


def _group(
    box: Box,
    names: Mapping[Any, str],
    number: Mapping[Any, int],
    root: Any,
    ran: bool,
    gradcheck: bool,
) -> str:
    node, x, y, end = box.node, box.x, box.y, box.x + box.width - _PADDING
    kind = kind_of(node, root)
    parts = [
        f'<g class="node {kind}" data-node="{number[node]}"><title>{escape(names[node])}</title>'
        f'<rect class="box" x="{x}" y="{y}" width="{box.width:.0f}" height="{box.height:.0f}" '
        f'rx="7" fill="{FILL[kind]}" stroke="{_PALE}"/>',
        _text("name", x + _PADDING, y + 16, _head(node, names[node]), fill=_INK, bold=True),
    ]
    if _has_leaves(box.rows):
        parts.append(_number("data", x + _ROW[1], y + 16, node, ran))
        parts.append(_number("grad", x + _ROW[2], y + 16, node, ran))
    else:
        lines = ["data", "grad", *(["check"] if gradcheck and _is_leaf(node) else [])]
        for i, line in enumerate(lines):
            parts.append(_number(line, end, y + 16 + _LINE * (i + 1), node, ran))
    parts.append("</g>")
    for i, leaf in enumerate(box.rows):
        below = y + box.height - 7 - _LINE * (len(box.rows) - 1 - i)
        parts.append(_row(leaf, names[leaf], number[leaf], box, below, ran))
    return "".join(parts)


def _row(leaf: Any, name: str, number: int, box: Box, below: float, ran: bool) -> str:
    """A leaf in the box of the only operation that reads it; nobody asks a constant's gradient."""
    kind = "constant" if leaf.op == "const" else "leaf"
    right = box.x + (_ROW[1] if box.width >= _WIDTH_WITH_LEAVES else box.width - _PADDING)
    gradient = "" if leaf.op == "const" else _number("grad", box.x + _ROW[2], below, leaf, ran)
    return (
        f'<g class="row {kind}" data-node="{number}"><title>{escape(name)}</title>'
        f'<rect class="box" x="{box.x + 3}" y="{below - 11}" width="{box.width - 6:.0f}" '
        f'height="{_LINE - 1}" rx="3" fill="{FILL["leaf"]}"/>'
        + _text("name", box.x + _ROW[0], below, _short(name), fill=_INK)
        + _number("data", right, below, leaf, ran)
        + gradient
        + "</g>"
    )


def _number(line: str, x: float, y: float, node: Any, ran: bool) -> str:
    text = {"data": _numbers(node.data), "grad": _numbers(node.grad) if ran else ""}.get(line, "")
    return _text(line, x, y, text, fill=_GRADIENT if line == "grad" else _INK, end=True)


def _text(
    kind: str, x: float, y: float, text: str, *, fill: str, bold: bool = False, end: bool = False
) -> str:
    weight = ' font-weight="bold"' if bold else ""
    anchor = ' text-anchor="end"' if end else ""
    return (
        f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" fill="{fill}"{weight}{anchor}>'
        f"{escape(text)}</text>"
    )
