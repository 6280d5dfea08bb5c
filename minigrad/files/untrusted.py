"""Files that the user names, read without trusting them: no pipe hangs, no endless device fills
the memory.
"""

import os
import stat
from pathlib import Path
from typing import BinaryIO


def read_regular(path: str | Path, limit: int) -> bytes:
    """At most `limit + 1` bytes of a regular file: one more than allowed tells that it is larger.

    Raises OSError as `open_regular` does.
    """
    with open_regular(path) as file:
        return file.read(limit + 1)


def open_regular(path: str | Path) -> BinaryIO:
    """A regular file to be read. Raises OSError, its `strerror` for people, for anything else."""
    try:
        _check_regular(os.stat(path).st_mode)  # before it is opened, which a device may notice
        # without O_NONBLOCK, to open a pipe would wait for its other end
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except ValueError as error:  # a null character or half a surrogate pair in the name
        raise OSError(0, "this cannot be the name of a file") from error
    return os.fdopen(descriptor, "rb")


def _check_regular(mode: int) -> None:
    if not stat.S_ISREG(mode):
        kind = "a directory" if stat.S_ISDIR(mode) else "not a regular file"
        raise OSError(0, f"it is {kind}")
