"""Graphs of Tensors as text, DOT, picture and steps."""

from pathlib import Path

import numpy as np
import pytest

from minigrad import Tensor
from minigrad.graph import draw, steps, to_dot, to_text
from minigrad.graph.picture import draw_layers


def loss() -> tuple[Tensor, Tensor, Tensor]:
    x = Tensor(np.arange(8.0).reshape(4, 2) / 8, label="x")
    w = Tensor([[0.5, -1.0, 0.25], [0.1, 0.2, 0.3]], label="w")
    return (x @ w).tanh().mean(), x, w


def test_the_shape_stands_beside_the_operation_and_numbers_where_they_are_few() -> None:
    root, _, _ = loss()
    root.backward()
    dot = to_dot(root)
    assert '"@ (4, 3)"' in dot
    assert '"(4, 2)  x"' in dot
    assert "(2, 3)  w\\n[[0.5, -1, 0.25], [0.1, 0.2, 0.3]]\\ngrad " in dot
    assert "mean ()" in dot
    text = to_text(root).splitlines()
    assert len(text) == 5
    assert "(4, 3)" in text[2]
    assert "#0 @ #1" in text[2]
    assert "grad 1" in text[-1]


def test_a_graph_that_has_not_run_says_so() -> None:
    assert "backward() has not run" in to_text(loss()[0])


@pytest.mark.parametrize("suffix", [".svg", ".png"])
def test_it_is_drawn_with_and_without_graphviz(tmp_path: Path, suffix: str) -> None:
    root, _, _ = loss()
    root.backward()
    draw_layers(root, tmp_path / f"own{suffix}")
    draw(root, tmp_path / f"graph{suffix}")
    for path in tmp_path.iterdir():
        assert path.stat().st_size > 1000


def test_steps_do_what_backward_does_to_the_bit() -> None:
    root, x, w = loss()
    records = list(steps(root))
    twin, twin_x, twin_w = loss()
    twin.backward()
    assert x.grad.tolist() == twin_x.grad.tolist()
    assert w.grad.tolist() == twin_w.grad.tolist()
    assert [step.op for step in records] == ["mean", "tanh", "@"]
    assert records[0].added[0].tolist() == [[1 / 12] * 3] * 4
    assert np.allclose(records[1].slopes[0] * records[1].grad, records[1].added[0])
    assert str(records[0]).startswith("mean (")
    assert "has gradient 1: tanh ((4, 3)) += (4, 3)" in str(records[0])


def test_steps_refuse_an_infinite_slope_as_backward_does() -> None:
    with pytest.raises(ArithmeticError, match="the slope of sqrt"):
        list(steps(Tensor([0.0, 1.0]).sqrt().sum()))
