"""The style that all pictures share: ink, colours, figures, headings, and how they are saved."""

import io
from pathlib import Path
from typing import Literal

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from minigrad.files.whole import replace

INK = "#1f2933"
COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
"""Okabe and Ito's palette, which the colour-blind tell apart; without yellow, lost on white."""


def new_figure(
    width: float, height: float, layout: Literal["constrained", "compressed"] = "constrained"
) -> Figure:
    """A figure of so many inches, outside of pyplot: nothing global, nothing to close."""
    figure = Figure(figsize=(width, height), dpi=144, layout=layout)
    FigureCanvasAgg(figure)
    return figure


def head(axes: Axes, title: str, subtitle: str) -> None:
    """A bold title over a pale line, both at the left edge."""
    axes.set_title(title, loc="left", fontweight="bold", color=INK, pad=24, parse_math=False)
    line = axes.text(0, 1.03, subtitle, transform=axes.transAxes, color=INK, fontsize=9, alpha=0.75)
    line.set_parse_math(False)


def save(figure: Figure, path: Path) -> None:
    """Write the file that the path's ending asks for, the whole of it or nothing; the same figure
    gives the same bytes. Raises OSError.
    """
    check_ending(path)
    content = io.BytesIO()
    if path.suffix.lower() == ".png":
        figure.savefig(content, format="png")
    else:
        with matplotlib.rc_context({"svg.hashsalt": "minigrad"}):
            figure.savefig(content, format="svg", metadata={"Date": None})
    replace(path, content.getvalue())


def check_ending(path: Path) -> None:
    """Raise ValueError unless the path ends in .png or .svg."""
    if path.suffix.lower() not in (".png", ".svg"):
        raise ValueError(f"{path}: a picture's name ends in .png or .svg")
