"""Registries of the things that a config chooses by name."""

import difflib
import typing
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])


class Registry(dict[str, T]):
    """The things of one kind that a config may name.

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
        """Decorator: adds it under `name`, which may be a keyword of Python, as "and"."""

        def register(item: F) -> F:
            if name in self:
                raise ValueError(f"{self.kind} {name!r} exists already: choose another name")
            self[name] = typing.cast(T, item)
            return item

        return register

    def __missing__(self, name: str) -> T:
        raise ValueError(f"unknown {self.kind} {name!r}: {suggestion(name, self)}")


def suggestion(name: str, known: Iterable[str]) -> str:
    """A hint for an unknown `name`: the nearest known name, then all of them."""
    names = sorted(known)
    near = difflib.get_close_matches(name[:100], names, n=1)
    return (f"did you mean {near[0]!r}? " if near else "") + f"Known: {', '.join(names)}"
