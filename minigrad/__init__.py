"""minigrad: a tiny neural-net training framework with experiment tracking."""

from minigrad.value import Value, maximum, minimum

__all__ = ["Value", "maximum", "minimum"]
