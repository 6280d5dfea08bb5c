"""Nothing of a picture is cut off, and a user's words are shown as they are."""

import math
import os
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any
from xml.dom import minidom

import pytest

from minigrad.data import Dataset
from minigrad.plot import style
from minigrad.plot.boundary import draw_boundary, draw_snapshots
from minigrad.plot.curves import Curve, draw_curves, draw_loss
from minigrad.plot.style import Figure, Text
from minigrad.plot.surface import evaluate_surface

LONG = "a-very-long-name-of-a-run-that-somebody-has-chosen-with-care 漢字漢字漢字 " + "w" * 120
XOR = Dataset([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [0.0, 1.0, 1.0, 0.0], classes=2)


def draw_all(folder: Path, words: str, ending: str = "png") -> None:
    """Every kind of a run's pictures, with these words wherever a user may choose some."""
    tall = Dataset([[x, 3.9 * y] for x, y in XOR.inputs], XOR.targets, 2)
    losses = [math.exp(-s / 40) for s in range(500)]
    draw_loss(
        folder / f"loss.{ending}",
        range(500),
        losses,
        loss_name=words,
        title=words,
        subtitle=words,
        final_loss_below=0.001,
    )
    curves = [Curve(f"{words} {k}", [0, 1], [1.0, 0.1 * k]) for k in range(1, 3)]
    for log in (True, False):
        draw_curves(folder / f"curves{log}.{ending}", curves, metric=words, log=log)
    for number, data in enumerate((XOR, tall)):
        plane = evaluate_surface(
            lambda q: [[x - y] for x, y in q], data, data, loss="bce", resolution=8
        )
        path = folder / f"boundary{number}.{ending}"
        draw_boundary(path, plane, data, data, title=words, subtitle=words)
        path = folder / f"snapshots{number}.{ending}"
        draw_snapshots(path, [(step, plane) for step in (0, 10, 12345)], data, title=words)


@pytest.mark.parametrize(
    "words",
    [pytest.param("xor", id="short", marks=pytest.mark.slow), pytest.param(LONG, id="long")],
)
def test_no_text_of_a_picture_is_cut_off(words: str, tmp_path: Path, drawn: list[Figure]) -> None:
    draw_all(tmp_path, words)
    for figure in drawn:
        width, height = figure.bbox.size
        texts = [*figure.texts, *(t for axes in figure.axes for t in texts_around(axes))]
        for legend in figure.legends:
            texts += legend.get_texts()
        for text in filter(Text.get_text, texts):
            box = text.get_window_extent()
            assert box.x0 >= -0.5, text
            assert box.y0 >= -0.5, text
            assert box.x1 <= width + 0.5, text
            assert box.y1 <= height + 0.5, text


def texts_around(axes: Any) -> list[Text]:
    if not axes.axison:
        return []
    texts = [axes.title, axes.xaxis.label, axes.yaxis.label]
    for axis in (axes.xaxis, axes.yaxis):
        low, high = sorted(axis.get_view_interval())
        for label, tick in zip(axis.get_ticklabels(), axis.get_ticklocs(), strict=False):
            texts += [label] if low <= tick <= high and label.get_visible() else []
    return texts


@pytest.mark.parametrize(
    "words",
    [
        "$x_$ ^",
        *(
            pytest.param(words, marks=pytest.mark.slow)
            for words in ("$$", "100 $ and \\$ more $", "\\frac{", "_begin")
        ),
    ],
)
def test_a_dollar_is_a_dollar(words: str, tmp_path: Path, drawn: list[Figure]) -> None:
    draw_all(tmp_path, words)
    for figure in drawn:
        spoken = [text for text in figure.findobj(Text) if words in text.get_text()]
        assert spoken
        assert not any(text.get_parse_math() for text in spoken)


@pytest.mark.slow
def test_control_characters_are_spelled_out_in_an_svg(tmp_path: Path) -> None:
    draw_all(tmp_path, "a\x00b\x1b[31m\ud800\u202e<&>", "svg")
    for path in tmp_path.iterdir():
        minidom.parse(str(path))


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        (2e-4, 3.0, ["10⁻³", "10⁻²", "10⁻¹", "10⁰"]),
        (1e-200, 1e200, 8),
        (0.03, 0.9, ["0.05", "0.1", "0.2", "0.5"]),
        (0.31, 0.44, 3),
        (0.6931, 0.6932, 3),
    ],
)
def test_a_log_axis_has_a_few_ticks_at_round_numbers(low: float, high: float, labels: Any) -> None:
    axes = style.new_figure(4, 3, "none").add_subplot()
    axes.set_yscale("log")
    axes.set_ylim(low, high)
    style.log_ticks(axes.yaxis)
    texts = [label.get_text() for label in axes.get_yticklabels()]
    if isinstance(labels, list):
        assert texts == labels
    else:
        assert labels - 1 <= len(texts) <= 9
    assert all(low <= tick <= high for tick in axes.get_yticks())
    assert len(set(texts)) == len(texts)


def test_text_is_wrapped_at_spaces_and_hyphens_and_whole() -> None:
    text = "one two-three four five six seven"
    lines = style.wrapped(text, 1.0, 10)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert all(style.text_width(line) <= 1.0 for line in lines)
    assert all(line[-1] == "-" or line == line.strip() for line in lines)
    word = "w" * 100
    assert "".join(style.wrapped(word, 1.0, 10)) == word
    assert style.wrapped("", 1.0, 10) == [""]


@pytest.mark.parametrize(("ask", "shown"), [("", "False"), ("sys.ps1 = '>>> '", "True")])
def test_matplotlib_lists_properties_in_docstrings_where_someone_can_read_them(
    ask: str, shown: str
) -> None:
    code = (
        f"import sys; {ask}\nimport minigrad.plot.style\nfrom matplotlib.artist import kwdoc\n"
        "from matplotlib.lines import Line2D\n"
        "print('agg_filter:' in Line2D.set.__doc__, 'agg_filter:' in kwdoc(Line2D))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.stdout == f"{shown} True\n"


@pytest.mark.parametrize(
    "backend",
    [
        "nosuch",
        *(
            pytest.param(name, marks=pytest.mark.slow)
            for name in (
                *("module://nosuch", "gtk4agg"),
                "module://matplotlib_inline.backend_inline",
            )
        ),
    ],
)
def test_a_backend_that_is_not_installed_draws_files_and_opens_no_window(
    backend: str, tmp_path: Path
) -> None:
    code = (
        "import os, sys; from pathlib import Path\n"
        "from minigrad.plot.curves import Curve, draw_curves\n"
        "curve = Curve('a', [0, 1], [1.0, 0.5])\n"
        "draw_curves(Path(sys.argv[1]), [curve], metric='loss')\n"
        "assert os.environ['MPLBACKEND'] == sys.argv[2]\n"
        "try:\n"
        "    draw_curves(None, [curve], metric='loss')\n"
        "except ValueError as error:\n"
        "    print(error)\n"
    )
    environment = {**os.environ, "MPLBACKEND": backend}
    environment.pop("DISPLAY", None)
    environment.pop("WAYLAND_DISPLAY", None)
    path = tmp_path / "a.png"
    command = [sys.executable, "-c", code, str(path), backend]
    result = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == "no window can be opened here: name a file, as curves.png\n"
    assert path.read_bytes().startswith(b"\x89PNG")


def test_without_a_place_for_its_cache_matplotlib_says_nothing(tmp_path: Path) -> None:
    code = (
        "import logging, sys; from pathlib import Path\n"
        "from minigrad.plot.curves import Curve, draw_curves\n"
        "draw_curves(Path(sys.argv[1]), [Curve('a', [0, 1], [1.0, 0.5])], metric='loss')\n"
        "assert logging.getLogger('matplotlib').level == logging.NOTSET\n"
    )
    nowhere = str(tmp_path / "a file" / "folder")
    (tmp_path / "a file").touch()
    environment = {**os.environ, "MPLCONFIGDIR": nowhere, "HOME": nowhere}
    command = [sys.executable, "-c", code, str(tmp_path / "a.png")]
    result = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.parametrize("ending", [".png", ".svg"])
def test_a_name_that_the_font_lacks_is_drawn_without_a_word(ending: str, tmp_path: Path) -> None:
    name = "\u5b9f\u9a13 \U0001f600"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert style.text_width(name) > 0
        curve = Curve(name, [0, 1], [1.0, 0.5])
        draw_curves(tmp_path / f"a{ending}", [curve], metric=name, title=name)


def test_a_long_word_after_a_short_one_is_broken_and_so_are_two_letters() -> None:
    assert style.wrapped("a " + "x" * 100, 2, 10)[0].startswith("a xx")
    assert style.wrapped("ab", 0.01, 10) == ["a", "b"]


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [(1, 50, [1, 2, 5, 10, 20, 50]), (1, 2.9, [1, 1.5, 2, 2.5]), (1, 100, [1, 10, 100])],
)
def test_a_log_axis_has_powers_of_ten_or_enough_numbers_between(
    low: float, high: float, ticks: list[float]
) -> None:
    axes = style.new_figure(4, 3).add_subplot()
    axes.set_yscale("log")
    axes.set_ylim(low, high)
    style.log_ticks(axes.yaxis)
    assert axes.yaxis.get_ticklocs().tolist() == pytest.approx(ticks)
