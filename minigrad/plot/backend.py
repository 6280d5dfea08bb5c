"""Loads matplotlib independently of the variable MPLBACKEND.

matplotlib refuses to load with a backend that it does not know. Pictures in files need none.
"""

import os
from contextlib import suppress

_name = os.environ.pop("MPLBACKEND", None)
try:
    import matplotlib
finally:
    if _name is not None:
        os.environ["MPLBACKEND"] = _name
if _name is not None:
    with suppress(ValueError):
        matplotlib.rcParams["backend"] = _name  # for the window of `runs plot`
