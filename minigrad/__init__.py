"""minigrad: a tiny neural-net training framework with experiment tracking."""

import sys

if sys.argv[:1] == ["-m"]:  # a command, whose imports take a while: Ctrl-C is no traceback there
    from minigrad.terminal import signals

    signals.install(signals.end_at_once)

import minigrad.pickling  # noqa: F401 - teaches pickle about Value
from minigrad.value import Value, maximum, minimum

__all__ = ["Value", "maximum", "minimum"]
