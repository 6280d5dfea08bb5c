"""minigrad: a tiny neural-net training framework with experiment tracking."""

import sys
from typing import TYPE_CHECKING, Any

if sys.argv[:1] == ["-m"]:  # a command, whose imports take a while: Ctrl-C is no traceback there
    from minigrad.terminal import signals

    signals.install(signals.end_at_once)

import minigrad.pickling  # noqa: F401 - teaches pickle about Value
from minigrad.value import Value, maximum, minimum

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

__all__ = ["Tensor", "Value", "maximum", "minimum"]


def __getattr__(name: str) -> Any:
    if name == "Tensor":
        from minigrad.tensor import Tensor  # here: who has no tensors should not wait for numpy

        return Tensor
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
