"""Imported for its effect, by the rooms that need the packages nn and optim beside this one.

Raises ImportError, with one sentence, where another file of that name hides one of them.
"""

from importlib.util import find_spec
from pathlib import Path

_HOME = Path(__file__).parent.parent


def _check(name: str) -> None:
    origin = _origin(name)
    if origin != _HOME / name / "__init__.py":
        where = origin or f"a folder {name} without __init__.py"
        raise ImportError(
            f"{where} hides minigrad's package {name}: rename it, or start Python elsewhere"
        )


def _origin(name: str) -> Path | None:
    """The file that `import name` would run, or has run."""
    try:
        spec = find_spec(name)
    except ValueError:  # imported already, in a way that left no trace
        return None
    return Path(spec.origin).absolute() if spec and spec.origin else None


_check("nn")
_check("optim")
