"""Tracking: what a training run leaves on disk."""

from minigrad.tracking.run import Run, hold, init, reopen

__all__ = ["Run", "hold", "init", "reopen"]
