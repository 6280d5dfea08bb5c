"""Files that are whole or absent, whatever happens while they are written."""

import json
import os
import shutil
from io import FileIO
from pathlib import Path


def replace(path: Path, content: bytes, keep_as: Path | None = None) -> None:
    """Write the whole file or leave the old one as it was; the old one stays as `keep_as`.

    The content is on the disk before the name points to it (fsync), so neither a kill nor a power
    cut leaves half a file. Raises OSError; then nothing has changed.
    """
    draft = path.with_name(f".{path.name}.new")
    try:
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if keep_as is not None and path.exists():
            second_name = path.with_name(f".{keep_as.name}.new")
            second_name.unlink(missing_ok=True)
            try:
                second_name.hardlink_to(path)  # so that there is no moment without a file there
            except OSError:  # a file system that has no second names
                shutil.copyfile(path, second_name)
            second_name.replace(keep_as)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def relink(link: Path, target: str) -> None:
    """Point the link at a neighbour in one step; on a file system without links, do nothing."""
    draft = link.with_name(f".{link.name}-{target}-{os.getpid()}")
    try:
        draft.symlink_to(target, target_is_directory=True)
        draft.replace(link)
    except OSError:
        draft.unlink(missing_ok=True)


class Lines:
    """A file to which whole lines are appended, each handed to the system at once.

    What `append` has returned from outlives the process, however that ends. The file belongs to
    one process at a time. Raises OSError where another one is writing it.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("ab", buffering=0)
        try:
            _lock(self._file)
        except OSError:
            holder = _holder(self._file)
            self._file.close()
            raise OSError(0, f"{holder} is writing it") from None
        content = path.read_bytes()
        end = content.rfind(b"\n") + 1
        if _is_json(content[end:]):  # all there but for the line's end
            self._file.write(b"\n")
        else:
            self._file.truncate(end)

    def append(self, line: str) -> None:
        """Raises OSError where the disk is full; then nothing of the line is left."""
        before = os.fstat(self._file.fileno()).st_size
        raw = line.encode() + b"\n"
        try:
            written = self._file.write(raw)
            while written < len(raw):  # the rest fails with the reason
                written += self._file.write(raw[written:])
        except OSError:
            self._file.truncate(before)
            raise

    def sync(self) -> None:
        """Wait until all lines are on the disk, so that they outlive a power cut too."""
        os.fsync(self._file.fileno())

    @property
    def closed(self) -> bool:
        return self._file.closed

    def close(self) -> None:
        self._file.close()


def _lock(file: FileIO) -> None:
    try:
        import fcntl
    except ImportError:  # Windows has none
        return
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _holder(file: FileIO) -> str:
    """The process that has locked the file, where the system says (Linux, in /proc)."""
    inode = os.fstat(file.fileno()).st_ino
    try:
        locks = Path("/proc/locks").read_text().splitlines()
    except OSError:
        locks = []
    for fields in map(str.split, locks):  # number: FLOCK ADVISORY WRITE pid major:minor:inode ...
        if fields[1] == "FLOCK" and fields[5].rpartition(":")[2] == str(inode):
            return f"process {fields[4]}"
    return "another process"


def _is_json(raw: bytes) -> bool:
    try:
        return isinstance(json.loads(raw), dict)
    except ValueError:
        return False
