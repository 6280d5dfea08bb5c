"""One thread for array arithmetic, asked for by commands before numpy is loaded."""

import os

_VARIABLES = (
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OMP_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)


def use_one_thread() -> None:
    """Ask the libraries that numpy multiplies matrices with for one thread each.

    Matrices this small lose time to threads, and one thread adds in one order, so that a run
    reproduces on any number of cores. A variable that is set already stays as it is. numpy reads
    them once, when it is loaded: your own script calls this before, or sets them itself.
    """
    for variable in _VARIABLES:
        os.environ.setdefault(variable, "1")


def usable_cores() -> int:
    """How many processors this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not available on macOS and Windows
        return os.cpu_count() or 1
