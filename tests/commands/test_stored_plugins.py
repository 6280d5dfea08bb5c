"""Plugins of a stored config: what came with a run is not run before somebody has trusted it."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from minigrad import runs, train
from minigrad.config import plugins
from minigrad.sweep.__main__ import main as sweep_main
from minigrad.sweep.cells import check as check_cells
from minigrad.sweep.grid import parse as grid_of
from minigrad.sweep.plan import SweepPlan
from minigrad.sweep.store import SweepStore

SETTINGS = ["train.steps=4", "expect={}"]
pytestmark = pytest.mark.usefixtures("without_pictures")


class Runs:
    """A plugin that leaves a trace each time it is run, and a run whose config names it."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
        self.store, self.plugin, self.trace = folder / "store", folder / where, folder / "trace"
        self.monkeypatch = monkeypatch
        self.plugin.parent.mkdir(exist_ok=True)
        self.write()

    def write(self, more: str = "") -> None:
        trace = f"with open({str(self.trace)!r}, 'a') as trace:\n    trace.write('x')\n"
        self.plugin.write_text(trace + more)

    def count(self) -> int:
        return len(self.trace.read_text()) if self.trace.exists() else 0

    def fresh(self) -> None:
        """As in another process: no plugin has been run, and none has left its trace."""
        self.monkeypatch.setattr(plugins, "_loaded", {})
        self.trace.unlink(missing_ok=True)

    def train(self, *overrides: str) -> Path:
        self.fresh()
        arguments = ["configs/xor.yaml", f"plugins=[{self.plugin}]", *SETTINGS, *overrides]
        assert train.main([*arguments, "--out", str(self.store)]) == 0
        assert self.count() == 1
        self.fresh()
        return (self.store / "latest").resolve()

    def resume(self, *arguments: str) -> int:
        return train.main(["--resume", "latest", *arguments, "--out", str(self.store)])

    def verify(self, *arguments: str) -> int:
        return runs.main(["verify", "latest", *arguments, "--store", str(self.store)])


@pytest.fixture(params=["outside.py", "store/inside.py"])
def stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Runs:
    return Runs(tmp_path, monkeypatch, request.param)


@pytest.fixture
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runs:
    return Runs(tmp_path, monkeypatch, "outside.py")


VERBS: dict[str, Callable[[Runs, list[str]], int]] = {
    "verify": lambda stored, more: stored.verify(*more),
    "resume": lambda stored, more: stored.resume("train.steps=8", *more),
}


@pytest.mark.parametrize("verb", VERBS)
def test_a_recorded_plugin_outside_the_store_runs_and_others_ask(
    stored: Runs, verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    stored.train()
    is_outside = stored.plugin.name == "outside.py"
    capsys.readouterr()
    assert VERBS[verb](stored, []) == (0 if is_outside else 2)
    assert stored.count() == is_outside
    error = capsys.readouterr().err
    if not is_outside:
        assert f"plugin {stored.plugin} lies inside the store" in error
        assert "--trust-plugins" in error
        assert error.count("\n") == 1
        assert VERBS[verb](stored, ["--trust-plugins"]) == 0
        assert stored.count() == 1


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("change", ["the file", "the record", "no record"])
def test_a_plugin_that_is_not_the_recorded_one_asks(
    outside: Runs, verb: str, change: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run = outside.train()
    facts = json.loads((run / "run.json").read_text())
    if change == "the file":
        outside.write("pass\n")
    elif change == "the record":
        facts["sha256"][str(outside.plugin)] = "0" * 64
    else:
        del facts["sha256"]
    (run / "run.json").write_text(json.dumps(facts))
    capsys.readouterr()
    assert VERBS[verb](outside, []) == 2
    assert outside.count() == 0
    assert "checksum" in capsys.readouterr().err


REFUSALS: dict[str, Callable[[Runs, Path], int]] = {
    "fewer steps": lambda stored, _: stored.resume("train.steps=2"),
    "as many steps": lambda stored, _: stored.resume("train.steps=4"),
    "another rate": lambda stored, _: stored.resume("optimizer.lr=7"),
    "another value that is none": lambda stored, _: stored.resume("optimizer.lr=x"),
    "an override that is none": lambda stored, _: stored.resume("train.steps=8", "nonsense=[="),
    "a bad checkpoint": lambda stored, run: (
        [(run / name).write_text("x") for name in ("checkpoint.json", "checkpoint.previous.json")],
        stored.resume("train.steps=8"),
    )[1],
    "no lines to verify": lambda stored, run: (
        (run / "metrics.jsonl").write_text(""),
        stored.verify(),
    )[1],
    "a config that no plugin mends": lambda stored, run: (
        (run / "config.yaml").write_text(
            (run / "config.yaml").read_text().replace("steps: 4", "steps: -4")
        ),
        stored.verify(),
    )[1],
    "another plugin beside it": lambda stored, run: (
        (run / "config.yaml").write_text(
            (run / "config.yaml").read_text().replace("plugins: [", "plugins: [/nowhere.py, ")
        ),
        stored.verify(),
    )[1],
}


@pytest.mark.parametrize("refusal", REFUSALS)
def test_no_plugin_runs_where_the_command_refuses(outside: Runs, refusal: str) -> None:
    run = outside.train()
    assert REFUSALS[refusal](outside, run) == 2
    assert outside.count() == 0


def test_a_handed_store_runs_nothing(outside: Runs, tmp_path: Path) -> None:
    run = outside.train()
    handed = tmp_path / "handed"
    shutil.copytree(outside.store, handed, symlinks=True)
    shutil.copy(outside.plugin, handed / run.name / "ops.py")
    config = handed / run.name / "config.yaml"
    config.write_text(config.read_text().replace(str(outside.plugin), "ops.py"))
    for verb in ("list", "show latest", "check", "compare latest", "diff latest latest"):
        runs.main([*verb.split(), "--store", str(handed)])
    assert runs.main(["verify", "latest", "--store", str(handed)]) == 2
    assert train.main(["--resume", "latest", "train.steps=8", "--out", str(handed)]) == 2
    assert outside.count() == 0


def test_a_sweep_that_goes_on_asks_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stored = Runs(tmp_path, monkeypatch, "outside.py")
    grid = ["configs/xor.yaml", f"plugins=[{stored.plugin}]", *SETTINGS, "optimizer.lr=0.1"]
    points = grid_of([f"{text}" for text in grid[1:]])
    plan = SweepPlan(grid[0], grid[1:], [], check_cells(grid[0], points))
    store = SweepStore.begin(stored.store, plan)
    store.finish("interrupted")
    stored.write("pass\n")
    stored.fresh()
    assert sweep_main(["--resume", "latest", "--workers", "1", "--out", str(stored.store)]) == 2
    assert "is not the file that the run recorded" in capsys.readouterr().err
    assert stored.count() == 0
