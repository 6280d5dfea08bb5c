"""Tracking: the files of training runs."""

from minigrad.tracking.run import Run, hold, init, reopen

__all__ = ["Run", "hold", "init", "reopen"]
