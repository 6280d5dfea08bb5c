"""The example configs that come with minigrad, by name: `minigrad train xor`."""

import os
from pathlib import Path

_PACKAGE = Path(__file__).parent.parent


def folder() -> Path:
    """Where they are: within the package where it was installed, beside it in a clone."""
    installed = _PACKAGE / "configs"
    return installed if installed.is_dir() else _PACKAGE.parent / "configs"


def names() -> dict[str, str]:
    """The name of each, as its key and as its value."""
    return {path.stem: path.stem for path in sorted(folder().glob("*.yaml"))}


def locate(path: str | Path) -> str | Path:
    """The path itself, or the config that comes under this name where there is no such file."""
    if os.path.lexists(path) or str(path) not in names():
        return path
    return folder() / f"{path}.yaml"
