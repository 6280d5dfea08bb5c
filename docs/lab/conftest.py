"""Finds the labs' files, and gives each lab its marker: `pytest docs/lab -m lab1`."""

import re
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))  # so that a lab can say `from lab1 import slope`

# Only the tests count here. Imported a second time, as a module that may hold doctests, lab 8 would
# register its optimizers twice.
collect_ignore_glob = ["lab*.py", "judge.py", "*.md"]


def pytest_configure(config: pytest.Config) -> None:
    for page in sorted(HERE.glob("[0-9]*-*.md")):
        number, title = page.stem.split("-", maxsplit=1)
        config.addinivalue_line("markers", f"lab{number}: {title.replace('-', ' ')}")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """With `-m lab1` the other labs are not even read: one may be half-written."""
    wanted = config.getoption("markexpr")
    is_other = collection_path.parent == HERE and collection_path.name != f"test_{wanted}.py"
    return True if re.fullmatch(r"lab\d+", wanted) and is_other else None
