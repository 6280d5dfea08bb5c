"""Plugins: Python files of the user's own that add names to the registries when they are run."""

import runpy
import traceback
from pathlib import Path

_loaded: set[Path] = set()


class PluginError(ValueError):
    """A plugin that cannot be run; one line that says which, where and why."""


def load_plugin(path: str | Path) -> None:
    """Run the file as code, once a process. Raises PluginError."""
    resolved = Path(path).resolve()
    if resolved in _loaded:
        return
    try:
        runpy.run_path(str(resolved))
    except OSError as error:
        raise PluginError(f"plugin {path} cannot be read: {error.strerror}") from None
    except SyntaxError as error:
        raise PluginError(f"plugin {path}:{error.lineno}: {error.msg}") from None
    except (Exception, SystemExit) as error:
        line = next(
            (
                f.lineno
                for f in reversed(traceback.extract_tb(error.__traceback__))
                if f.filename == str(resolved)
            ),
            None,
        )
        sentence = ": ".join([type(error).__name__, *str(error).splitlines()[:1]])
        raise PluginError(f"plugin {path}:{line}: {sentence}") from None
    _loaded.add(resolved)
