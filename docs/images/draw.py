"""Draws the diagrams of the theory pages as SVG, with numbers that minigrad computes.

python docs/images/draw.py
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from minigrad import Tensor, Value
from minigrad.graph import steps

HERE = Path(__file__).parent
INK, PALE, FORWARD, BACKWARD = "#1f2933", "#94a3b8", "#0072b2", "#c2410c"
FILLS = {"leaf": "#dcfce7", "inner": "#ffffff", "root": "#ffedd5", "copy": "#f1f5f9"}
WIDTH, HEIGHT = 92, 46  # of a node's box, in pixels


def svg(width: float, height: float, title: str, parts: Iterable[str]) -> str:
    """A picture on white, which is readable on a dark page too."""
    arrow = (
        '<marker id="{0}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
        'orient="auto"><path d="M0 0 L8 4 L0 8 z" fill="{1}"/></marker>'
    )
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" role="img" font-family="Helvetica, Arial, sans-serif" font-size="13">',
        f"<title>{title}</title>",
        f"<defs>{arrow.format('forward', PALE)}{arrow.format('backward', BACKWARD)}</defs>",
        f'<rect width="{width}" height="{height}" rx="8" fill="#ffffff"/>',
        *parts,
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def text(x: float, y: float, words: str, color: str = INK, size: int = 13, **style: str) -> str:
    more = "".join(f' {name.replace("_", "-")}="{value}"' for name, value in style.items())
    return (
        f'<text x="{x:g}" y="{y:g}" fill="{color}" font-size="{size}" text-anchor="middle"{more}>'
        f"{words}</text>"
    )


def box(x: float, y: float, lines: Sequence[str], fill: str) -> list[str]:
    """A node around (x, y): its name in bold, then its number."""
    left, top = x - WIDTH / 2, y - HEIGHT / 2
    return [
        f'<rect x="{left:g}" y="{top:g}" width="{WIDTH}" height="{HEIGHT}" rx="6" '
        f'fill="{FILLS[fill]}" stroke="{INK}"/>',
        text(x, y - 5, lines[0], font_weight="bold"),
        text(x, y + 13, lines[1]),
    ]


def short(number: float) -> str:
    return f"{number:.4g}"


def graph(root: Value, places: Mapping[Value, tuple[float, float]], title: str) -> str:
    """The graph below `root`: forward arrows pale, and on each edge what backward() sends back."""
    parts: list[str] = []
    for step in steps(root):
        x1, y1 = places[step.node]
        for parent, share in zip(step.parents, step.added, strict=True):
            x0, y0 = places[parent]
            start, end = (x0 + WIDTH / 2, y0), (x1 - WIDTH / 2, y1)
            parts.append(
                f'<path d="M{start[0]:g} {start[1]:g} L{end[0]:g} {end[1]:g}" stroke="{PALE}" '
                'stroke-width="1.5" marker-end="url(#forward)"/>'
            )
            # the arrow back runs below the one forward, from the result to the operand
            dx, dy = end[0] - start[0], end[1] - start[1]
            length = math.hypot(dx, dy)
            off = (-dy / length * 9, dx / length * 9)
            a = (end[0] - 0.12 * dx + off[0], end[1] - 0.12 * dy + off[1])
            b = (start[0] + 0.12 * dx + off[0], start[1] + 0.12 * dy + off[1])
            parts.append(
                f'<path d="M{a[0]:.1f} {a[1]:.1f} L{b[0]:.1f} {b[1]:.1f}" stroke="{BACKWARD}" '
                'stroke-width="1.2" marker-end="url(#backward)"/>'
            )
            middle = ((a[0] + b[0]) / 2 + off[0] * 1.5, (a[1] + b[1]) / 2 + off[1] * 1.5 + 4)
            parts.append(text(round(middle[0], 1), round(middle[1], 1), short(share), BACKWARD))
    for node, (x, y) in places.items():
        fill = "root" if node is root else "inner" if node.parents else "leaf"
        parts += box(x, y, [node.label or "constant", short(node.data)], fill)
        parts.append(text(x, y + HEIGHT / 2 + 15, f"grad {short(node.grad)}", BACKWARD, 12))
    width = max(x for x, _ in places.values()) + WIDTH / 2 + 20
    height = max(y for _, y in places.values()) + HEIGHT / 2 + 30
    return svg(width, height, title, parts)


def gradients() -> str:
    a, b, c = Value(2.0, label="a"), Value(-3.0, label="b"), Value(0.5, label="c")
    p, t = a * b, c.tanh()
    d = p + t
    p.label, t.label, d.label = "p = a * b", "t = tanh(c)", "d = p + t"
    places = {a: (66, 46), b: (66, 136), c: (66, 226), p: (236, 91), t: (236, 226), d: (406, 158)}
    return graph(
        d,
        {node: (float(x), float(y)) for node, (x, y) in places.items()},
        "Values and gradients of d = p + t",
    )


def shared() -> str:
    a = Value(1.0, label="a")
    b = a + a
    product = 3 * b
    c = b + product
    b.label, product.label, c.label = "b = a + a", "3 * b", "c = b + 3 * b"
    three = product.parents[0]
    places = {a: (66, 126), b: (216, 126), three: (216, 46), product: (366, 46), c: (516, 126)}
    return graph(
        c,
        {node: (float(x), float(y)) for node, (x, y) in places.items()},
        "Values and gradients of c = b + 3 * b",
    )


def cells(
    left: float, top: float, rows: Sequence[Sequence[float]], fill: Callable[[int, int], str]
) -> list[str]:
    """A table of numbers, in squares of 36 by 28."""
    parts = []
    for i, row in enumerate(rows):
        for j, number in enumerate(row):
            x, y = left + 36 * j, top + 28 * i
            own = fill(i, j)
            parts.append(
                f'<rect x="{x:g}" y="{y:g}" width="36" height="28" fill="{FILLS[own]}" '
                f'stroke="{PALE if own == "copy" else INK}"/>'
            )
            color = PALE if own == "copy" else INK
            parts.append(text(x + 18, y + 19, short(number), color))
    return parts


def broadcast() -> str:
    column, row = Tensor([[1.0], [2.0]]), Tensor([3.0, 4.0, 5.0])
    product = column * row
    product.sum().backward()
    wide = np.broadcast_arrays(column.data, row.data)
    parts = [
        text(74, 32, "column (2, 1)", font_weight="bold"),
        text(234, 32, "row (3)", font_weight="bold"),
        text(394, 32, "column * row (2, 3)", font_weight="bold"),
        text(154, 79, "*", size=18),
        text(314, 79, "=", size=18),
        text(74, 136, "column.grad", BACKWARD),
        text(234, 136, "row.grad", BACKWARD),
        text(394, 136, "incoming gradient", BACKWARD),
        text(74, 220, "g * row, summed", PALE, 12),
        text(74, 235, "along each row", PALE, 12),
        text(234, 192, "g * column, summed", PALE, 12),
        text(234, 207, "down each column", PALE, 12),
        *cells(20, 46, wide[0].tolist(), lambda _, j: "leaf" if j == 0 else "copy"),
        *cells(180, 46, wide[1].tolist(), lambda i, _: "leaf" if i == 0 else "copy"),
        *cells(340, 46, product.data.tolist(), lambda _i, _j: "root"),
        *cells(20, 146, column.grad.tolist(), lambda _i, _j: "leaf"),
        *cells(180, 146, [row.grad.tolist()], lambda _i, _j: "leaf"),
        *cells(340, 146, np.ones((2, 3)).tolist(), lambda _i, _j: "root"),
    ]
    return svg(468, 250, "A broadcast and its reverse", parts)


def activations() -> str:
    functions = [Value.relu, Value.leaky_relu, Value.elu, Value.softplus]
    functions += [Value.tanh, Value.sigmoid, Value.gelu, Value.silu]
    parts: list[str] = []
    for index, function in enumerate(functions):
        left, top = 20 + 180 * (index % 4), 60 + 170 * (index // 4)
        parts.append(text(left + 80, top - 8, function.__name__, font_weight="bold"))
        parts += [
            f'<rect x="{left}" y="{top}" width="160" height="132" fill="none" stroke="{PALE}"/>',
            f'<path d="M{left} {top + 96} h160 M{left + 80} {top} v132" stroke="{PALE}" '
            'stroke-width="0.7"/>',
        ]
        points = [x / 10 for x in range(-40, 41)]
        values, slopes = [], []
        for number in points:
            x = Value(number)
            y = function(x)
            y.backward()
            values.append(y.data)
            slopes.append(x.grad)
        for numbers, color, dash in ((values, FORWARD, ""), (slopes, BACKWARD, "5 3")):
            inside = [(x, n) for x, n in zip(points, numbers, strict=True) if -1.5 <= n <= 4]
            line = " ".join(f"{left + 80 + 20 * x:.1f},{top + 96 - 24 * n:.1f}" for x, n in inside)
            parts.append(
                f'<polyline points="{line}" fill="none" stroke="{color}" stroke-width="1.8" '
                f'stroke-dasharray="{dash}"/>'
            )
    parts.append(text(300, 22, "value", FORWARD, font_weight="bold"))
    parts.append(text(430, 22, "slope (dashed)", BACKWARD, font_weight="bold"))
    return svg(740, 380, "Activation functions from -4 to 4, and their slopes", parts)


DIAGRAMS = {
    "gradients.svg": gradients,
    "shared.svg": shared,
    "broadcast.svg": broadcast,
    "activations.svg": activations,
}


def main() -> None:
    for name, draw in DIAGRAMS.items():
        (HERE / name).write_text(draw(), encoding="utf-8")


if __name__ == "__main__":
    main()
