"""minigrad: a tiny neural-net training framework with experiment tracking."""

import os
import sys

if sys.argv[:1] == ["-m"] or os.path.basename("".join(sys.argv[:1])) in (
    "minigrad",
    "minigrad.exe",
):
    # A command: neither Ctrl-C during its imports nor a hidden package shows a traceback. And what
    # it imports are many objects and few cycles: to look for these as often as Python does took 4 %
    # of its time, and once more at its end, where the process gives all memory back anyhow, 20 %.
    import _signal  # type: ignore[import-not-found] # `signal` itself imports for a while

    def _end(number: int, _frame: object) -> None:
        os.write(2, b"interrupted by Ctrl-C\n")
        os._exit(128 + number)

    _signal.signal(_signal.SIGINT, _end)

    import atexit
    import gc

    from minigrad.terminal import signals

    gc.set_threshold(200_000)
    atexit.register(gc.freeze)

    signals.install(signals.end_at_once)
    try:
        import minigrad.neighbours
    except ImportError as error:
        print(error, file=sys.stderr)
        sys.exit(2)

import importlib
from typing import TYPE_CHECKING, Any

import minigrad.pickling  # noqa: F401 - teaches pickle about Value
from minigrad.value import Value, maximum, minimum
from minigrad.version import __version__

_DRAWN = 60  # nodes of a graph in a notebook


def _drawing(value: Value) -> str | None:
    """The graph of a result, as notebooks show it; a leaf has none."""
    from minigrad.graph.svg import to_svg  # here: value.py knows no drawing

    return to_svg(value, _DRAWN) if value.parents else None


setattr(Value, "_repr_svg_", _drawing)  # noqa: B010 - no method of value.py, which draws nothing

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
