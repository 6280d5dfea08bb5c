"""Builds the pages that step through the graphs of the theory pages.

python docs/steps/build.py
"""

from collections.abc import Callable
from pathlib import Path

from minigrad import Value, graph
from minigrad.config import load
from minigrad.graph.stepper_page import to_html
from minigrad.runner import build

HERE = Path(__file__).parent
XOR = HERE.parent.parent / "configs" / "xor.yaml"


def chain_rule() -> Value:
    a, b, c = Value(2.0, label="a"), Value(-3.0, label="b"), Value(0.5, label="c")
    p, t = a * b, c.tanh()
    d = p + t
    p.label, t.label, d.label = "p", "t", "d"
    return d


def shared() -> Value:
    a = Value(1.0, label="a")
    b = a + a
    c = b + 3 * b
    b.label, c.label = "b", "c"
    return c


def xor() -> Value:
    return build.sample_loss(load(XOR), 1)


PAGES: dict[str, tuple[str, Callable[[], Value]]] = {
    "chain-rule.html": ("d = a * b + tanh(c)", chain_rule),
    "shared.html": ("b = a + a, c = b + 3 * b", shared),
    "xor.html": ("xor: loss", xor),
}
"""The title and the root of each page."""


def text(name: str) -> str:
    title, root = PAGES[name]
    return to_html(root(), title=title)


if __name__ == "__main__":
    for name, (title, root) in PAGES.items():
        graph.page(root(), HERE / name, title=title)
        print(HERE / name)
