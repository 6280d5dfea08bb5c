"""Loads matplotlib: independently of the variable MPLBACKEND, and without what only help() shows.

matplotlib refuses to load with a backend that it does not know. Pictures in files need none. Nor do
they need its cache: where there is no place for one, as without a home, it logs three lines, which
would stand among a command's own.
"""

import importlib
import logging
import os
import sys
from contextlib import suppress

_log = logging.getLogger("matplotlib")
_level = _log.level
_log.setLevel(logging.ERROR)
_name = os.environ.pop("MPLBACKEND", None)
try:
    import matplotlib
finally:
    if _name is not None:
        os.environ["MPLBACKEND"] = _name
if _name is not None:
    with suppress(ValueError):
        matplotlib.rcParams["backend"] = _name  # for the window of `runs plot`


def _load_figures() -> None:
    """Load what draws. While it loads, matplotlib writes the list of each class's properties into
    docstrings, which takes a sixth of that time: it is left out where nobody can ask for help().
    """
    from matplotlib import artist

    list_of_properties = artist.kwdoc
    artist.kwdoc = lambda artist: ""  # noqa: ARG005
    try:
        importlib.import_module("matplotlib.figure")
    finally:
        artist.kwdoc = list_of_properties


if not hasattr(sys, "ps1") and "IPython" not in sys.modules:
    _load_figures()
_log.setLevel(_level)
