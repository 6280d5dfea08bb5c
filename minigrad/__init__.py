"""minigrad: a tiny neural-net training framework with experiment tracking."""

import minigrad.pickling  # noqa: F401 - teaches pickle about Value
from minigrad.value import Value, maximum, minimum

__all__ = ["Value", "maximum", "minimum"]
