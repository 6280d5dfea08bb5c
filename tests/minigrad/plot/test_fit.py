"""The curve of a regression with one input."""

import math
from pathlib import Path
from typing import Any

import pytest

from minigrad.data import Dataset
from minigrad.plot import style
from minigrad.plot.fit import draw_fit

DATA = Dataset([[0.0], [1.0], [2.0]], [0.0, 1.0, 4.0])


def square(inputs: list[list[float]]) -> list[list[float]]:
    return [[x * x] for (x,) in inputs]


def test_the_curve_is_the_prediction_a_little_beyond_the_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[style.Figure] = []
    monkeypatch.setattr(style, "save", lambda figure, _path: drawn.append(figure))
    draw_fit(tmp_path / "fit.png", square, DATA, DATA, title="t", subtitle="s")
    axes: Any = drawn[0].axes[0]
    (curve,) = axes.lines
    xs, ys = (list(map(float, numbers)) for numbers in curve.get_data())
    assert (xs[0], xs[-1]) == pytest.approx((-0.1, 2.1))
    assert ys == [x * x for x in xs]
    training, validation = axes.collections
    assert [list(point) for point in training.get_offsets()] == [[0, 0], [1, 1], [2, 4]]
    assert (training.get_facecolor() != validation.get_facecolor()).any()


@pytest.mark.parametrize("ending", ["png", "svg"])
@pytest.mark.parametrize("number", [0.0, 1e300, math.nan, -math.inf])
def test_it_is_drawn_whatever_the_model_predicts(
    number: float, ending: str, tmp_path: Path
) -> None:
    path = tmp_path / f"fit.{ending}"
    one = Dataset([[1.0]], [2.0])
    draw_fit(path, lambda rows: [[number] for _ in rows], one, None, title="$^$", subtitle="$")
    assert path.stat().st_size > 1000


def test_other_than_one_input_is_refused(tmp_path: Path) -> None:
    two = Dataset([[1.0, 2.0]], [0.0])
    with pytest.raises(ValueError, match="1 input, these have 2"):
        draw_fit(tmp_path / "fit.png", square, two, None, title="t", subtitle="s")
