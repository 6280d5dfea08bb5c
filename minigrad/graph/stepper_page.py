"""The graph as a page: one HTML file in which forward and backward are stepped through.

The page computes with JavaScript of its own (`stepper/rules.js`), which has value.py's rules, so
that every number can be changed there. Nothing is loaded from elsewhere, and its Content Security
Policy lets nothing but its own script run.
"""

import math
from collections.abc import Sequence
from dataclasses import asdict
from html import escape
from pathlib import Path
from string import Template
from typing import Any, Literal, TypeAlias

from minigrad.files.whole import replace
from minigrad.graph.source import OPERATIONS, excerpts
from minigrad.graph.svg import names_of, to_svg
from minigrad.nodes import nodes_below
from minigrad.page.document import html_document, shared_style
from minigrad.page.html import Html
from minigrad.terminal.text import printable
from minigrad.value import Value, topological_order

_FILES = Path(__file__).with_name("stepper")
_SCRIPTS = ("elementary.js", "rules.js", "words.js", "page.js")
_MOST_NODES = 3000  # beyond, a browser is no longer fluent

MARK = b'data-words="tagline"'
"""What every page holds, by which a page of our own is known."""

Language: TypeAlias = Literal["en", "es"]
LANGUAGES: tuple[Language, ...] = ("en", "es")


def page(
    root: Value, path: str | Path, *, title: str = "", language: Language | None = None
) -> None:
    """Write the page of the graph below `root` to `path`; the gradients are left as they are.

    `title` is its heading, `language` is the one in which it opens; by default it is that of its
    reader's browser. There is a switch on the page.

    Raises ValueError for a graph that a page cannot show: of Tensors, with an operation that is
    none of value.py's, with a number that is not finite, or of more than 3,000 nodes; and OSError
    where the file cannot be written.
    """
    replace(Path(path), to_html(root, title=title, language=language).encode(), durable=False)


def to_html(root: Value, *, title: str = "", language: Language | None = None) -> str:
    """The text of the page that `page` writes."""
    _check(root)
    nodes = nodes_below(root)
    number = {node: i for i, node in enumerate(nodes)}
    order = topological_order(root)
    names = names_of(nodes)
    data = {
        "language": language,
        "nodes": [
            {
                "op": node.op,
                "label": printable(node.label),
                "name": names[node],
                "data": node.data,
                "parents": [number[parent] for parent in node.parents],
            }
            for node in nodes
        ],
        "order": [number[node] for node in order],
        "expected": {"data": [node.data for node in nodes], "grad": _gradients(root, nodes)},
        "sources": {
            op: [asdict(one) for one in excerpts(op)]
            for op in sorted({node.op for node in order} | {"backward"})
        },
    }
    title = printable(title) or f"{printable(root.label) or root.op} = {root.data:.4g}"
    body = Template((_FILES / "page.html").read_text(encoding="utf-8")).substitute(
        title=escape(title), svg=to_svg(root, gradcheck=True)
    )
    style = (_FILES / "page.css").read_text(encoding="utf-8")
    script = "".join((_FILES / name).read_text(encoding="utf-8") for name in _SCRIPTS)
    return html_document(
        title,
        Html(body),
        styles=[shared_style(), style],
        scripts=[f'"use strict";\n{script}'],
        data=data,
        language=language or "en",
    )


def _check(root: Any) -> None:
    if not isinstance(root, Value):
        raise ValueError(f"a page steps through a graph of Values, not of {type(root).__name__}s")
    nodes = nodes_below(root)
    if len(nodes) > _MOST_NODES:
        raise ValueError(
            f"a page shows at most {_MOST_NODES:,} nodes, and this graph has {len(nodes):,}: take "
            "a smaller model or one sample"
        )
    for node in nodes:
        if not math.isfinite(node.data):
            raise ValueError(f"a page shows finite numbers, and {node!r} is none")
        if node.parents and node.op not in OPERATIONS:
            raise ValueError(
                f"a page has the rules of value.py, and {node.op!r} is none of its operations"
            )
    if not root.parents:
        raise ValueError("a page needs an operation to step through, and this graph is one leaf")


def _gradients(root: Value, nodes: Sequence[Value]) -> list[float]:
    """What backward() gives from gradients of 0. Raises ArithmeticError as backward() does."""
    before = [node.grad for node in nodes]
    try:
        for node in nodes:
            node.grad = 0.0
        root.backward()
        return [node.grad for node in nodes]
    finally:
        for node, grad in zip(nodes, before, strict=True):
            node.grad = grad
