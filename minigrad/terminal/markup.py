"""Tables and curves as HTML, for notebooks. All text is escaped, and nothing is loaded."""

import math
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from minigrad.terminal.table import cell, is_number

_BORDER = "border:1px solid rgba(128,128,128,.35);padding:3px 8px;font-variant-numeric:tabular-nums"
_LONGEST_AXIS = 16  # numbers in a row, or rows
_CURVE = "#0072b2"
_WIDTH, _HEIGHT, _LEFT, _BOTTOM = 560, 170, 58, 22  # pixels of a curve


def html_table(header: Sequence[str], rows: Iterable[Sequence[Any]], caption: str = "") -> str:
    """Rows under their header; numbers have 4 digits and are aligned to the right.

    >>> "&lt;xor&gt;" in html_table(["run", "loss"], [["<xor>", 0.00015012]])
    True
    """
    parts = ['<table style="border-collapse:collapse">']
    if caption:
        parts.append(f'<caption style="text-align:left"><b>{escape(caption)}</b></caption>')
    if header:
        cells = "".join(f'<th style="{_BORDER}">{escape(cell(name))}</th>' for name in header)
        parts.append(f"<tr>{cells}</tr>")
    for row in rows:
        parts.append(f"<tr>{''.join(map(_cell, row))}</tr>")
    return "".join([*parts, "</table>"])


def _cell(value: Any) -> str:
    side = "right" if is_number(value) else "left"
    return f'<td style="{_BORDER};text-align:{side}">{escape(cell(value))}</td>'


def html_facts(facts: Mapping[str, Any], caption: str = "") -> str:
    """A table of two columns: names and values."""
    return html_table([], [list(pair) for pair in facts.items()], caption)


def html_array(array: Any, caption: str) -> str:
    """A numpy array of at most two axes as a table; of another or larger one, a summary."""
    if not array.size:
        return html_facts({"shape": str(array.shape)}, caption)
    if array.ndim > 2 or max(array.shape, default=1) > _LONGEST_AXIS:
        extent = {"least": array.min(), "mean": array.mean(), "largest": array.max()}
        numbers = {name: float(number) for name, number in extent.items()}
        return html_facts({"shape": str(array.shape), **numbers}, caption)
    rows = array.tolist()
    if array.ndim < 2:
        rows = [rows if array.ndim else [rows]]
    return html_table([], rows, caption)


def html_tensor(tensor: Any) -> str:
    """Its data and gradient as tables, of a large one a summary."""
    name = " ".join(filter(None, [tensor.op, tensor.label])) or "Tensor"
    tables = [html_array(tensor.data, f"{name} {tensor.shape}")]
    if tensor.grad.any():
        tables.append(html_array(tensor.grad, "gradient"))
    return "".join(tables)


def svg_curve(steps: Sequence[float], values: Sequence[float], name: str) -> str:
    """A curve as one <svg> element, on a logarithmic axis where all values are above 0.

    Values that are not finite are left out. Gives "" for fewer than two points.
    """
    points = [(x, y) for x, y in zip(steps, values, strict=True) if math.isfinite(y)]
    if len(points) < 2:
        return ""
    is_log = min(y for _, y in points) > 0
    heights = [math.log10(y) if is_log else y for _, y in points]
    low, high = min(heights), max(heights)
    first, last = points[0][0], points[-1][0]
    across = (_WIDTH - _LEFT - 10) / ((last - first) or 1)
    up = (_HEIGHT - _BOTTOM - 12) / ((high - low) or 1)
    line = " ".join(
        f"{_LEFT + (x - first) * across:.1f},{_HEIGHT - _BOTTOM - (y - low) * up:.1f}"
        for (x, _), y in zip(points, heights, strict=True)
    )
    ends = [10**low, 10**high] if is_log else [low, high]
    base = _HEIGHT - _BOTTOM
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{_HEIGHT}" '
        f'viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif" font-size="11" '
        f'fill="currentColor" role="img"><title>{escape(cell(name))}</title>'
        f'<path d="M{_LEFT} 8V{base}H{_WIDTH - 8}" fill="none" stroke="currentColor" '
        f'opacity="0.4"/><polyline points="{line}" fill="none" stroke="{_CURVE}" '
        f'stroke-width="1.8"/>'
        + _label(_LEFT - 6, base, cell(ends[0]), "end")
        + _label(_LEFT - 6, 16, cell(ends[1]), "end")
        + _label(_LEFT, _HEIGHT - 7, cell(first), "start")
        + _label(_WIDTH - 8, _HEIGHT - 7, f"step {cell(last)}", "end")
        + _label(_WIDTH - 8, 16, f"{cell(name)}{' (log)' if is_log else ''}", "end")
        + "</svg>"
    )


def _label(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}">{escape(text)}</text>'
