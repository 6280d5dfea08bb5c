"""The computation graph as something to look at: DOT, text, a picture, and backward() by steps.

`python -m minigrad.graph CONFIG` draws the loss of one sample of a configured model.
"""

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from minigrad.nodes import (
    NOT_RUN,
    caption,
    describe,
    local_slopes,
    nodes_below,
    vjp,
    went_backward,
)
from minigrad.value import Value, no_slope, topological_order


@dataclass(frozen=True)
class Step:
    """What backward() does at one node: `grad` is the incoming gradient; for each parent, in order
    and once, its local slope (the derivative of the node with respect to it) and what was added to
    its gradient, which is their product.
    """

    node: Value
    op: str
    grad: float
    parents: tuple[Value, ...]
    slopes: tuple[float, ...]
    added: tuple[float, ...]

    def __str__(self) -> str:
        updates = "; ".join(
            f"{describe(parent)} += {slope:.4g} * {self.grad:.4g} = {added:.4g}"
            for parent, slope, added in zip(self.parents, self.slopes, self.added, strict=True)
        )
        return f"{describe(self.node)} has gradient {self.grad:.4g}: {updates}"


def steps(root: Value) -> Iterator[Step]:
    """Do what `root.backward()` does, one node at a time, and tell it.

    Each step is carried out before it is given, so in a loop or in pdb the gradients grow as they
    do in backward(); after the last one they are the same, to the bit.

    >>> a = Value(3.0, label="a")
    >>> square = a * a
    >>> for step in steps(square + 1):
    ...     print(step)
    + (10.0) has gradient 1: * (9.0) += 1 * 1 = 1; 1.0 += 1 * 1 = 1
    * (9.0) has gradient 1: a (3.0) += 6 * 1 = 6
    """
    order = topological_order(root)
    for node in order:
        node.grad = 0.0
    root.grad += 1.0
    for node in reversed(order):
        parents = tuple(dict.fromkeys(node.parents))
        slopes, added = local_slopes(node), vjp(node, node.grad)
        try:
            node._backward(node.grad)
        except (ValueError, ArithmeticError):
            no_slope(node)
        yield Step(node, node.op, node.grad, parents, slopes, added)


def to_text(root: Value, limit: int | None = None) -> str:
    """One line a node, parents first: number, data, gradient, and how it was made.

    >>> a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    >>> product = a * b
    >>> product.backward()
    >>> print(to_text(product))
    #0     2         grad -3         a
    #1     -3        grad 2          b
    #2     -6        grad 1          #0 * #1
    """
    nodes = nodes_below(root, limit)
    number = {node: f"#{i}" for i, node in enumerate(nodes)}
    ran = went_backward(root)
    lines = []
    for node in nodes:
        operands = [number.get(parent, "...") for parent in node.parents]
        infix = len(operands) == 2 and not node.op.isidentifier()
        made = f" {node.op} ".join(operands) if infix else f"{node.op} {' '.join(operands)}"
        text = "  ".join(filter(None, [made.strip(), node.label]))
        grad = f"grad {node.grad:<10.5g}" if ran else ""
        lines.append(f"{number[node]:<6} {node.data:<9.5g} {grad} {text}")
    return "\n".join(lines if ran else [*lines, NOT_RUN])


def to_dot(root: Value, limit: int | None = None) -> str:
    """The graph in Graphviz' language, drawn from left to right.

    >>> print(to_dot(Value(2.0, label="a").tanh()))
    digraph {
      rankdir=LR; node [shape=box, style=rounded, fontname="sans-serif"];
      label="backward() has not run: there are no gradients";
      n0 [label="a\\n2"];
      n1 [label="tanh\\n0.964"];
      n0 -> n1;
    }
    """
    nodes = nodes_below(root, limit)
    number = {node: f"n{i}" for i, node in enumerate(nodes)}
    ran = went_backward(root)
    lines = ['rankdir=LR; node [shape=box, style=rounded, fontname="sans-serif"];']
    if not ran:
        lines.append(f'label="{NOT_RUN}";')
    for node in nodes:
        cut = [] if all(parent in number for parent in node.parents) else ["..."]
        text = "\\n".join(_escaped(line) for line in caption(node, ran) + cut)
        lines.append(f'{number[node]} [label="{text}"];')
    lines += [
        f"{number[parent]} -> {number[node]};"
        for node in nodes
        for parent in node.parents
        if parent in number
    ]
    return "\n".join(["digraph {", *(f"  {line}" for line in lines), "}"])


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")


def draw(root: Value, path: str | Path, limit: int | None = None) -> None:
    """Draw the graph as .svg or .png at `path`: by Graphviz where it is installed, else our own.

    `limit` draws at most so many nodes, those nearest to the root. Raises ValueError for a path
    with another ending.
    """
    path = Path(path)
    if path.suffix not in (".svg", ".png"):
        raise ValueError(f"a graph is drawn as .svg or .png: {path.name!r} is neither")
    if shutil.which("dot"):
        command = ["dot", f"-T{path.suffix[1:]}", "-o", str(path)]
        made = subprocess.run(command, input=to_dot(root, limit).encode(), capture_output=True)
        if made.returncode:
            said = made.stderr.decode(errors="replace").strip().splitlines()[-1:]
            raise OSError(" ".join([f"Graphviz could not draw {path}:", *said]))
    else:
        from minigrad.graph.picture import draw_layers  # here, since it imports matplotlib

        draw_layers(root, path, limit)
