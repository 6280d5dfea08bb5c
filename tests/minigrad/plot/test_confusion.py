"""The picture of a confusion matrix."""

from pathlib import Path

import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread

from minigrad.plot.confusion import draw_confusion


def test_each_cell_has_its_count_and_each_axis_the_names(drawn: list[Figure]) -> None:
    draw_confusion(Path("c.png"), [[9, 1], [0, 5]], ["ash", "$x$"], title="t", subtitle="s")
    (axes,) = drawn[0].axes
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["ash", "$x$"]
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["ash", "$x$"]
    counts = {text.get_position(): text.get_text() for text in axes.texts}
    assert counts == {(0, 0): "9", (1, 0): "1", (1, 1): "5"}


def test_a_cell_is_coloured_by_its_share_of_its_class(drawn: list[Figure]) -> None:
    draw_confusion(Path("c.png"), [[30, 10], [0, 0]], ["a", "b"], title="t", subtitle="s")
    (image,) = drawn[0].axes[0].images
    assert image.get_array().tolist() == [[0.75, 0.25], [0.0, 0.0]]  # type: ignore[union-attr]


@pytest.mark.parametrize("count", [2, 10, pytest.param(100, marks=pytest.mark.slow)])
def test_the_frame_and_all_labels_are_within_the_picture(count: int, tmp_path: Path) -> None:
    names = [f"class number {i}, which is long" for i in range(count)]
    matrix = [[int(i == j) for j in range(count)] for i in range(count)]
    path = tmp_path / "confusion.png"
    draw_confusion(path, matrix, names, title="t", subtitle="s")
    pixels = imread(path)
    for edge in (pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]):
        assert (edge[:, :3] == 1).all()
