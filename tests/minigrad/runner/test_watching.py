"""A training in a notebook shows a bar and the curve of the loss; elsewhere nothing."""

import sys
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from minigrad import runner, sweep
from minigrad.config import load
from minigrad.runner import watching
from minigrad.tracking import store


class Screen:
    """A stand-in for IPython in a notebook: what is shown, and each change of it."""

    def __init__(self) -> None:
        self.shown: list[str] = []

    def display(self, data: dict[str, str], *, raw: bool, display_id: bool) -> "Screen":
        assert raw
        assert display_id
        self.shown.append(data["text/html"])
        return self

    def update(self, data: dict[str, str], *, raw: bool) -> None:
        assert raw
        self.shown.append(data["text/html"])


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Screen:
    screen = Screen()
    shell = SimpleNamespace(kernel=object())
    ipython = SimpleNamespace(get_ipython=lambda: shell)
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    display: Any = SimpleNamespace(display=screen.display)
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    return screen


def test_a_training_in_a_notebook_is_watched(screen: Screen, tmp_path: Path) -> None:
    runner.train("configs/xor.yaml", ["train.steps=50"], store=str(tmp_path))
    first, last = screen.shown[0], screen.shown[-1]
    assert "step 0 of 50" in first
    assert "step 50 of 50, loss 0." in last
    assert '<progress value="50" max="50"' in last
    assert "<polyline" in last


def test_a_training_that_diverges_shows_its_last_state(screen: Screen, tmp_path: Path) -> None:
    run = runner.train("configs/xor.yaml", ["loss=mse", "optimizer.lr=1e5"], store=str(tmp_path))
    assert run.status == "diverged"
    assert "of 500" in screen.shown[-1]


def test_elsewhere_nothing_is_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for shell in (None, SimpleNamespace()):  # no IPython, and one at a terminal
        ipython: Any = SimpleNamespace(get_ipython=lambda shell=shell: shell)
        monkeypatch.setitem(sys.modules, "IPython", ipython)
        assert watching.display() is None
    runner.train("configs/xor.yaml", ["train.steps=5"], store=str(tmp_path))
    assert capsys.readouterr() == ("", "")


def test_a_long_curve_is_thinned_to_few_points() -> None:
    points = watching._Points()
    for step in range(100_000):
        points.add(step, 1.0 / (1 + step))
    assert 300 <= len(points.steps) <= 601
    assert points.steps[0] == 0
    assert points.steps[-1] > 99_000
    assert points.losses == [1.0 / (1 + step) for step in points.steps]
    gaps = {later - earlier for earlier, later in pairwise(points.steps)}
    assert len(gaps) == 1, "every part of the curve is drawn as finely"


def test_a_run_is_shown_with_its_results_and_its_curve(tmp_path: Path) -> None:
    run = runner.train("configs/xor.yaml", ["train.steps=30"], store=str(tmp_path))
    shown = run._repr_html_()
    for text in (run.id, "finished", "final_loss", "<polyline"):
        assert text in shown
    (run.path / "metrics.jsonl").unlink()
    damaged = store.load(run.path)
    assert "damaged" in damaged._repr_html_()


def test_a_sweep_is_shown_as_a_table_of_what_varies() -> None:
    from concurrent.futures import ThreadPoolExecutor

    configs = [load("configs/xor.yaml", ["loss=mse", f"optimizer.lr={lr}"]) for lr in (0.5, 1e5)]
    results = sweep.run(configs, ThreadPoolExecutor(1))
    shown = results._repr_html_()
    assert "optimizer.lr" in shown
    assert "diverged" in shown
    assert "model.init" not in shown
    assert "2 runs" in shown
