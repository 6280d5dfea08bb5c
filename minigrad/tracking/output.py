"""Copies what a run prints to output.log as well."""

import io
import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO

from minigrad.files.whole import open_to_append, unshare


class Tee:
    """A stream that writes to another one and to a file; a full disk never stops the program."""

    def __init__(self, stream: TextIO, log: "OutputLog") -> None:
        self._stream, self._log = stream, log

    def write(self, text: str) -> int:
        self._log.write(text)
        return self._stream.write(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class OutputLog:
    """While it is open, all that Python code prints goes to the file too."""

    def __init__(self, path: Path) -> None:
        unshare(path)
        raw = io.BufferedWriter(open_to_append(path))
        self._log = io.TextIOWrapper(raw, encoding="utf-8", errors="backslashreplace")
        self._pid = os.getpid()
        self._streams = sys.stdout, sys.stderr
        self._tees = Tee(sys.stdout, self), Tee(sys.stderr, self)
        sys.stdout, sys.stderr = self._tees

    def write(self, text: str) -> None:
        """Write to the file alone. In a forked child, which only inherited it, do nothing."""
        if os.getpid() == self._pid:
            with suppress(OSError, ValueError):  # full, or closed after the run's end
                self._log.write(text)
                self._log.flush()

    def close(self) -> None:
        # another stream may have been installed since: do not remove it
        if sys.stdout is self._tees[0]:
            sys.stdout = self._streams[0]
        if sys.stderr is self._tees[1]:
            sys.stderr = self._streams[1]
        with suppress(OSError):
            self._log.close()
