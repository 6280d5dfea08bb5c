"""Tracking: what a training run leaves on disk."""

from minigrad.tracking.run import Run

__all__ = ["Run"]
