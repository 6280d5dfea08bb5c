"""minigrad: a tiny neural-net training framework with experiment tracking."""

import importlib
import sys
from typing import TYPE_CHECKING, Any

if sys.argv[:1] == ["-m"]:  # a command: Ctrl-C during its imports shows no traceback
    from minigrad.terminal import signals

    signals.install(signals.end_at_once)

import minigrad.pickling  # noqa: F401 - teaches pickle about Value
from minigrad.value import Value, maximum, minimum

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

__all__ = ["Tensor", "Value", "maximum", "minimum"]


def __getattr__(name: str) -> Any:
    if name == "Tensor":
        from minigrad.tensor import Tensor  # here, since it imports numpy

        return Tensor
    if name in ("nn", "optim"):  # packages of their own, beside this one
        return importlib.import_module(name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
