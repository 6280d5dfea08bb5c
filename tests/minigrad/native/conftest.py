"""Without the native machine its tests are skipped, each by name."""

from pathlib import Path

import pytest

from minigrad import native

HERE = Path(__file__).parent
NEED_NO_MACHINE = {"test_pace.py"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if native.available():
        return
    for item in items:
        if HERE in item.path.parents and item.path.name not in NEED_NO_MACHINE:
            item.add_marker(pytest.mark.skip(reason=native.reason()))
