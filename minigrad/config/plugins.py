"""Plugins: Python files of the user's own that add names to the registries when they are run."""

import traceback
from pathlib import Path

from minigrad.files.untrusted import read_regular
from minigrad.terminal.text import excerpt, path_excerpt

MAX_BYTES = 1_000_000

_loaded: set[Path] = set()


class PluginError(ValueError):
    """A plugin that cannot be run; one line that says which, where and why."""


def load_plugin(path: str) -> None:
    """Run the file as code, once a process. Raises PluginError."""
    name = path_excerpt(path)
    try:
        source = read_regular(path, MAX_BYTES)
    except OSError as error:
        raise PluginError(f"plugin {name} cannot be read: {error.strerror}") from None
    if len(source) > MAX_BYTES:
        raise PluginError(f"plugin {name} is larger than {MAX_BYTES:,} bytes: is this code?")
    resolved = Path(path).resolve()
    if resolved in _loaded:
        return
    try:
        code = compile(source, str(resolved), "exec")
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or 1
        raise PluginError(f"plugin {name}:{line}: {getattr(error, 'msg', error)}") from None
    try:
        exec(code, {"__name__": resolved.stem, "__file__": str(resolved)})
    except BaseException as error:  # whatever it does, even sys.exit, is a fault of the plugin
        frames = traceback.extract_tb(error.__traceback__)
        line = next((f.lineno for f in reversed(frames) if f.filename == str(resolved)), 1)
        raise PluginError(f"plugin {name}:{line}: {_sentence(error)}") from None
    _loaded.add(resolved)


def _sentence(error: BaseException) -> str:
    try:
        message = str(error)
    except Exception:  # its own __str__ may be broken too
        message = ""
    first = [excerpt(line, limit=120) for line in message.splitlines()[:1]]
    return ": ".join([type(error).__name__, *first])
