"""Sanity checks before a long training: python -m minigrad.doctor CONFIG

`examine` runs them in order, from the data to the optimizer, so that the first one that fails is
the cause of later failures.
"""

import minigrad.neighbours  # noqa: F401 - says which file hides nn or optim
from minigrad.doctor.checks import examine
from minigrad.doctor.finding import Finding

__all__ = ["Finding", "examine"]
