"""Tracking: what a training run leaves on disk."""

from minigrad.tracking.run import Run, init, reopen

__all__ = ["Run", "init", "reopen"]
