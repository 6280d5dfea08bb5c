"""What holds for every test: one that hangs is stopped, and Ctrl-C reaches it."""

import gc
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser import browser as browser  # here, for there can be one in a process
from tests.waiting import HANG

# hundreds of tests start Python: each would compile all modules that it imports
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def pytest_collection_finish() -> None:
    """Thousands of tests as objects: no collection of garbage need go through them again."""
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Stop a test that hangs, with its fixtures. Nothing else measures a test's time."""

    def stop(_signal: int, _frame: object) -> None:
        raise TimeoutError(f"{item.nodeid} hangs")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, HANG)
    try:
        return (yield)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.fixture
def without_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command train draws none: they would take longer than most trainings of tests."""
    monkeypatch.setattr("minigrad.train.draw", lambda _session: [])


@pytest.fixture
def in_tmp_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test runs in a folder of its own, empty at first."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True)
def _ctrl_c_arrives() -> Iterator[None]:
    """A job in the background of a shell ignores SIGINT, and its child processes inherit that."""
    inherited = signal.getsignal(signal.SIGINT)
    if inherited == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, inherited)
