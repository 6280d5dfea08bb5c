"""Where a run is written: into a directory, or into memory."""

import contextlib
import io
import os
import shutil
import time
from pathlib import Path
from typing import Any, Protocol, Self

from minigrad.files.whole import Lines, is_being_written, remove_drafts, replace
from minigrad.tracking import checkpoint, layout
from minigrad.tracking.names import is_id, new_id
from minigrad.tracking.output import OutputLog

_OWN_FILES = (layout.RUN, layout.CONFIG, layout.CHECKPOINT, layout.PREVIOUS_CHECKPOINT)
_ABANDONED = 3600  # seconds


class Output(Protocol):
    """Takes the text of output.log."""

    def write(self, text: str, /) -> object: ...


class Destination(Protocol):
    """What a Run writes to. All raise OSError where they cannot write."""

    @property
    def path(self) -> Path:
        """What messages call it."""

    @property
    def output(self) -> Output:
        """Takes what the run prints."""

    def append(self, line: str) -> None:
        """Add a line to metrics.jsonl; it outlives the process once this returns."""

    def write(self, name: str, content: bytes, *, durable: bool = True) -> None:
        """Make or replace a whole file; `durable` waits until it would outlive a power cut."""

    def write_checkpoint(self, state: dict[str, Any], files: dict[str, bytes]) -> None:
        """Replace the checkpoint, and the files that belong to it."""

    def close(self) -> None: ...


class Directory:
    """A run's directory; while it is open, it belongs to this process alone.

    `lines` is its metrics.jsonl, opened already. Raises OSError where another process is writing
    the run.
    """

    @classmethod
    def create(cls, store: Path, name: str) -> Self:
        """A new one, hidden until it is whole: then `publish` it."""
        path = make_hidden_directory(store, name)
        try:
            return cls(path)
        except OSError:
            path.rmdir()
            raise

    def __init__(self, path: Path, lines: Lines | None = None) -> None:
        self.path = path
        self._lines = lines or Lines(path / layout.METRICS)
        try:
            self.output = OutputLog(path / layout.OUTPUT)
        except OSError:
            self._lines.close()
            raise
        remove_drafts(path / file for file in _OWN_FILES)

    def publish(self) -> None:
        """Give it its final name, so that it is listed with the others."""
        self.path = self.path.rename(shown_path(self.path))

    def append(self, line: str) -> None:
        self._lines.append(line)

    def write(self, name: str, content: bytes, *, durable: bool = True) -> None:
        replace(self.path / name, content, durable=durable)

    def write_checkpoint(self, state: dict[str, Any], files: dict[str, bytes]) -> None:
        self._lines.sync()  # the log must not end before the state that goes on from it
        for name, content in files.items():
            self.write(name, content)
        checkpoint.write(self.path, state)

    def close(self) -> None:
        self._lines.close()
        self.output.close()


class Memory:
    """A run in memory: its files by their names."""

    def __init__(self, name: str) -> None:
        self.path = Path(name)
        self.output = io.StringIO()
        self._lines: list[str] = []
        self._files: dict[str, bytes] = {}
        self._state: dict[str, Any] | None = None

    def append(self, line: str) -> None:
        self._lines.append(f"{line}\n")

    def write(self, name: str, content: bytes, *, durable: bool = True) -> None:  # noqa: ARG002
        self._files[name] = content

    def write_checkpoint(self, state: dict[str, Any], files: dict[str, bytes]) -> None:
        self._state = state
        self._files |= files

    def close(self) -> None:
        pass

    @property
    def files(self) -> dict[str, bytes]:
        """All that a directory would hold, but for the checkpoint before the last."""
        texts = {layout.METRICS: "".join(self._lines), layout.OUTPUT: self.output.getvalue()}
        encoded = {name: text.encode(errors="backslashreplace") for name, text in texts.items()}
        if self._state is not None:
            encoded[layout.CHECKPOINT] = checkpoint.sealed(self._state)
        return self._files | encoded


def make_hidden_directory(store: Path, name: str) -> Path:
    """As `make_directory`, but hidden until it is renamed to its `shown_path`. (On Windows it is
    seen at once: there a folder with an open file keeps its name.) Raises OSError.
    """
    _remove_abandoned(store)
    return make_directory(store, name, hidden=os.name != "nt")


def shown_path(path: Path) -> Path:
    """The path that a hidden directory gets once it is whole."""
    return path.with_name(path.name.removeprefix("."))


def _remove_abandoned(store: Path) -> None:
    """Delete the hidden directories of processes that were killed before their run was whole. One
    that is younger than an hour is left alone, since its process may still be opening its files.
    """
    with contextlib.suppress(OSError):
        for entry in os.scandir(store):
            if not (entry.name.startswith(".") and is_id(entry.name[1:])):
                continue
            with contextlib.suppress(OSError):
                path = Path(entry.path)
                age = time.time() - entry.stat(follow_symlinks=False).st_mtime
                if age > _ABANDONED and is_being_written(path / layout.METRICS) is not True:
                    shutil.rmtree(path)  # which refuses a link


def make_directory(store: Path, name: str, *, hidden: bool = False) -> Path:
    """A new directory below `store`, named by UTC time, `name` and chance; if `hidden`, with a dot
    before the name, which no other has or gets. Raises OSError.
    """
    store.mkdir(parents=True, exist_ok=True)
    while True:
        identity = new_id(name)
        path = store / f".{identity}" if hidden else store / identity
        try:
            path.mkdir()  # fails where it exists: no run is ever written into another
        except FileExistsError:
            continue
        if hidden and os.path.lexists(store / identity):
            path.rmdir()
            continue
        return path
