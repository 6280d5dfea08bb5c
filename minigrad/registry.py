"""Names for the things a config chooses by name, and the intervals their settings must lie in."""

import difflib
import inspect
import typing
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])


class Registry(dict[str, T]):
    """What a config may name, for one kind of thing.

    >>> ACTIVATIONS: Registry[Any] = Registry("activation")
    >>> @ACTIVATIONS.register
    ... def twice(x):
    ...     "2 * x"
    ...     return 2 * x
    >>> ACTIVATIONS["twice"] is twice
    True
    >>> ACTIVATIONS["twise"]
    Traceback (most recent call last):
    ValueError: unknown activation 'twise': did you mean 'twice'? Known: twice
    """

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind

    def register(self, item: F) -> F:
        """Decorator: adds a function or class under its own name in lower case."""
        return self.register_as(item.__name__.lower())(item)

    def register_as(self, name: str) -> Callable[[F], F]:
        """Decorator with a name of its own, for what Python keeps to itself, as "and"."""

        def register(item: F) -> F:
            if name in self:
                raise ValueError(f"{self.kind} {name!r} exists already: choose another name")
            self[name] = typing.cast(T, item)
            return item

        return register

    def __missing__(self, name: str) -> T:
        raise ValueError(f"unknown {self.kind} {name!r}: {suggestion(name, self)}")


def suggestion(name: str, known: Iterable[str]) -> str:
    """What to write instead of `name`: the nearest known name, then all of them."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1)
    return (f"did you mean {near[0]!r}? " if near else "") + f"Known: {', '.join(names)}"


@dataclass(frozen=True)
class Range:
    """An interval as mathematics writes it, for a setting's annotation.

    >>> Momentum = typing.Annotated[float, Range("[0, 1)")]
    >>> import math
    >>> 0 in Range("[0, 1)"), 1 in Range("[0, 1)"), math.nan in Range("[0, 1)")
    (True, False, False)
    """

    interval: str

    @property
    def ends(self) -> tuple[float, float]:
        low, high = self.interval[1:-1].split(",")
        return float(low), float(high)

    def __contains__(self, number: float) -> bool:
        low, high = self.ends
        above = number >= low if self.interval[0] == "[" else number > low
        below = number <= high if self.interval[-1] == "]" else number < high
        return above and below


def settings_of(function: Callable[..., Any]) -> Mapping[str, inspect.Parameter]:
    """The settings a config may give `function`: what it takes by name, but for `rng`.

    Settings have an annotation and come after the first `*` or have a default.
    """
    target = function.__init__ if isinstance(function, type) else function  # type: ignore[misc]
    hints = typing.get_type_hints(target, include_extras=True)
    return {
        name: parameter.replace(annotation=hints[name])
        for name, parameter in inspect.signature(target).parameters.items()
        if name not in ("self", "rng")
        and (parameter.kind is parameter.KEYWORD_ONLY or parameter.default is not parameter.empty)
    }


def check_settings(function: Callable[..., Any], settings: Mapping[str, Any]) -> None:
    """Raise ValueError, by name, range and value, for a setting outside its annotated `Range`."""
    for name, parameter in settings_of(function).items():
        for allowed in getattr(parameter.annotation, "__metadata__", ()):
            value = settings[name]
            members = value if isinstance(value, (list, tuple)) else [value]
            if not all(_is_number(member) and member in allowed for member in members):
                raise ValueError(f"{name} must be a number in {allowed.interval}, found {value!r}")


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
