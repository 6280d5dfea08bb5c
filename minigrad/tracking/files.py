"""Files that are whole or absent, whatever happens while they are written."""

import os
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
            second_name.hardlink_to(path)  # so that there is no moment without a file at `path`
            second_name.replace(keep_as)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


class Lines:
    """A file to which whole lines are appended, each handed to the system at once.

    What `append` has returned from outlives the process, however that ends. A torn last line, left
    by a full disk, is cut off when the file is opened again.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("ab", buffering=0)
        whole = path.read_bytes().rfind(b"\n") + 1
        self._file.truncate(whole)

    def append(self, line: str) -> None:
        """Raises OSError where the disk is full."""
        raw = line.encode() + b"\n"
        written = self._file.write(raw)
        while written < len(raw):  # the rest fails with the reason
            written += self._file.write(raw[written:])

    def close(self) -> None:
        self._file.close()
