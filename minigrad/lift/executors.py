"""What runs a lifted loss, by name: numpy's functions, or what a room above this one provides."""

import importlib
from collections.abc import Callable
from typing import TypeAlias

from minigrad.lift.lifted import Lifted
from minigrad.registry import Registry, suggestion

Executor: TypeAlias = Callable[[Lifted], Lifted]
"""Takes a lifted loss and gives one with the same methods."""

EXECUTORS: Registry[Callable[[], Executor]] = Registry("engine")
"""Each gives an executor, or raises an error that says in one line why it is not there."""

_PROVIDED_BY = {"native": "minigrad.native.executor"}
"""Modules that register what they are named for: lift imports no room above its own, so they are
loaded when they are asked for."""

EAGER = "eager"
"""The name of what needs no executor: a loss as it is written."""


@EXECUTORS.register_as("numpy")
def _numpy() -> Executor:
    """Array operations of numpy"""
    return lambda lifted: lifted


def executor(name: str) -> Executor:
    """Raises ValueError for an unknown name, and where it is not there what its provider raises."""
    if name in _PROVIDED_BY:
        importlib.import_module(_PROVIDED_BY[name])
    if name not in EXECUTORS:
        known = {EAGER, *EXECUTORS, *_PROVIDED_BY}
        raise ValueError(f"unknown engine {name!r}: {suggestion(str(name), known)}")
    return EXECUTORS[name]()
