"""minigrad: a tiny neural-net training framework with experiment tracking."""

import importlib
import os
import sys
from typing import TYPE_CHECKING, Any

if sys.argv[:1] == ["-m"] or os.path.basename("".join(sys.argv[:1])) in (
    "minigrad",
    "minigrad.exe",
):
    # A command: neither Ctrl-C during its imports nor a hidden package shows a traceback.
    from minigrad.terminal import signals

    signals.install(signals.end_at_once)
    try:
        import minigrad.neighbours
    except ImportError as error:
        print(error, file=sys.stderr)
        sys.exit(2)

import minigrad.pickling  # noqa: F401 - teaches pickle about Value
from minigrad.value import Value, maximum, minimum
from minigrad.version import __version__

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

__all__ = ["Tensor", "Value", "__version__", "maximum", "minimum"]


def __getattr__(name: str) -> Any:
    if name == "Tensor":
        from minigrad.tensor import Tensor  # here, since it imports numpy

        return Tensor
    if name in ("nn", "optim"):  # packages of their own, beside this one
        import minigrad.neighbours  # noqa: F401 - says which file hides one of them

        return importlib.import_module(name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
