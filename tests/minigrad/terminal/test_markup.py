"""Tables and curves as HTML: escaped, and whole whatever the numbers are."""

import math
import re
from xml.etree import ElementTree

import numpy as np
import pytest

from minigrad import Tensor
from minigrad.terminal.markup import html_array, html_facts, html_table, svg_curve

HOSTILE = '<script>alert("1")</script>\x1b[31m'


def test_a_table_escapes_its_texts() -> None:
    text = html_table([HOSTILE], [[HOSTILE, 0.123456]], HOSTILE)
    assert "<script" not in text
    assert "\x1b" not in html_facts({HOSTILE: HOSTILE})
    assert ">0.1235<" in text
    assert text.count("<tr>") == 2


def test_numbers_are_aligned_to_the_right_and_texts_to_the_left() -> None:
    row = html_table([], [[1.5, "a", True, None]])
    assert re.findall(r"text-align:(\w+)", row) == ["right", "left", "left", "left"]


@pytest.mark.parametrize(
    ("array", "cells"),
    [
        (np.array(2.0), ["2"]),
        (np.array([1.0, 2.0]), ["1", "2"]),
        (np.array([[1.0], [2.0]]), ["1", "2"]),
        (np.zeros((0, 3)), ["shape", "(0, 3)"]),
        (
            np.full((2, 2, 2), 3.0),
            ["shape", "(2, 2, 2)", "least", "3", "mean", "3", "largest", "3"],
        ),
        (np.arange(17.0), ["shape", "(17,)", "least", "0", "mean", "8", "largest", "16"]),
    ],
)
def test_an_array_is_shown_whole_or_in_summary(array: np.ndarray, cells: list[str]) -> None:
    assert re.findall(r"<td[^>]*>([^<]*)</td>", html_array(array, "x")) == cells


def test_a_tensor_shows_data_and_gradient() -> None:
    x = Tensor([[1.0, -2.0]], label="<x>")
    assert x._repr_html_().count("<table") == 1
    (x * x).sum().backward()
    text = x._repr_html_()
    assert text.count("<table") == 2
    assert "&lt;x&gt; (1, 2)" in text
    assert re.findall(r"<td[^>]*>([^<]*)</td>", text) == ["1", "-2", "2", "-4"]


def points(svg: str) -> list[tuple[float, float]]:
    (line,) = re.findall(r'points="([^"]*)"', svg)
    return [(float(x), float(y)) for x, y in (pair.split(",") for pair in line.split())]


def test_a_curve_of_positive_numbers_has_a_logarithmic_axis() -> None:
    svg = svg_curve([0, 1, 2], [1.0, 0.1, 0.01], "loss")
    (_, top), (_, middle), (_, bottom) = points(svg)
    assert middle == pytest.approx((top + bottom) / 2, abs=0.1)
    assert "loss (log)" in svg
    assert "(log)" not in svg_curve([0, 1], [1.0, 0.0], "loss")


@pytest.mark.parametrize("values", [[], [1.0], [math.nan, 1.0], [math.inf, math.nan]])
def test_fewer_than_two_finite_points_are_no_curve(values: list[float]) -> None:
    assert svg_curve(range(len(values)), values, "loss") == ""


@pytest.mark.parametrize(
    "values", [[2.0, 2.0], [1e-300, 1e300], [-1.0, math.nan, 5.0], [0.0, 1e308]]
)
def test_a_curve_is_whole_whatever_its_numbers_are(values: list[float]) -> None:
    svg = svg_curve(range(len(values)), values, HOSTILE)
    ElementTree.fromstring(svg)
    assert all(math.isfinite(x) and 0 <= y <= 170 for x, y in points(svg))
