"""What the pictures of a sweep share. This imports matplotlib: import it late."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from minigrad.plot.style import INK
from minigrad.sweep.ranking import Standing
from minigrad.terminal.table import cell

BEST = "#d55e00"
_HEAD_INCHES = 0.62


def headed(figure: Figure, title: str, subtitle: str) -> None:
    """A bold title over a pale line at the left edge, above all axes."""
    height = figure.get_figheight()
    figure.get_layout_engine().set(rect=(0, 0, 1, 1 - _HEAD_INCHES / height))  # type: ignore
    left = 0.1 / figure.get_figwidth()
    for text, inches, look in (
        (title, 0.1, {"fontweight": "bold", "fontsize": 12}),
        (subtitle, 0.38, {"fontsize": 9, "alpha": 0.75}),
    ):
        place = 1 - inches / height
        figure.text(left, place, text, va="top", color=INK, parse_math=False, **look)


def quiet(axes: Axes) -> None:
    """Axes in the house's look: no box, a pale grid."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(True, which="major", alpha=0.25)
    axes.set_axisbelow(True)


def is_numeric(values: Sequence[Any]) -> bool:
    return all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in values)


def loss_scale(standings: Sequence[Standing]) -> str:
    """Losses fall by powers of ten; where one is 0 or below, no log axis can show it."""
    return "log" if all(one.q1 > 0 for one in standings) else "linear"


def wants_log(values: Sequence[float]) -> bool:
    """Whether numbers span so much that a straight scale would press most of them together."""
    return min(values) > 0 and max(values) / min(values) > 20


def short_key(key: str) -> str:
    """What is left of a dotted key where the rest is clear: "lr"."""
    return key.rpartition(".")[2]


def short_name(standing: Standing) -> str:
    """A cell in few words: names alone, other values with their key.

    >>> short_name(Standing(1, {"optimizer": "adam", "optimizer.lr": 0.1}, *[0] * 7, None, 0, []))
    'adam, lr 0.1'
    """
    return ", ".join(
        value if isinstance(value, str) else f"{short_key(key)} {cell(value)}"
        for key, value in standing.values.items()
    )


def bounded(standing: Standing) -> Standing:
    """The same with no number that an axis of powers of ten would choke on."""
    return replace(
        standing,
        median=_bounded(standing.median),
        q1=_bounded(standing.q1),
        q3=_bounded(standing.q3),
    )


def _bounded(number: float) -> float:
    if number == 0 or math.isinf(number):
        return number
    return math.copysign(min(max(abs(number), 1e-100), 1e100), number)


def short_loss(standing: Standing) -> str:
    """The median, or what most members did instead of ending with a loss."""
    if math.isfinite(standing.median):
        return short_number(standing.median)
    return "failed" if standing.failed > standing.diverged else "diverged"


def short_number(number: float) -> str:
    """Two digits, in few characters.

    >>> short_number(0.00011257), short_number(0.55), short_number(12.0)
    ('1.1e-4', '0.55', '12')
    """
    if not math.isfinite(number) or number == 0 or 0.001 <= abs(number) < 1000:
        return f"{number:.2g}"
    mantissa, exponent = f"{number:.1e}".split("e")
    return f"{mantissa}e{int(exponent)}"
