"""The bar of a sweep moves as soon as members are trained, and tells how they ended."""

import sys
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from minigrad.sweep.bar import Bar
from tests.terminals import Terminal

PLAN: Any = SimpleNamespace(members=6, units=[SimpleNamespace(seeds=(0, 1))] * 3)


def result(*statuses: str) -> Any:
    return SimpleNamespace(members=[SimpleNamespace(status=status) for status in statuses])


def test_members_in_training_count_half(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("LINES", "24")
    with Bar(PLAN, Counter()) as bar:
        bar.in_training([0, 1])
        assert "33%" in screen.getvalue()
        assert "0 of 6 members, 4 in training" in screen.getvalue()
        bar.ended(result("finished", "diverged"))
        assert "50%" in screen.getvalue()
        assert "2 of 6 members, 2 in training, 1 diverged" in screen.getvalue()


def test_a_resumed_sweep_begins_where_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    with Bar(PLAN, Counter(finished=3)):
        assert "3 of 6 members" in screen.getvalue()


def test_elsewhere_it_is_nothing(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert tmp_path.exists()
    with Bar(PLAN, Counter()) as bar:
        bar.in_training([0])
        bar.ended(result("finished", "finished"))
    assert capsys.readouterr() == ("", "")
