"""The version, written here only: pyproject.toml and `minigrad --version` read it."""

__version__ = "0.1.0"
