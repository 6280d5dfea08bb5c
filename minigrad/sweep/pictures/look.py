"""Text, numbers and scales that the pictures of a sweep share."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from minigrad.sweep.ranking import Standing
from minigrad.terminal.table import cell, is_number


@dataclass(frozen=True)
class Head:
    """What stands above a picture, and the name of what it shows."""

    title: str
    subtitle: str
    metric: str


def is_numeric(values: Sequence[Any]) -> bool:
    return all(map(is_number, values))


def loss_scale(standings: Sequence[Standing]) -> str:
    """A log scale, since losses fall by powers of ten, unless one is 0 or less."""
    return "log" if all(one.q1 > 0 for one in standings) else "linear"


def wants_log(values: Sequence[float]) -> bool:
    """Whether the numbers span so much that a linear scale would crowd most of them together."""
    return min(values) > 0 and max(values) / min(values) > 20


def short_key(key: str) -> str:
    """The last part of a dotted key: "lr" of "optimizer.lr"."""
    return key.rpartition(".")[2]


def short_name(standing: Standing) -> str:
    """A cell in few words: names alone, other values with their key.

    >>> short_name(Standing(1, {"optimizer": "adam", "optimizer.lr": 0.1}, *[0] * 7, None, 0, []))
    'adam, lr 0.1'
    """
    return ", ".join(
        cell(value) if isinstance(value, str) else f"{short_key(key)} {cell(value)}"
        for key, value in standing.values.items()
    )


def bounded(standing: Standing) -> Standing:
    """The standing with its numbers within what a log axis can show."""
    median, q1, q3 = map(_bounded, (standing.median, standing.q1, standing.q3))
    if q1 == -math.inf:  # more is better, and members are lost: the pictures' sign of that is inf
        q1, median = (median, median) if math.isfinite(median) else (math.inf, math.inf)
    return replace(standing, median=median, q1=q1, q3=q3)


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
