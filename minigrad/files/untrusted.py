"""Files read without trusting them: no pipe hangs, no endless device fills the memory."""

import json
import os
import stat
from pathlib import Path
from typing import Any, BinaryIO

_MAX_DEPTH = 50
_MAX_DIGITS = 308  # a float holds no larger number


def read_regular(path: str | Path, limit: int) -> bytes:
    """At most `limit + 1` bytes of a regular file: one more than allowed tells that it is larger.

    Raises OSError as `open_regular` does.
    """
    with open_regular(path) as file:
        return file.read(limit + 1)


def read_unlinked(path: str | Path, limit: int) -> bytes:
    """The whole of a regular file that is no link. Raises OSError, also for one above the limit."""
    with open_regular(path, follow_links=False) as file:
        return file.read(size_within(file, limit))


def open_regular(path: str | Path, *, follow_links: bool = True) -> BinaryIO:
    """A regular file to be read. Raises OSError, its `strerror` for people, for anything else."""
    # without O_NONBLOCK, to open a pipe would wait for its other end
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
    if not follow_links:
        flags |= getattr(os, "O_NOFOLLOW", 0)
    try:
        # before it is opened, which a device may notice
        check_regular(os.stat(path, follow_symlinks=follow_links).st_mode)
        descriptor = os.open(path, flags)
    except ValueError as error:  # a null character or half a surrogate pair in the name
        raise OSError(0, "this cannot be the name of a file") from error
    try:
        check_regular(os.fstat(descriptor).st_mode)  # it may have been replaced in between
    except OSError:
        os.close(descriptor)
        raise
    return os.fdopen(descriptor, "rb")


def check_regular(mode: int) -> None:
    """Raise OSError unless this is the mode of a regular file."""
    if not stat.S_ISREG(mode):
        kinds = {stat.S_IFDIR: "a directory", stat.S_IFLNK: "a link, which is not followed"}
        kind = kinds.get(stat.S_IFMT(mode), "not a regular file")
        raise OSError(0, f"it is {kind}")


def size_within(file: BinaryIO, limit: int) -> int:
    """The file's size in bytes. Raises OSError where that is above the limit."""
    if (size := os.fstat(file.fileno()).st_size) > limit:
        raise OSError(0, f"it is larger than {limit:,} bytes")
    return size


def parse_json(raw: bytes) -> Any:
    """The value of a JSON text, of bounded depth and with numbers that a float can hold.

    Raises ValueError, a JSONDecodeError where the text is not JSON.
    """
    try:
        data = json.loads(raw.decode())
    except RecursionError:
        raise ValueError(f"nested deeper than {_MAX_DEPTH} levels") from None
    level = [data]
    for _ in range(_MAX_DEPTH):
        members = [m for value in level if isinstance(value, (dict, list)) for m in _members(value)]
        for value in members:
            if isinstance(value, int) and abs(value) >= 10**_MAX_DIGITS:
                raise ValueError(f"a number of more than {_MAX_DIGITS} digits")
        if not members:
            return data
        level = members
    raise ValueError(f"nested deeper than {_MAX_DEPTH} levels")


def _members(value: dict[str, Any] | list[Any]) -> list[Any]:
    return list(value.values()) if isinstance(value, dict) else value
