"""The graph in DOT, and the picture that Graphviz makes of it."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

from minigrad.files.whole import replace
from minigrad.nodes import NOT_RUN, caption, nodes_below, went_backward
from minigrad.plot.marks import marked


def to_dot(root: Any, limit: int | None = None) -> str:
    """The graph in DOT, Graphviz's language, drawn from left to right.

    >>> from minigrad import Value
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
        omitted = [] if all(parent in number for parent in node.parents) else ["..."]
        text = "\\n".join(_escaped(line) for line in caption(node, ran) + omitted)
        lines.append(f'{number[node]} [label="{text}"];')
    lines += [
        f"{number[parent]} -> {number[node]};"
        for node in nodes
        for parent in node.parents
        if parent in number
    ]
    return "\n".join(["digraph {", *(f"  {line}" for line in lines), "}"])


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def draw(root: Any, path: str | Path, limit: int | None = None) -> None:
    """Draw the graph as .svg or .png at `path`: with Graphviz if it is installed, else without.

    At most `limit` nodes are drawn, those nearest to the root. Raises ValueError for a path with
    another ending, and OSError if Graphviz fails or the file cannot be written.
    """
    path = Path(path)
    if path.suffix not in (".svg", ".png"):
        raise ValueError(f"a graph is drawn as .svg or .png: {path.name!r} is neither")
    if shutil.which("dot"):
        command = ["dot", f"-T{path.suffix[1:]}"]
        process = subprocess.run(command, input=to_dot(root, limit).encode(), capture_output=True)
        if process.returncode:
            message = process.stderr.decode(errors="replace").strip().splitlines()[-1:]
            raise OSError(" ".join([f"Graphviz could not draw {path}:", *message]))
        replace(path, marked(process.stdout))
    else:
        from minigrad.graph.picture import draw_layers  # here, since it imports matplotlib

        draw_layers(root, path, limit)
