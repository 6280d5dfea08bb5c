"""A graph as SVG, as a notebook shows it."""

import re
import subprocess
import sys
from xml.etree import ElementTree

from minigrad import Value, graph
from minigrad.config import load
from minigrad.graph.svg import names_of
from minigrad.nodes import nodes_below
from minigrad.runner import build

SVG = "{http://www.w3.org/2000/svg}"


def texts(svg: str) -> list[str]:
    return [text.text or "" for text in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def test_every_node_has_its_name_its_number_and_its_gradient() -> None:
    a = Value(2.0, label="a")
    d = a * Value(-3.0, label="b") + a.tanh()
    d.backward()
    shown = texts(graph.to_svg(d))
    for node, name in names_of(nodes_below(d)).items():
        assert {name, f"{node.data:.4g}", f"{node.grad:.4g}"} <= set(shown)


def test_without_backward_it_says_so() -> None:
    assert "backward() has not run: there are no gradients" in texts(graph.to_svg(Value(1.0).exp()))


def test_a_large_graph_is_cut_to_the_nodes_nearest_the_result() -> None:
    root = sum([Value(float(i)) for i in range(200)], Value(0.0))
    svg = graph.to_svg(root, 60)
    assert svg.count("data-node") == 60
    assert any("60 of 401 nodes" in text for text in texts(svg))


def test_a_notebook_shows_the_graph_of_a_result_and_a_leaf_as_text() -> None:
    shown = build.sample_loss(load("configs/xor.yaml"), 1)._repr_svg_()  # type: ignore[attr-defined]
    assert shown.count("data-node") == 60
    assert Value(1.0)._repr_svg_() is None  # type: ignore[attr-defined]


def test_labels_are_text() -> None:
    x = Value(1.0, label='<image href="x"/>\x00&"')
    svg = graph.to_svg(x * x)
    assert "<image" not in svg
    ElementTree.fromstring(svg)


def test_boxes_stay_in_the_picture_and_apart() -> None:
    svg = graph.to_svg(build.sample_loss(load("configs/xor.yaml"), 1))
    _, _, width, height = map(float, re.findall(r'viewBox="([^"]*)"', svg)[0].split())
    boxes = [
        tuple(float(rect.get(key, "")) for key in ("x", "y", "width", "height"))
        for rect in ElementTree.fromstring(svg).iter(f"{SVG}rect")
        if rect.get("rx") == "7"
    ]
    assert len(boxes) > 20
    for i, (x, y, wide, high) in enumerate(boxes):
        assert x >= 0 <= y
        assert x + wide <= width
        assert y + high <= height
        for x2, y2, wide2, high2 in boxes[:i]:
            assert x + wide <= x2 or x2 + wide2 <= x or y + high <= y2 or y2 + high2 <= y


def test_it_takes_no_matplotlib() -> None:
    code = (
        "import sys; from minigrad import Value; Value(1.0).exp()._repr_svg_(); "
        "assert not {'numpy', 'matplotlib'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
