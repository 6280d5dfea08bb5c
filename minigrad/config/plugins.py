"""Plugins: Python files of the user's own that add names to the registries when they are run."""

import hashlib
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from minigrad.files.untrusted import read_regular
from minigrad.terminal.signals import Stopped, expect_foreign_code
from minigrad.terminal.text import excerpt, path_excerpt

MAX_BYTES = 1_000_000

_loaded: dict[Path, str] = {}
"""The sha256 of each file that was run."""


class PluginError(ValueError):
    """A plugin that cannot be run; one line that says which, where and why."""


@dataclass(frozen=True)
class Provenance:
    """The origin of a stored config, which no user has typed: its store, and the sha256 of each
    plugin that run.json records.
    """

    store: Path
    sha256: Mapping[str, object]

    def check(self, path: str) -> None:
        """Raise PluginError for code that may have come with the run, or was changed since."""
        digest = hashlib.sha256(_read(path)).hexdigest()
        recorded = self.sha256.get(path)
        if Path(path).resolve().is_relative_to(self.store.resolve()):
            reason = f"lies inside the store {path_excerpt(self.store)}"
        elif recorded is None:
            reason = "has no checksum in the run's record"
        elif recorded != digest:
            reason = "is not the file that the run recorded: its checksum differs"
        else:
            return
        raise PluginError(
            f"plugin {path_excerpt(path)} {reason}: it is code, so read it first; "
            "--trust-plugins runs it"
        )


def load_plugin(path: str) -> None:
    """Run the file as code, once a process. Raises PluginError."""
    name = path_excerpt(path)
    source = _read(path)
    resolved = Path(path).resolve()
    if resolved in _loaded:
        return
    expect_foreign_code()
    try:
        code = compile(source, str(resolved), "exec")
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or 1
        raise PluginError(f"plugin {name}:{line}: {getattr(error, 'msg', error)}") from None
    try:
        exec(code, {"__name__": resolved.stem, "__file__": str(resolved)})
    except Stopped:
        raise
    except BaseException as error:  # any error in it, even sys.exit, is a fault of the plugin
        frames = traceback.extract_tb(error.__traceback__)
        line = next((f.lineno for f in reversed(frames) if f.filename == str(resolved)), 1)
        raise PluginError(f"plugin {name}:{line}: {_sentence(error)}") from None
    _loaded[resolved] = hashlib.sha256(source).hexdigest()


def sha256(path: str) -> str:
    """The checksum of the code that was run, even if the file has changed since."""
    return _loaded[Path(path).resolve()]


def _read(path: str) -> bytes:
    name = path_excerpt(path)
    try:
        source = read_regular(path, MAX_BYTES)
    except OSError as error:
        raise PluginError(f"plugin {name} cannot be read: {error.strerror}") from None
    if len(source) > MAX_BYTES:
        raise PluginError(f"plugin {name} is larger than {MAX_BYTES:,} bytes: is this code?")
    return source


def _sentence(error: BaseException) -> str:
    try:
        message = str(error)
    except Exception:  # its __str__ may raise too
        message = ""
    first = [excerpt(line, limit=120) for line in message.splitlines()[:1]]
    return ": ".join([type(error).__name__, *first])
