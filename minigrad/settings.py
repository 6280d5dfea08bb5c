"""Settings: the keywords of a function that a config may set, their intervals, and the check.

A setting is declared by its annotation alone: `lr: Annotated[float, Range("(0, inf)")]`.
"""

import functools
import inspect
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args, get_origin


@dataclass(frozen=True)
class Range:
    """An interval in mathematical notation, for a setting's annotation.

    >>> Momentum = typing.Annotated[float, Range("[0, 1)")]
    >>> import math
    >>> 0 in Range("[0, 1)"), 1 in Range("[0, 1)"), math.nan in Range("[0, 1)")
    (True, False, False)
    """

    interval: str

    @property
    def ends(self) -> tuple[float, float]:
        return _ends(self.interval)

    def __contains__(self, number: float) -> bool:
        low, high = self.ends
        above = number >= low if self.interval[0] == "[" else number > low
        below = number <= high if self.interval[-1] == "]" else number < high
        return above and below


@functools.cache
def _ends(interval: str) -> tuple[float, float]:
    low, high = interval[1:-1].split(",")
    return float(low), float(high)


def settings_of(function: Callable[..., Any]) -> Mapping[str, inspect.Parameter]:
    """The settings of `function`: its parameters that are keyword-only or have a default.

    `rng` is not a setting. Every setting has an annotation.
    """
    target = function.__init__ if isinstance(function, type) else function  # type: ignore[misc]
    hints = typing.get_type_hints(target, include_extras=True)
    return {
        name: parameter.replace(annotation=hints[name])
        for name, parameter in inspect.signature(target).parameters.items()
        if name not in ("self", "rng")
        and (parameter.kind is parameter.KEYWORD_ONLY or parameter.default is not parameter.empty)
    }


@dataclass(frozen=True)
class Pair(Range):
    """Two numbers, each in the interval."""


_WORDS = {
    bool: "True or False",
    int: "a whole number",
    float: "a number",
    list[int]: "one or more whole numbers",
    list[float]: "one or more numbers",
}


def check(function: Callable[..., Any], settings: Mapping[str, Any]) -> None:
    """Raise ValueError, with name, range and value, for a setting that its annotation excludes.

    >>> def wait(*, steps: Annotated[int, Range("[1, inf)")] = 1): ...
    >>> check(wait, {"steps": 2.5})
    Traceback (most recent call last):
    ValueError: steps must be a whole number in [1, inf), found 2.5
    """
    annotated = settings_of(function)
    for name, value in settings.items():
        if name not in annotated:
            continue
        kind, ranges = _parts(annotated[name].annotation)
        if not _is_of(kind, value) or not all(_holds(allowed, value) for allowed in ranges):
            raise ValueError(f"{name} must be {_words(kind, ranges)}, found {value!r}")


def check_number(name: str, value: Any, interval: str) -> None:
    """Raise ValueError, with name, range and value, for a number outside of `interval`."""
    if not _is_of(float, value) or value not in Range(interval):
        raise ValueError(f"{name} must be a number in {interval}, found {value!r}")


def _parts(annotation: Any) -> tuple[Any, list[Range]]:
    if get_origin(annotation) is not Annotated:
        return annotation, []
    kind, *marks = get_args(annotation)
    return kind, [mark for mark in marks if isinstance(mark, Range)]


def _is_of(kind: Any, value: Any) -> bool:
    if get_origin(kind) is Literal:
        return isinstance(value, str) and value in get_args(kind)
    if get_origin(kind) is list:
        (inner,) = get_args(kind)
        return isinstance(value, (list, tuple)) and all(_is_of(inner, one) for one in value)
    if kind is bool:
        return isinstance(value, bool)
    if kind in (int, float):  # an int is allowed as a float; True is not a number
        return isinstance(value, (int, kind)) and not isinstance(value, bool)
    return True


def _holds(allowed: Range, value: Any) -> bool:
    members = value if isinstance(value, (list, tuple)) else [value]
    is_right_count = len(members) == 2 if isinstance(allowed, Pair) else len(members) > 0
    return is_right_count and all(member in allowed for member in members)


def _words(kind: Any, ranges: list[Range]) -> str:
    if get_origin(kind) is Literal:
        return " or ".join(map(repr, get_args(kind)))
    words = "two numbers" if any(isinstance(r, Pair) for r in ranges) else _WORDS.get(kind, kind)
    return f"{words} in {ranges[0].interval}" if ranges else str(words)
