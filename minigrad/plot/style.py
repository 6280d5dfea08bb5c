"""The style that all pictures share: ink, colours, figures, headings, keys, and how they are saved.

What other rooms draw with comes from here, so that matplotlib is imported in this room alone.
"""

import bisect
import io
import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import minigrad.plot.backend  # noqa: F401  # isort: skip  # loads matplotlib
import matplotlib
from matplotlib import colormaps as colormaps
from matplotlib.axes import Axes as Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg as FigureCanvasAgg
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.cm import ScalarMappable as ScalarMappable
from matplotlib.colors import LinearSegmentedColormap as LinearSegmentedColormap
from matplotlib.colors import LogNorm as LogNorm
from matplotlib.colors import Normalize as Normalize
from matplotlib.colors import to_rgb as to_rgb
from matplotlib.figure import Figure as Figure
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D as Line2D
from matplotlib.patches import FancyArrowPatch as FancyArrowPatch
from matplotlib.patches import Rectangle as Rectangle
from matplotlib.path import Path as _Curve
from matplotlib.text import Text as Text
from matplotlib.ticker import MaxNLocator, NullLocator

from minigrad.files.whole import replace
from minigrad.plot.marks import NAME
from minigrad.terminal.text import printable

INK = "#1f2933"
COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
"""Okabe and Ito's palette, which the colour-blind tell apart; without yellow, lost on white."""
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
"""One a colour, for those who cannot tell the colours apart and for print without them."""
BEST = COLORS[1]
TOP = 1e250
"""A log axis with margins must not reach beyond the floats: what is larger is not drawn."""
Curve = _Curve
"""A path of lines and Bezier curves."""
_DPI = 144
HEAD_INCHES = 0.62
"""The height of a head of one title line and one subtitle line."""


def new_figure(
    width: float, height: float, layout: Literal["constrained", "none"] = "constrained"
) -> Figure:
    """A figure of so many inches, outside of pyplot: nothing global, nothing to close.

    A run's own pictures have fixed margins, layout "none": the constrained layout measures all
    texts several times, which takes longer than to draw them.
    """
    figure = Figure(figsize=(width, height), dpi=_DPI)
    figure.set_layout_engine(layout)
    FigureCanvasAgg(figure)
    return figure


def place(axes: Axes, left: float, bottom: float, width: float, height: float) -> None:
    """Put the axes at a place in their figure, in inches."""
    figure = axes.get_figure(root=True)
    assert figure is not None
    across, up = figure.get_size_inches()
    axes.set_position((left / across, bottom / up, width / across, height / up))


def head(axes: Axes, title: str, subtitle: str) -> None:
    """A bold title over a pale line, both at the left edge of the axes."""
    axes.set_title(title, loc="left", fontweight="bold", color=INK, pad=24)
    line = axes.text(0, 1.03, subtitle, transform=axes.transAxes, color=INK, fontsize=9, alpha=0.75)
    literal(axes.title, axes._left_title, line)  # type: ignore[attr-defined]


def head_of_figure(figure: Figure, title: str, subtitle: str, left: float = 0.1) -> None:
    """A bold title over a pale line, `left` inches from the figure's edge, above all axes.

    Both are wrapped to the width of the figure, which grows by what they need above HEAD_INCHES.
    """
    width, height = figure.get_size_inches()
    titles = wrapped(title, width - left - 0.1, 12, "bold")
    subtitles = wrapped(subtitle, width - left - 0.1, 9) if subtitle else []
    second = 0.18 + 0.2 * len(titles)  # inches from the top to the second text
    inches = second + 0.09 + 0.15 * len(subtitles)
    height += inches - HEAD_INCHES
    figure.set_figheight(height)
    if engine := figure.get_layout_engine():
        engine.set(rect=(0, 0, 1, 1 - inches / height))  # type: ignore[call-arg]
    style: dict[str, Any] = {"va": "top", "color": INK, "parse_math": False, "x": left / width}
    figure.text(y=1 - 0.1 / height, s="\n".join(titles), weight="bold", size=12, **style)
    figure.text(y=1 - second / height, s="\n".join(subtitles), size=9, alpha=0.75, **style)


def literal(*texts: Text) -> None:
    """Show a user's text literally: `$` starts no formula, and control characters, which an SVG
    must not have, are spelled out.
    """
    for text in texts:
        text.set_parse_math(False)
        text.set_text("\n".join(map(printable, text.get_text().split("\n"))))


def wrapped(text: str, inches: float, size: float, weight: str = "normal") -> list[str]:
    """The text in lines of at most so many inches, broken at spaces and hyphens if possible."""
    text, lines = printable(text), []
    while text_width(text, size, weight) > inches and len(text) > 1:
        fits = bisect.bisect_left(
            range(2, len(text)), True, key=lambda n: text_width(text[:n], size, weight) > inches
        )
        end = max(text.rfind(" ", 1, fits + 2), text.rfind("-", 1, fits + 1) + 1)
        end = end if end > fits / 2 else fits + 1
        lines.append(text[:end].rstrip())
        text = text[end:].lstrip()
    return [*lines, text]


def text_width(text: str, size: float = 10, weight: str = "normal") -> float:
    """The width of a line of text in inches; `size` is in points."""
    renderer: Any = RendererAgg(1, 1, _DPI)  # type: ignore[no-untyped-call]
    font = FontProperties(size=size, weight=weight)
    with _any_glyphs():
        return float(renderer.get_text_width_height_descent(text, font, ismath=False)[0]) / _DPI


def tick_width(axis: Axis) -> float:
    """The width of the widest tick label in sight, in inches."""
    low, high = sorted(axis.get_view_interval())
    ticks = zip(axis.get_ticklabels(), axis.get_ticklocs(), strict=False)
    return max((text_width(t.get_text()) for t, at in ticks if low <= at <= high), default=0.0)


def frameless(axes: Axes) -> None:
    """No box around the axes, and a pale grid."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(True, which="major", alpha=0.25)


def step_axis(axes: Axes) -> None:
    """Steps along x, with ticks at whole numbers alone."""
    axes.set_xlabel("step", color=INK)
    axes.xaxis.set_major_locator(MaxNLocator("auto", steps=[1, 2, 2.5, 5, 10], integer=True))
    axes.margins(x=0.01)


def line_key(label: str, color: str, width: float = 2.5, dashes: Any = "-") -> Line2D:
    """A line for a legend. The label gets a space: at a leading "_" matplotlib would drop it."""
    return Line2D([], [], color=color, linewidth=width, linestyle=dashes, label=f" {label}")


def log_ticks(axis: Axis) -> None:
    """Ticks for the range that a log axis has now, labelled without a formula, which costs more.

    Another axis keeps its own.
    """
    if axis.get_scale() != "log":
        return
    low, high = axis.get_view_interval()
    first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
    if last - first >= 2:
        exponents = range(first, last + 1, -(-(last - first) // 8))
        axis.set_ticks([10.0**n for n in exponents], [f"10{_raised(n)}" for n in exponents])
    else:
        ticks = [m * 10.0**n for n in range(first - 1, last + 1) for m in (1, 2, 5)]
        ticks = [tick for tick in ticks if low <= tick <= high]
        if len(ticks) < 3:  # all within a factor of 5
            ticks = [t for t in MaxNLocator(4).tick_values(low, high) if low <= t <= high]
        axis.set_ticks(ticks, [f"{tick:.6g}" for tick in ticks])
    axis.set_minor_locator(NullLocator())


def _raised(exponent: int) -> str:
    return str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def marker_key(label: str, color: str, edge: str | None = None, marker: str = "o") -> Line2D:
    """A marker for a legend, round by default."""
    look: dict[str, Any] = {"markersize": 7, "markeredgewidth": 1.6 if edge else 0}
    key = Line2D([], [], linestyle="none", marker=marker, color=color, label=label, **look)
    key.set_markeredgecolor(edge or color)
    return key


def save_single(
    path: Path, axes: Axes, title: str, subtitle: str, left: float, size: tuple[float, float]
) -> None:
    """Save the figure of single axes: `size` is the figure's width and the axes' height, in inches,
    `left` what the axes' labels take.
    """
    figure = axes.get_figure(root=True)
    assert figure is not None
    head_of_figure(figure, title, subtitle, left)
    place(axes, left, 0.5, size[0] - left - 0.3, size[1])
    save(figure, path)


def save(figure: Figure, path: Path, dpi: float | None = None) -> None:
    """Write the file that the path's ending asks for, the whole of it or nothing; the same figure
    gives the same bytes. Raises OSError.
    """
    check_ending(path)
    content = io.BytesIO()
    with _any_glyphs():
        if path.suffix.lower() == ".png":
            resolution: Any = dpi or "figure"
            figure.savefig(
                content,
                format="png",
                dpi=resolution,
                metadata={"Software": NAME},
                pil_kwargs={"compress_level": 3},
            )
        else:
            with matplotlib.rc_context({"svg.hashsalt": "minigrad"}):
                figure.savefig(content, format="svg", metadata={"Date": None, "Creator": NAME})
    replace(path, content.getvalue())


@contextmanager
def _any_glyphs() -> Iterator[None]:
    """Without a warning for each character that the font lacks: names are the user's."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"Glyph \d+ .* missing from")
        yield


def check_ending(path: Path) -> None:
    """Raise ValueError unless the path ends in .png or .svg."""
    if path.suffix.lower() not in (".png", ".svg"):
        raise ValueError(f"{path}: a picture's name ends in .png or .svg")
