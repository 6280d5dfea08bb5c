"""Files that are whole or absent, whatever happens while they are written. No link is followed."""

import contextlib
import functools
import json
import os
import stat
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from io import FileIO
from pathlib import Path
from typing import BinaryIO

from minigrad.files.untrusted import check_regular, read_unlinked

_PAUSES = (0.01, 0.05, 0.2) if os.name == "nt" else ()  # seconds
_MAX_LAST_LINE = 16_000_000  # bytes
_MAX_OWN = 200_000_000  # bytes
_NONE: Mapping[bytes, str] = {}
_LOCK_SECONDS = 0.5  # a reader that tests for a writer holds the lock for a moment


def replace(
    path: Path,
    content: bytes,
    keep_as: Path | None = None,
    *,
    durable: bool = True,
    still: Callable[[], bool] = lambda: True,
) -> None:
    """Write the whole file or leave the old one as it was; the old one stays as `keep_as`.

    The content is on the disk before the name points to it (fsync, if `durable`), so neither a kill
    nor a power cut leaves half a file. A link at `path` is replaced, and what it points to stays as
    it is. Raises OSError; then nothing has changed, as where `still` says, at the last moment, that
    the file is no longer the one that the content was made from.
    """
    draft = _draft(path)
    try:
        _create(draft, content, durable)
        if keep_as is not None and path.exists():
            second_name = _draft(keep_as)
            second_name.unlink(missing_ok=True)
            try:
                second_name.hardlink_to(path)  # so that there is no moment without a file there
            except OSError:  # a file system that has no second names
                _create(second_name, path.read_bytes(), durable)
            _rename(second_name, keep_as)
            second_name.unlink(missing_ok=True)  # renaming does nothing if both are one file
        if not still():
            raise OSError(0, "another process changed it in this moment: try again")
        _rename(draft, path)
    finally:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)


class Taken(ValueError):
    """A file that is there and may not be replaced; one sentence that says what to do instead."""


def check_free(
    path: Path, force: bool, own: Mapping[bytes, str] = _NONE, *, replaced: bool = False
) -> None:
    """Raise Taken where to write a file would replace one, unless `force` is true, or it holds one
    of the marks of `own`, by which we know files that we made. The value of a mark is what they are
    called in the message. A device or a pipe is free for `write_out`, not to be `replaced`.
    """
    is_other = os.path.exists(path) and not (path.is_file() or path.is_dir())
    if force or (is_other and not replaced) or not os.path.lexists(path):
        return
    try:
        content = read_unlinked(path, _MAX_OWN) if own else b""
    except OSError:  # a link, or larger than any of ours
        content = b""
    if not any(mark in content for mark in own):
        kinds = " or ".join(dict.fromkeys(own.values()))
        there = f"{path} exists already" + (f" and is no {kinds} of minigrad's" if own else "")
        raise Taken(f"{there}: --force replaces it, --out names another place")


def write_out(path: Path, content: bytes) -> None:
    """Write a file that a user has named: a device or a pipe is written to, anything else is
    replaced. Raises OSError, its `strerror` for people.
    """
    if os.path.exists(path) and not os.path.isfile(path):  # as /dev/null, and a directory
        path.write_bytes(content)
    else:
        replace(path, content)


def remove_drafts(paths: Iterable[Path]) -> None:
    """What a process that was killed in `replace` left behind, if no other writes these files."""
    for path in paths:
        with contextlib.suppress(OSError):
            _draft(path).unlink(missing_ok=True)


def _draft(path: Path) -> Path:
    return path.with_name(f".{path.name}.new")


def _rename(draft: Path, path: Path) -> None:
    """Windows refuses this while anyone reads `path`, which is over in a moment. Raises OSError."""
    for pause in _PAUSES:
        try:
            draft.replace(path)
            return
        except PermissionError:
            time.sleep(pause)
    draft.replace(path)


def fill(folder: Path, files: Mapping[str, bytes]) -> None:
    """Make these files in a folder that nobody knows yet; they are on the disk once this returns.

    All are written before the first is waited for (fsync): together they take half the time.
    Raises OSError.
    """
    with contextlib.ExitStack() as stack:
        made = [stack.enter_context(_new(folder / name)) for name in files]
        for file, content in zip(made, files.values(), strict=True):
            file.write(content)
            file.flush()
        for file in made:
            os.fsync(file.fileno())


def _create(path: Path, content: bytes, durable: bool) -> None:
    """A new file; one of that name, such as a draft of a process that was killed, is deleted."""
    path.unlink(missing_ok=True)
    with _new(path) as file:
        file.write(content)
        file.flush()
        if durable:
            os.fsync(file.fileno())


def _new(path: Path) -> BinaryIO:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _flags("O_NOFOLLOW", "O_CLOEXEC", "O_BINARY")
    return os.fdopen(os.open(path, flags, 0o666), "wb")


def relink(link: Path, target: str) -> None:
    """Point the link at a neighbour in one step. Where that is no link but a file of somebody's,
    or the file system has no links, do nothing.
    """
    if os.path.lexists(link) and not link.is_symlink():
        return
    draft = link.with_name(f".{link.name}-{target}-{os.getpid()}")
    try:
        draft.symlink_to(target, target_is_directory=True)
        draft.replace(link)
    except OSError:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)


def open_to_append(path: Path) -> FileIO:
    """A regular file opened for appending, made if there is none.

    Raises OSError for a link or a pipe, its `strerror` for people.
    """
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT
    flags |= _flags("O_NOFOLLOW", "O_CLOEXEC", "O_NONBLOCK", "O_BINARY")
    with contextlib.suppress(FileNotFoundError):
        check_regular(path.lstat().st_mode)  # first, since opening may affect a device
    file = FileIO(os.open(path, flags, 0o666), "r+b")
    try:
        check_regular(os.fstat(file.fileno()).st_mode)
    except OSError:
        file.close()
        raise
    return file


def unshare(path: Path) -> None:
    """Where the file has a second name, as in a backup of hard links, let it be a copy of its own:
    what is written to it changes no other file. Raises OSError.
    """
    with contextlib.suppress(FileNotFoundError):
        if (status := path.lstat()).st_nlink > 1 and stat.S_ISREG(status.st_mode):
            replace(path, read_unlinked(path, status.st_size))


class Lines:
    """A file to which whole lines are appended, each flushed at once.

    What `append` has returned from outlives the process, however that ends. The file belongs to
    one process at a time. Raises OSError where another one is writing it, or it is no file.
    """

    def __init__(self, path: Path) -> None:
        self._file = open_to_append(path)
        try:
            _lock(self._file)
            if os.fstat(self._file.fileno()).st_nlink > 1:
                shared = self._file
                with shared:  # locked until the copy is
                    unshare(path)
                    self._file = open_to_append(path)
                    _lock(self._file)
            if not os.path.samestat(os.fstat(self._file.fileno()), path.lstat()):
                raise OSError(0, "another process is writing it")
            self._end_last_line()
        except OSError:
            self._file.close()
            raise

    def _end_last_line(self) -> None:
        """End a last line that lacks only its line break, and cut off an incomplete one."""
        size = self._file.seek(0, os.SEEK_END)
        start = max(0, size - _MAX_LAST_LINE)
        self._file.seek(start)
        tail = self._file.read(size - start)
        end = tail.rfind(b"\n") + 1
        if start and not end:
            raise OSError(0, "its last line is too long for a log")
        if _is_json_object(tail[end:]):
            self._file.write(b"\n")
        else:
            self._file.truncate(start + end)

    def append(self, line: str) -> None:
        """Raises OSError where the disk is full; then nothing of the line is left."""
        raw, written = f"{line}\n".encode(), 0
        try:
            while written < len(raw):  # after a part, the rest fails with the reason
                written += self._file.write(raw[written:] if written else raw)
        except OSError:
            self._file.truncate(os.fstat(self._file.fileno()).st_size - written)
            raise

    def sync(self) -> None:
        """Wait until all lines are on the disk, so that they outlive a power cut too."""
        os.fsync(self._file.fileno())

    def close(self) -> None:
        self._file.close()


def is_being_written(path: Path) -> bool | None:
    """Whether a process has the file open as `Lines`; None if that is unknown."""
    try:
        import fcntl
    except ImportError:  # Windows has none
        return None
    flags = os.O_RDONLY | _flags("O_NOFOLLOW", "O_CLOEXEC", "O_NONBLOCK")
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            return None
        descriptor = os.open(path, flags)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # a file system without locks
        return None
    finally:
        os.close(descriptor)
    return False


@functools.cache
def _say_unguarded() -> None:
    """Once a process, on stderr."""
    print(
        "files cannot be locked on this system: see that no two processes write one run",
        file=sys.stderr,
    )


def lock_in_time(descriptor: int) -> bool:
    """Lock a file or a folder for this process, within half a second; whether it could."""
    import fcntl  # here, since Windows has none

    give_up = time.monotonic() + _LOCK_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except OSError:
            if time.monotonic() > give_up:
                return False
            time.sleep(0.01)


def _lock(file: FileIO) -> None:
    try:
        import fcntl  # noqa: F401
    except ImportError:  # Windows has none
        _say_unguarded()
        return
    if not lock_in_time(file.fileno()):
        raise OSError(0, f"{_holder(file)} is writing it")


def _holder(file: FileIO) -> str:
    """The process that has locked the file, if the system shows it (Linux, in /proc)."""
    inode = os.fstat(file.fileno()).st_ino
    try:
        locks = Path("/proc/locks").read_text().splitlines()
    except OSError:
        locks = []
    for fields in map(str.split, locks):  # number: FLOCK ADVISORY WRITE pid major:minor:inode ...
        if fields[1] == "FLOCK" and fields[5].rpartition(":")[2] == str(inode):
            return f"process {fields[4]}"
    return "another process"


def _flags(*names: str) -> int:
    """Flags of os.open, those that the system has."""
    return sum(getattr(os, name, 0) for name in names)


def _is_json_object(raw: bytes) -> bool:
    try:
        return isinstance(json.loads(raw), dict)
    except (ValueError, RecursionError):
        return False
