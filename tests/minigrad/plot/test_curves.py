"""Pictures of curves: what stands in them, and that nothing spoils them."""

import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from numpy.typing import NDArray

from minigrad.plot.curves import Curve, draw_band, draw_curves, draw_loss, smoothed
from minigrad.plot.style import COLORS


def falling(label: str, rate: float = 0.1, steps: int = 50) -> Curve:
    return Curve(label, list(range(steps)), [math.exp(-rate * step) for step in range(steps)])


def lines(figure: Figure) -> list[Any]:
    return list(figure.axes[0].get_lines())


def labels(figure: Figure) -> list[str]:
    return [text.get_text().strip() for text in figure.legends[0].get_texts()]


def test_each_metric_has_a_panel_in_which_a_run_has_its_colour(
    tmp_path: Path, drawn: list[Figure]
) -> None:
    curves = [
        Curve(label, [0, 1], [0.5, 0.25], metric)
        for metric in ("loss", "accuracy")
        for label in ("a", "b")
        if (metric, label) != ("accuracy", "a")
    ]
    draw_curves(tmp_path / "a.png", curves, metric="both", log=[True, False])
    loss, accuracy = drawn[0].axes
    assert (loss.get_yscale(), accuracy.get_yscale()) == ("log", "linear")
    assert (loss.get_ylabel(), accuracy.get_ylabel()) == ("loss, log scale", "accuracy")
    assert [line.get_color() for line in loss.lines] == list(COLORS[:2])
    assert [line.get_color() for line in accuracy.lines] == [COLORS[1]]
    assert [text.get_text() for text in drawn[0].legends[0].get_texts()] == [" a", " b"]


def test_a_noisy_loss_is_faint_behind_its_average_and_the_chosen_step_is_marked(
    tmp_path: Path, drawn: list[Figure]
) -> None:
    steps = list(range(200))
    losses = [math.exp(-step / 50) * (2 if step % 2 else 0.5) for step in steps]
    validation = Curve("validation", steps[::10], [2.0 - step / 200 for step in steps[::10]])
    words: dict[str, Any] = {"loss_name": "mse", "title": "t", "subtitle": "s"}
    marks: dict[str, Any] = {"validation": validation, "best_step": 52}
    draw_loss(tmp_path / "a.png", steps, losses, noisy=True, **marks, **words)
    lines: Any = drawn[0].axes[0].lines
    raw, average, held_out, ring = lines
    assert raw.get_alpha() == 0.3
    middle = np.asarray(average.get_ydata())[20:-20]
    assert np.abs(np.log(middle) + np.array(steps[20:-20]) / 50).max() < 0.2
    assert list(held_out.get_xdata()) == validation.steps
    assert list(ring.get_xdata()) == [50]
    draw_loss(tmp_path / "b.png", steps, losses, **words)
    assert drawn[1].axes[0].get_legend() is None
    assert len(drawn[1].axes[0].lines) == 1


def test_the_ending_decides_what_is_written(tmp_path: Path) -> None:
    draw_curves(tmp_path / "a.png", [falling("a")], metric="loss")
    draw_curves(tmp_path / "a.SVG", [falling("a")], metric="loss")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    assert "<svg" in (tmp_path / "a.SVG").read_text()


@pytest.mark.parametrize("name", ["a.pdf", "a", "a.png.txt"])
def test_another_ending_is_refused_in_a_sentence(name: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError) as error:
        draw_curves(tmp_path / name, [falling("a")], metric="loss")
    assert str(error.value) == f"{tmp_path / name}: a picture's name ends in .png or .svg"
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("curves", "smoothing", "message"),
    [
        ([], 0.0, "there are no curves to draw"),
        ([falling("a")], 1.0, r"smoothing must be a number in \[0, 1\), found 1.0"),
        ([falling("a")], math.nan, r"smoothing must be a number in \[0, 1\), found nan"),
        ([Curve("a", [0, 1], [0.5])], 0.0, "a has 2 steps and 1 values"),
    ],
)
def test_what_cannot_be_drawn_is_refused(
    curves: list[Curve], smoothing: float, message: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        draw_curves(tmp_path / "a.png", curves, metric="loss", smoothing=smoothing)


def test_a_drawing_needs_no_pyplot(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from minigrad.plot.curves import *\n"
        f"draw_curves(Path({str(tmp_path / 'a.svg')!r}), [Curve('a', [0], [1.0])], metric='m')\n"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_an_svg_is_the_same_whenever_it_is_drawn(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from minigrad.plot.curves import *\n"
        "curves = [Curve(k, [0, 1, 2], [1.0, 0.5, 0.1]) for k in 'ab']\n"
        "draw_curves(Path(sys.argv[1]), curves, metric='loss', smoothing=0.5)"
    )
    subprocess.run([sys.executable, "-c", code, tmp_path / "1.svg"], check=True)
    curves = [Curve(k, [0, 1, 2], [1.0, 0.5, 0.1]) for k in "ab"]
    draw_curves(tmp_path / "2.svg", curves, metric="loss", smoothing=0.5)
    assert (tmp_path / "1.svg").read_bytes() == (tmp_path / "2.svg").read_bytes()
    assert "<dc:date>" not in (tmp_path / "1.svg").read_text()


def test_ten_curves_can_be_told_apart_and_more_are_grey(
    tmp_path: Path, drawn: list[Figure]
) -> None:
    curves = [falling(f"lr={i}", 0.01 * (i + 1)) for i in range(13)]
    draw_curves(tmp_path / "a.png", curves, metric="loss")
    (figure,) = drawn
    assert labels(figure) == [f"lr={i}" for i in range(10)] + ["3 more"]
    grey, colored = lines(figure)[:3], lines(figure)[3:]
    looks = {(to_hex(line.get_color()), line.get_linestyle()) for line in colored}
    assert len(looks) == len(colored) == 10
    assert len({line.get_color() for line in grey}) == 1
    assert not {line.get_color() for line in grey} & set(COLORS)
    assert max(line.get_linewidth() for line in grey) < colored[0].get_linewidth()


@pytest.mark.parametrize("label", ["a", "x" * 30, pytest.param("x" * 90, marks=pytest.mark.slow)])
def test_the_legend_never_covers_the_axes(label: str, tmp_path: Path, drawn: list[Figure]) -> None:
    draw_curves(tmp_path / "a.png", [falling(f"{label}{i}") for i in range(12)], metric="loss")
    (figure,) = drawn
    axes = figure.axes[0].get_window_extent()
    legend = figure.legends[0].get_window_extent()
    assert legend.x0 >= axes.x1 or legend.y1 <= axes.y0
    assert legend.x1 <= figure.bbox.x1
    assert axes.width > 0.6 * figure.bbox.width or label != "a"
    assert axes.height > 300


def test_labels_are_shown_as_they_are(tmp_path: Path, drawn: list[Figure]) -> None:
    draw_curves(tmp_path / "a.png", [falling("_x"), falling("$^$ and $_$")], metric="loss")
    assert labels(drawn[0]) == ["_x", "$^$ and $_$"]


def test_smoothing_draws_the_average_over_the_faint_curve(
    tmp_path: Path, drawn: list[Figure]
) -> None:
    curve = Curve("a", [0, 1, 2], [1.0, 2.0, 4.0])
    draw_curves(tmp_path / "a.png", [curve], metric="loss", smoothing=0.5)
    raw, average = lines(drawn[0])
    assert list(raw.get_ydata()) == curve.values
    assert raw.get_alpha() < 0.5
    assert list(average.get_ydata()) == smoothed(curve.values, 0.5)


def test_smoothing_has_no_pull_to_zero_and_passes_over_gaps() -> None:
    assert smoothed([3.0] * 100, 0.99) == pytest.approx([3.0] * 100)
    assert smoothed([1.0, 5.0, 2.0], 0.0) == [1.0, 5.0, 2.0]
    assert smoothed([1.0, 3.0], 0.5) == pytest.approx([1.0, (0.5 * 1 + 3) / 1.5])
    with_gap = smoothed([1.0, math.nan, math.inf, 3.0], 0.5)
    assert math.isnan(with_gap[1])
    assert with_gap[2] == math.inf
    assert with_gap[3] == smoothed([1.0, 3.0], 0.5)[1]


def test_what_an_axis_cannot_show_leaves_a_gap(tmp_path: Path, drawn: list[Figure]) -> None:
    curve = Curve("a", list(range(6)), [1.0, math.nan, 0.5, -math.inf, -1.0, 0.0])
    draw_curves(tmp_path / "log.png", [curve], metric="loss")
    draw_curves(tmp_path / "linear.png", [curve], metric="loss", log=False)
    (log,), (linear,) = (lines(figure) for figure in drawn)
    assert [y for y in log.get_ydata() if not math.isnan(y)] == [1.0, 0.5]
    assert log.get_markevery() == [0, 2]  # points without neighbours are dots
    assert [y for y in linear.get_ydata() if not math.isnan(y)] == [1.0, 0.5, -1.0, 0.0]
    assert linear.get_markevery() == [0, 2]


def test_curves_of_nothing_that_can_be_shown_are_drawn(tmp_path: Path) -> None:
    for log in (True, False):
        curves = [Curve("a", [], []), Curve("b", [0, 1], [math.nan, -math.inf])]
        draw_curves(tmp_path / f"{log}.png", curves, metric="loss", log=log)
        assert (tmp_path / f"{log}.png").exists()


def test_without_a_path_a_window_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    from matplotlib import pyplot

    windows: list[int] = []
    monkeypatch.setattr(pyplot, "get_backend", lambda: "tkagg")
    monkeypatch.setattr(pyplot, "show", lambda: windows.extend(pyplot.get_fignums()))
    draw_curves(None, [falling("a")], metric="loss")
    assert len(windows) == 1
    pyplot.close("all")


def test_without_a_screen_a_file_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    from matplotlib import pyplot

    monkeypatch.setattr(pyplot, "get_backend", lambda: "agg")
    with pytest.raises(ValueError, match="no window can be opened here: name a file"):
        draw_curves(None, [falling("a")], metric="loss")


def test_a_loss_is_drawn_with_its_promise(tmp_path: Path, drawn: list[Figure]) -> None:
    curve = falling("a")
    draw_loss(
        tmp_path / "loss.png",
        curve.steps,
        curve.values,
        loss_name="bce",
        title="$^$",
        subtitle="$_$",
        final_loss_below=0.01,
    )
    (figure,) = drawn
    loss, promise = lines(figure)
    assert list(loss.get_ydata()) == curve.values
    assert list(promise.get_ydata()) == [0.01, 0.01]
    assert figure.axes[0].get_ylabel() == "bce loss, log scale"
    assert "expected below 0.01" in [text.get_text() for text in figure.axes[0].texts]


# Many seeds.


def band(path: Path, losses: Any, **changed: Any) -> None:
    words: dict[str, Any] = {
        "seeds": [seed + 10 for seed in range(np.shape(losses)[1])],
        "loss_name": "bce",
        "title": "$^$",
        "subtitle": "$_$",
        **changed,
    }
    draw_band(path, np.arange(len(losses)) * 5, np.array(losses), **words)


def edges(figure: Figure) -> dict[float, tuple[float, float]]:
    """The band's lower and upper edge by step."""
    (band,) = [c for c in figure.axes[0].collections if isinstance(c, PolyCollection)]
    ends: dict[float, list[float]] = {}
    for path in band.get_paths():
        for step, loss in np.asarray(path.vertices).tolist():
            ends.setdefault(step, []).append(loss)
    return {step: (min(losses), max(losses)) for step, losses in ends.items()}


def keys(figure: Figure) -> list[str]:
    legend = figure.axes[0].get_legend()
    assert legend
    return [text.get_text() for text in legend.get_texts()]


def test_a_band_shows_median_quartiles_and_the_worst(tmp_path: Path, drawn: list[Figure]) -> None:
    losses = [[0.5, 0.1, 0.9, 0.3, 0.7], [0.05, 0.06, 0.02, 0.03, 0.04]]
    band(tmp_path / "a.png", losses, final_loss_below=0.01)
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    (figure,) = drawn
    worst, median, promise = lines(figure)
    assert worst.get_xdata().tolist() == median.get_xdata().tolist() == [0, 5]
    assert worst.get_ydata().tolist() == [0.1, 0.06]  # that which ends worst, all the way
    assert median.get_ydata().tolist() == [0.5, 0.04]
    assert edges(figure) == {0: (0.3, 0.7), 5: (0.03, 0.05)}
    assert list(promise.get_ydata()) == [0.01, 0.01]
    assert figure.axes[0].get_yscale() == "log"
    assert figure.axes[0].get_ylabel() == "bce loss, log scale"
    assert keys(figure) == ["middle half", "seed 11, worst", "median"]


def test_a_band_of_one_seed_is_its_curve(tmp_path: Path, drawn: list[Figure]) -> None:
    band(tmp_path / "a.png", [[0.5], [0.25], [0.125]])
    worst, median = lines(drawn[0])
    assert worst.get_ydata().tolist() == median.get_ydata().tolist() == [0.5, 0.25, 0.125]


def test_a_band_counts_diverged_seeds_as_infinite_and_leaves_gaps(
    tmp_path: Path, drawn: list[Figure]
) -> None:
    losses = np.array([[0.9, 0.1, 0.2, 0.3, 0.4]] * 4)
    losses[1:, 0] = math.nan  # one of five, two, and three
    losses[2:, 4] = math.nan
    losses[3, 3] = math.nan
    band(tmp_path / "a.png", losses)
    worst, median = lines(drawn[0])
    assert median.get_ydata().tolist()[:3] == [0.3, 0.3, 0.3]
    assert math.isnan(median.get_ydata()[3])
    assert edges(drawn[0]) == {0: (0.2, 0.4), 5: (0.2, 0.4)}  # then the third quartile is infinite
    assert worst.get_ydata().tolist() == [0.2] * 4
    assert keys(drawn[0])[1] == "seed 12, worst"


INF, NAN = math.inf, math.nan
AWKWARD: dict[str, list[list[float]]] = {
    "a column of nan": [[0.5, NAN, 0.4], [0.4, NAN, 0.3]],
    "nothing but nan": [[NAN, NAN], [NAN, NAN]],
    "nothing but infinity": [[INF, INF], [INF, INF]],
    "nan at the end": [[0.5, 0.4], [NAN, NAN]],
    "infinity at the end": [[0.5, 0.4], [INF, INF]],
    "0 at the end": [[0.5, 0.4], [0.0, 0.0]],
    "nothing but 0": [[0.0, 0.0], [0.0, 0.0]],
    "below 0": [[-1.0, 0.4], [-2.0, -3.0]],
    "one step": [[0.5, 0.4]],
    "the same number": [[0.5, 0.5], [0.5, 0.5]],
    "close to infinity": [[0.5, 0.4], [1e300, 1.7e308]],
    "nothing but close to infinity": [[1.7e308, 1.7e308], [1.7e308, 1.7e308]],
    "close to 0": [[0.5, 0.4], [1e-310, 5e-324]],
    "from end to end": [[5e-324, 1e-300], [1e300, 1.7e308]],
}


@pytest.mark.parametrize(
    "losses",
    [
        pytest.param(losses, id=name, marks=[pytest.mark.slow] * bool(i % 3))
        for i, (name, losses) in enumerate(AWKWARD.items())
    ],
)
def test_a_band_of_awkward_numbers_is_drawn(losses: list[list[float]], tmp_path: Path) -> None:
    band(tmp_path / "a.png", losses, final_loss_below=0.02)  # a warning would be an error
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("bound", [None, 0.0, -1.0])
def test_a_bound_that_no_log_axis_has_is_left_out(
    bound: float | None, tmp_path: Path, drawn: list[Figure]
) -> None:
    band(tmp_path / "a.png", AWKWARD["a column of nan"], final_loss_below=bound)
    assert len(lines(drawn[0])) == 2


def test_a_band_of_no_steps_is_drawn(tmp_path: Path) -> None:
    band(tmp_path / "a.png", np.empty((0, 3)), final_loss_below=0.02)
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def test_a_band_leaves_its_losses_alone(tmp_path: Path) -> None:
    losses: NDArray[np.float64] = np.array([[0.5, 0.4], [NAN, 0.0]])
    before = losses.tobytes()
    draw_band(
        *(tmp_path / "a.svg", np.arange(2), losses),
        seeds=[0, 1],
        loss_name="mse",
        title="t",
        subtitle="s",
    )
    assert losses.tobytes() == before


def test_a_title_stands_above_the_curves(tmp_path: Path) -> None:
    draw_curves(
        tmp_path / "a.svg", [falling("a")], metric="loss", title="Which falls?", subtitle="by step"
    )
    drawn = (tmp_path / "a.svg").read_text()
    assert "Which falls?" in drawn
    assert "by step" in drawn
