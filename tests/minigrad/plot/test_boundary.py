"""What a model says over the plane, and its pictures."""

import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.colors import to_hex, to_rgb
from matplotlib.contour import ContourSet
from matplotlib.figure import Figure
from PIL import Image

from minigrad.data import Dataset
from minigrad.plot import style
from minigrad.plot.boundary import draw_boundary, draw_snapshots
from minigrad.plot.surface import Surface, evaluate_surface

XOR = Dataset([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [0.0, 1.0, 1.0, 0.0], classes=2)
THREE = Dataset([[0.0, 0.0], [2.0, 0.0], [1.0, 1.0]], [0.0, 1.0, 2.0], classes=3)
WIDE = Dataset([[-4.0, 0.0], [4.0, 1.0]], [0.5, 2.5])


def diagonal(inputs: list[list[float]]) -> list[list[float]]:
    return [[x - y] for x, y in inputs]


def three(inputs: list[list[float]]) -> list[list[float]]:
    return [[-5 * math.dist(point, corner) for corner in THREE.inputs] for point in inputs]


def test_the_grid_covers_all_points_with_square_cells() -> None:
    validation = Dataset([[0.0, -3.0], [1.0, 0.0]], [0.0, 1.0])
    plane = evaluate_surface(diagonal, WIDE, validation, loss="mse", resolution=31)
    assert (plane.xs[0], plane.ys[0]) == pytest.approx((-5.6, -4.6))
    assert (plane.xs[-1], plane.ys[-1]) == pytest.approx((5.6, 2.6))
    assert len(plane.xs) == 31
    dx, dy = plane.xs[1] - plane.xs[0], plane.ys[1] - plane.ys[0]
    assert dx == pytest.approx(dy, rel=0.05)
    assert [len(row) for row in plane.values] == [31] * len(plane.ys)


def test_rows_go_by_y_and_columns_by_x() -> None:
    plane = evaluate_surface(diagonal, XOR, None, loss="mse", resolution=5)
    assert plane.kind == "value"
    for y, row in zip(plane.ys, plane.values, strict=True):
        assert row == [x - y for x in plane.xs]


def test_bce_gives_probabilities_at_any_logit() -> None:
    plane = evaluate_surface(lambda q: [[1e4 * (x - 0.5)] for x, _ in q], XOR, None, loss="bce")
    assert plane.kind == "probability"
    assert (plane.values[0][0], plane.values[0][-1]) == (0.0, 1.0)
    plane = evaluate_surface(diagonal, XOR, None, loss="bce", resolution=5)
    x, y = plane.xs[4], plane.ys[1]
    assert plane.values[1][4] == pytest.approx(1 / (1 + math.exp(y - x)))


def test_cross_entropy_of_two_classes_gives_the_probability_of_the_second() -> None:
    plane = evaluate_surface(
        lambda q: [[0.0, x - y] for x, y in q], XOR, None, loss="cross_entropy"
    )
    other = evaluate_surface(diagonal, XOR, None, loss="bce")
    assert plane.kind == "probability"
    for row, same in zip(plane.values, other.values, strict=True):
        assert row == pytest.approx(same)


def test_cross_entropy_of_more_gives_winners_and_shares() -> None:
    plane = evaluate_surface(three, THREE, None, loss="cross_entropy", resolution=21)
    assert plane.kind == "class"
    for i, y in enumerate(plane.ys):
        for j, x in enumerate(plane.xs):
            shares = [grid[i][j] for grid in plane.shares]
            assert math.fsum(shares) == pytest.approx(1)
            assert plane.values[i][j] == shares.index(max(shares))
            (outputs,) = three([[x, y]])
            assert outputs[int(plane.values[i][j])] == max(outputs)


def test_hinge_gives_winners_with_the_boundary_at_a_score_of_zero() -> None:
    plane = evaluate_surface(diagonal, XOR, None, loss="hinge", resolution=6)
    assert plane.kind == "class"
    for y, row in zip(plane.ys, plane.values, strict=True):
        for x, winner in zip(plane.xs, row, strict=True):
            assert winner == float(x - y > 0)


def test_points_that_all_coincide_have_a_plane_around_them() -> None:
    plane = evaluate_surface(diagonal, Dataset([[1.0, 2.0]] * 2, [0.0, 1.0]), None, loss="mse")
    assert plane.xs[0] < 1.0 < plane.xs[-1]
    assert plane.ys[0] < 2.0 < plane.ys[-1]


def test_points_on_a_line_have_a_plane_around_them() -> None:
    plane = evaluate_surface(
        diagonal, Dataset([[0.0, 2.0], [9.0, 2.0]], [0.0, 1.0]), None, loss="mse"
    )
    assert plane.ys[0] < 2.0 < plane.ys[-1]


@pytest.mark.parametrize(
    ("points", "equal"),
    [
        ([[0.0, 0.0], [3.0, 1.0]], True),
        ([[0.0, 2.0], [9.0, 2.0]], True),
        ([[20.0, 9000.0], [70.0, 90000.0]], False),
    ],
)
def test_scales_are_equal_unless_one_feature_spreads_far_wider(
    points: list[list[float]], equal: bool, tmp_path: Path, drawn: list[Figure]
) -> None:
    data = Dataset(points, [0.0, 1.0], classes=2)
    plane = evaluate_surface(lambda q: [[0.0] for _ in q], data, None, loss="bce")
    draw_boundary(tmp_path / "a.png", plane, data, None, title="t", subtitle="s")
    axes = drawn[0].axes[0]
    (x0, y0), (x1, y1) = axes.transData.transform([(0.0, 0.0), (1.0, 1.0)])
    assert math.isclose(x1 - x0, y1 - y0) == equal
    if not equal:
        box = axes.get_window_extent()
        assert box.width == pytest.approx(box.height)
        assert len(plane.xs) == len(plane.ys)


@pytest.mark.parametrize(
    "points",
    [
        [[1e16, 0.0], [1e16 + 2, 1.0]],
        [[1e308, -1e308], [-1e308, 0.0]],
        [[5e-324, 0.0], [0.0, 5e-324]],
        [[1e20, 1e20], [1e20, 1e20]],
        [[1e300, 0.0], [0.0, 1.0]],
        [[1.0, 0.0], [0.0, 1e-300]],
    ],
)
def test_points_anywhere_can_be_drawn(points: list[list[float]], tmp_path: Path) -> None:
    for data in (Dataset(points, [0.0, 1.0], classes=2), Dataset(points, [-1e308, 1e308])):
        plane = evaluate_surface(lambda q: [[x] for x, _ in q], data, data, loss="mse")
        assert sorted(set(plane.xs)) == plane.xs
        draw_boundary(tmp_path / "a.png", plane, data, data, title="t", subtitle="s")


def test_other_than_two_inputs_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^a boundary needs data with 2 inputs, these have 3$"):
        evaluate_surface(diagonal, Dataset([[1.0, 2.0, 3.0]], [0.0]), None, loss="mse")


@pytest.mark.parametrize(
    ("predict", "data", "loss"),
    [
        (diagonal, XOR, "bce"),
        (diagonal, XOR, "hinge"),
        (diagonal, XOR, "mse"),
        (diagonal, WIDE, "mse"),
        (three, THREE, "cross_entropy"),
    ],
)
@pytest.mark.parametrize("ending", ["png", "svg"])
def test_every_kind_is_drawn(
    predict: Any, data: Dataset, loss: str, ending: str, tmp_path: Path
) -> None:
    plane = evaluate_surface(predict, data, data, loss=loss, resolution=8)
    path = tmp_path / f"boundary.{ending}"
    draw_boundary(path, plane, data, data, title="$^$", subtitle="$_$")
    draw_snapshots(tmp_path / f"s.{ending}", [(0, plane)] * 2, data, title="$^$")
    start = b"\x89PNG" if ending == "png" else b"<?xml"
    assert path.read_bytes().startswith(start)
    assert (tmp_path / f"s.{ending}").read_bytes().startswith(start)


def test_training_points_are_filled_and_validation_points_open(
    tmp_path: Path, drawn: list[Figure]
) -> None:
    plane = evaluate_surface(diagonal, XOR, XOR, loss="bce", resolution=8)
    draw_boundary(tmp_path / "a.png", plane, XOR, XOR, title="t", subtitle="s")
    axes: Any = drawn[0].axes[0]
    points = [c for c in axes.collections if c.get_offsets().shape == (2, 2)]  # two a label
    train, validation = points[:2], points[2:]
    assert [to_hex(c.get_facecolor()[0]) for c in train] == list(style.COLORS[:2])
    assert {to_hex(c.get_facecolor()[0]) for c in validation} == {"#ffffff"}
    assert [to_hex(c.get_edgecolor()[0]) for c in validation] == list(style.COLORS[:2])
    markers = [c.get_paths()[0].vertices.tolist() for c in points]
    assert markers[0] == markers[2] != markers[1] == markers[3]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("x0", "x1")
    keys = [text.get_text() for text in axes.get_legend().get_texts()]
    assert keys == ["label 0", "label 1", "validation"]


def test_the_legend_is_inside_the_frame_and_covers_no_point(
    tmp_path: Path, drawn: list[Figure]
) -> None:
    plane = evaluate_surface(three, THREE, THREE, loss="cross_entropy", resolution=8)
    draw_boundary(tmp_path / "a.png", plane, THREE, THREE, title="t", subtitle="s")
    axes: Any = drawn[0].axes[0]
    frame, legend = axes.get_window_extent(), axes.get_legend().get_window_extent()
    assert frame.x0 <= legend.x0 < legend.x1 <= frame.x1
    assert frame.y0 <= legend.y0 < legend.y1 <= frame.y1
    pixels = axes.transData.transform(THREE.inputs)
    assert not any(legend.contains(x, y) for x, y in pixels)


def test_the_legend_of_snapshots_covers_no_panel(tmp_path: Path, drawn: list[Figure]) -> None:
    plane = evaluate_surface(three, THREE, THREE, loss="cross_entropy", resolution=8)
    draw_snapshots(tmp_path / "b.png", [(0, plane)] * 3, THREE, title="t")
    bottom = min(axes.get_window_extent().y0 for axes in drawn[0].axes)
    assert drawn[0].legends[0].get_window_extent().y1 <= bottom


def test_snapshots_are_panels_with_their_steps(tmp_path: Path, drawn: list[Figure]) -> None:
    plane = evaluate_surface(diagonal, XOR, None, loss="bce", resolution=8)
    steps = [0, 1, 10, 100, 1000]
    draw_snapshots(tmp_path / "a.png", [(step, plane) for step in steps], XOR, title="t")
    panels = [axes for axes in drawn[0].axes if axes.get_title(loc="left")]
    assert [axes.get_title(loc="left") for axes in panels] == [f"step {step}" for step in steps]


def test_snapshots_of_values_share_their_colours(tmp_path: Path, drawn: list[Figure]) -> None:
    low = evaluate_surface(lambda q: [[x] for x, _ in q], WIDE, None, loss="mse", resolution=8)
    high = evaluate_surface(
        lambda q: [[10 * x] for x, _ in q], WIDE, None, loss="mse", resolution=8
    )
    draw_snapshots(tmp_path / "a.png", [(0, low), (1, high)], WIDE, title="t")
    bar = drawn[0].axes[-1]
    assert bar.get_ylim() == pytest.approx((-56, 56))


def test_what_cannot_be_drawn_is_refused(tmp_path: Path) -> None:
    plane = evaluate_surface(diagonal, XOR, None, loss="bce", resolution=8)
    with pytest.raises(ValueError, match="there are no snapshots to draw"):
        draw_snapshots(tmp_path / "a.png", [], XOR, title="t")
    with pytest.raises(ValueError, match=r"a\.gif: a picture's name ends in \.png or \.svg"):
        draw_boundary(tmp_path / "a.gif", plane, XOR, None, title="t", subtitle="s")


@pytest.mark.parametrize("kind", ["probability", "class", "value"])
@pytest.mark.parametrize("number", [math.nan, 0.0])
def test_a_surface_of_one_number_is_one_colour_without_a_boundary(
    kind: Any, number: float, tmp_path: Path, drawn: list[Figure]
) -> None:
    flat = Surface([0.0, 1.0], [0.0, 1.0], [[number] * 2] * 2, kind)
    if kind == "class":
        flat = Surface([0.0, 1.0], [0.0, 1.0], [[0.0] * 2] * 2, kind, [[[number] * 2] * 2] * 2)
    for data in (XOR, WIDE):
        if kind == "value" or data is XOR:
            draw_boundary(tmp_path / "a.png", flat, data, None, title="t", subtitle="s")
            assert lines_at(drawn[-1]) == []
            assert len(colours_between_points(tmp_path / "a.png", drawn[-1])) == 1


@pytest.mark.parametrize("number", [0.0, -3.0, 1e30])
def test_a_surface_and_data_of_the_same_number_have_a_scale_around_it(
    number: float, tmp_path: Path, drawn: list[Figure]
) -> None:
    flat = Surface([0.0, 1.0], [0.0, 1.0], [[number] * 2] * 2, "value")
    data = Dataset([[0.0, 0.0], [1.0, 1.0]], [number] * 2)
    draw_boundary(tmp_path / "a.png", flat, data, None, title="t", subtitle="s")
    low, high = drawn[0].axes[1].get_ylim()  # the colour bar's
    assert low < number < high


def test_a_class_has_its_tint_where_it_wins_and_a_line_around_it(
    tmp_path: Path, drawn: list[Figure]
) -> None:
    def sides(queries: list[list[float]]) -> list[list[float]]:  # class 0, 1, 2 from left to right
        return [[-9 * x, 0.0 * x, 9 * (x - 2)] for x, _ in queries]

    data = Dataset([[-1.0, 0.0], [1.0, 0.0], [3.0, 1.0]], [0.0, 1.0, 2.0], 3)
    plane = evaluate_surface(sides, data, None, loss="cross_entropy")
    draw_boundary(tmp_path / "a.png", plane, data, None, title="t", subtitle="s")
    places = sorted({round(x, 1) for x, _ in lines_at(drawn[0])})
    assert places == pytest.approx([0.0, 2.0], abs=0.1)
    pixels = pixels_of(tmp_path / "a.png")
    for label, x in enumerate((-1.4, 1.0, 3.4)):
        tint = pixels[pixel_of(drawn[0], x, 0.7)]
        half = (1 + np.array(to_rgb(style.COLORS[label]))) / 2
        assert tint == pytest.approx(half, abs=0.02)


@pytest.mark.parametrize("loss", ["bce", "hinge"])
def test_each_side_of_the_boundary_has_the_colour_of_its_label(
    loss: str, tmp_path: Path, drawn: list[Figure]
) -> None:
    plane = evaluate_surface(lambda q: [[9 * (x - 0.5)] for x, _ in q], XOR, None, loss=loss)
    draw_boundary(tmp_path / "a.png", plane, XOR, None, title="t", subtitle="s")
    assert {round(x, 1) for x, _ in lines_at(drawn[0])} == {0.5}
    pixels = pixels_of(tmp_path / "a.png")
    left, right = (pixels[pixel_of(drawn[0], x, 0.5)] for x in (0.05, 0.95))
    assert left[2] > left[0]  # blue, which is label 0
    assert right[0] > right[2]  # orange


def lines_at(figure: Figure) -> list[tuple[float, float]]:
    """The corners of the black lines between regions."""
    black = [c for c in figure.axes[0].collections if isinstance(c, ContourSet) and not c.filled]
    paths = [path for lines in black for path in lines.get_paths()]
    return [(float(x), float(y)) for path in paths for x, y in np.asarray(path.vertices)]


def pixels_of(path: Path) -> Any:
    return np.asarray(Image.open(path).convert("RGB")) / 255


def pixel_of(figure: Figure, x: float, y: float) -> tuple[int, int]:
    """Row and column of a place of the plane in the saved picture."""
    across, up = figure.axes[0].transData.transform((x, y))
    return round(figure.bbox.height - up), round(across)


def colours_between_points(path: Path, figure: Figure) -> set[tuple[float, ...]]:
    """The colours of places of the plane that are far from the points (0, 0) and (1, 1)."""
    pixels = pixels_of(path)
    places = [(x, y) for x in (0.25, 0.5, 0.75) for y in (0.25, 0.5, 0.75) if abs(x - y) > 0.2]
    return {tuple(pixels[pixel_of(figure, x, y)]) for x, y in places}


def test_an_svg_is_the_same_whenever_it_is_drawn_and_needs_no_pyplot(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from minigrad.plot.boundary import *\n"
        "from minigrad.plot.surface import *\n"
        "data = Dataset([[0.0, 0.0], [2.0, 0.0], [1.0, 1.0]], [0.0, 1.0, 2.0], 3)\n"
        "plane = evaluate_surface(lambda q: [[x, y, x * y] for x, y in q], data, data,\n"
        "                         resolution=8, loss='cross_entropy')\n"
        "draw_boundary(Path(sys.argv[1]), plane, data, data, title='t', subtitle='s')\n"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    for name in ("1.svg", "2.svg"):
        subprocess.run([sys.executable, "-c", code, tmp_path / name], check=True)
    assert (tmp_path / "1.svg").read_bytes() == (tmp_path / "2.svg").read_bytes()
