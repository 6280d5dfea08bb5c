"""The style that all pictures share: ink, colours, figures, headings, keys, and how they are saved.

What other rooms draw with comes from here, so that matplotlib is imported in this room alone.
"""

from pathlib import Path
from typing import Any, Literal

import matplotlib
from matplotlib import colormaps as colormaps
from matplotlib.axes import Axes as Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg as FigureCanvasAgg
from matplotlib.cm import ScalarMappable as ScalarMappable
from matplotlib.colors import LogNorm as LogNorm
from matplotlib.colors import Normalize as Normalize
from matplotlib.colors import to_rgb as to_rgb
from matplotlib.figure import Figure as Figure
from matplotlib.lines import Line2D
from matplotlib.patches import FancyArrowPatch as FancyArrowPatch
from matplotlib.patches import Rectangle as Rectangle
from matplotlib.path import Path as _Curve
from matplotlib.text import Text as Text
from matplotlib.ticker import MaxNLocator

INK = "#1f2933"
COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
"""Okabe and Ito's palette, which the colour-blind tell apart; without yellow, lost on white."""
BEST = COLORS[1]
Curve = _Curve
"""A path of lines and Bezier curves."""
_HEAD_INCHES = 0.62


def new_figure(
    width: float, height: float, layout: Literal["constrained", "compressed"] = "constrained"
) -> Figure:
    """A figure of so many inches, outside of pyplot: nothing global, nothing to close."""
    figure = Figure(figsize=(width, height), dpi=144, layout=layout)
    FigureCanvasAgg(figure)
    return figure


def head(axes: Axes, title: str, subtitle: str) -> None:
    """A bold title over a pale line, both at the left edge of the axes."""
    axes.set_title(title, loc="left", fontweight="bold", color=INK, pad=24, parse_math=False)
    line = axes.text(0, 1.03, subtitle, transform=axes.transAxes, color=INK, fontsize=9, alpha=0.75)
    line.set_parse_math(False)


def head_of_figure(figure: Figure, title: str, subtitle: str) -> None:
    """A bold title over a pale line, both at the left edge of the figure, above all axes."""
    width, height = figure.get_size_inches()
    figure.get_layout_engine().set(rect=(0, 0, 1, 1 - _HEAD_INCHES / height))  # type: ignore
    style: dict[str, Any] = {"va": "top", "color": INK, "parse_math": False}
    left = 0.1 / width
    figure.text(left, 1 - 0.1 / height, title, fontweight="bold", fontsize=12, **style)
    figure.text(left, 1 - 0.38 / height, subtitle, fontsize=9, alpha=0.75, **style)


def frameless(axes: Axes) -> None:
    """No box around the axes, and a pale grid."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(True, which="major", alpha=0.25)


def step_axis(axes: Axes) -> None:
    """Steps along x, with ticks at whole numbers alone."""
    axes.set_xlabel("step")
    axes.xaxis.set_major_locator(MaxNLocator("auto", steps=[1, 2, 2.5, 5, 10], integer=True))
    axes.margins(x=0.01)


def line_key(label: str, color: str, width: float = 2.5, dashes: Any = "-") -> Line2D:
    """A line for a legend. The label gets a space: at a leading "_" matplotlib would drop it."""
    return Line2D([], [], color=color, linewidth=width, linestyle=dashes, label=f" {label}")


def marker_key(label: str, color: str, edge: str | None = None) -> Line2D:
    """A round marker for a legend."""
    look: dict[str, Any] = {"markersize": 7, "markeredgewidth": 1.6 if edge else 0}
    key = Line2D([], [], linestyle="none", marker="o", color=color, label=label, **look)
    key.set_markeredgecolor(edge or color)
    return key


def save(figure: Figure, path: Path) -> None:
    """Write the file that the path's ending asks for; the same figure gives the same bytes."""
    check_ending(path)
    if path.suffix.lower() == ".png":
        figure.savefig(path)
        return
    with matplotlib.rc_context({"svg.hashsalt": "minigrad"}):
        figure.savefig(path, metadata={"Date": None})


def check_ending(path: Path) -> None:
    """Raise ValueError unless the path ends in .png or .svg."""
    if path.suffix.lower() not in (".png", ".svg"):
        raise ValueError(f"{path}: a picture's name ends in .png or .svg")
