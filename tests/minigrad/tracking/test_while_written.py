"""A run that is written, ended, trained on or deleted while it is read is not called damaged, and
neither is what a kill leaves.
"""

import os
import shutil
from collections.abc import Callable
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from minigrad import runs, train
from minigrad.runner.consistency import contradictions
from minigrad.runner.interrupts import AT_ONCE
from minigrad.tracking import hold, reopen, store
from minigrad.tracking.check import check_soundness, check_store
from minigrad.tracking.names import StoreError, ids
from minigrad.tracking.reading import read_log
from minigrad.tracking.store import find, load
from minigrad.tracking.trash import delete
from tests.minigrad.tracking.written import write
from tests.stored_runs import change_facts

A, B = "20261120T000000Z-a-0001", "20261121T000000Z-b-0002"
TESTED = ["configs/iris.yaml", "train.steps=6", "train.log_every=2", "expect={}"]
PLANE = ["configs/xor.yaml", "train.steps=6", "expect={}"]


def trained(store: Path, command: list[str]) -> Path:
    with redirect_stdout(StringIO()):
        train.main([*command, "--out", str(store)])
    return (store / "latest").resolve()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained(tmp_path_factory.mktemp("store"), TESTED)


@pytest.fixture
def tested(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / made.name))


def once(action: Callable[[], object], function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, before whose first call the action is done."""
    waiting = [action]

    def called(*arguments: Any, **named: Any) -> Any:
        while waiting:
            waiting.pop()()
        return function(*arguments, **named)

    return called


@pytest.mark.parametrize("status", ["running", "interrupted", "failed"])
def test_a_test_measured_before_the_end_that_never_came_is_no_damage(
    tested: Path, status: str
) -> None:
    error = None if status == "running" else f"interrupted by Ctrl-C and {AT_ONCE}"
    change_facts(tested, status=status, summary={}, expectations=None, error=error)
    assert check_soundness(load(tested), contradictions).damage == []
    change_facts(tested, status="finished", error=None)
    assert "test.json is there, and the summary has no test_loss" in (
        check_soundness(load(tested), contradictions).damage
    )


def test_a_run_that_is_trained_on_while_it_is_checked_is_sound(
    tested: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (tested / "config.yaml").read_text().replace("steps: 6", "steps: 9")

    written: list[Any] = []

    def train_on() -> None:
        run = reopen(tested, 5, text, hold(tested))
        (tested / "test.json").unlink()
        run.log({"loss": 0.5}, step=6)
        written.append(run)

    monkeypatch.setattr("minigrad.tracking.store.read_log", once(train_on, read_log))
    before = load(tested)
    assert check_soundness(before, contradictions).damage == []
    assert [run.facts.status for run in written] == ["running"]
    written[0].finish("interrupted", "by hand")


def test_what_is_damaged_in_a_run_that_is_being_written_is_said(tested: Path) -> None:
    run = reopen(tested, 5, (tested / "config.yaml").read_text(), hold(tested))
    (tested / "checkpoint.json").write_text("{}")
    (sentence,) = check_soundness(load(tested), contradictions).damage
    assert "checkpoint.json is damaged" in sentence
    run.finish("interrupted", "by hand")


def test_a_run_deleted_after_its_name_was_read_is_neither_listed_nor_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, A)
    for module in ("minigrad.tracking.store", "minigrad.runs"):
        monkeypatch.setattr(f"{module}.ids", lambda folder: [*ids(folder), B])
    assert [run.id for run in store.runs(tmp_path)] == [A]
    assert load(tmp_path / B).damage == [f"{B} is gone: it was deleted or moved a moment ago"]
    runs.main(["check", "--store", str(tmp_path)])
    assert B not in capsys.readouterr().out


def test_latest_never_points_to_a_run_that_is_being_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (A, B):
        write(tmp_path, name)
    (tmp_path / "latest").symlink_to(B)
    rename, seen = os.rename, []

    def looked_at(source: Path, target: Path) -> None:
        rename(source, target)
        seen.append((os.readlink(tmp_path / "latest"), check_store(tmp_path)))

    monkeypatch.setattr("minigrad.tracking.trash.os.rename", looked_at)
    delete(tmp_path, [find(tmp_path, B)])
    assert seen == [(A, [])]


@pytest.mark.parametrize("kind", [KeyboardInterrupt, OSError])
def test_an_end_between_two_pictures_is_no_damage(
    kind: type[BaseException], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def end(*_: object, **__: object) -> None:
        raise kind

    monkeypatch.setattr("minigrad.plot.boundary.draw_boundary", end)
    with pytest.raises(kind) if kind is KeyboardInterrupt else redirect_stdout(StringIO()):
        train.main([*PLANE, "--out", str(tmp_path)])
    assert runs.main(["check", "--store", str(tmp_path)]) == 0
    monkeypatch.undo()
    assert runs.main(["plot", "latest", "--store", str(tmp_path)]) == 0
    assert (tmp_path / "latest" / "boundary.png").exists()


def test_an_error_of_a_plugin_in_a_picture_leaves_the_curve_and_no_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plugin = tmp_path / "mine.py"
    plugin.write_text("")

    def end(*_: object, **__: object) -> None:
        raise RuntimeError("of a plugin")

    monkeypatch.setattr("minigrad.plot.boundary.draw_boundary", end)
    run = trained(tmp_path / "runs", [*PLANE, f"plugins=[{plugin}]"])
    assert (run / "loss.png").exists()
    assert runs.main(["check", "--store", str(tmp_path / "runs")]) == 0


def test_a_run_that_is_trained_on_while_it_is_verified_is_not_called_different(
    tested: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (tested / "config.yaml").read_text().replace("steps: 6", "steps: 9")
    written: list[Any] = []

    def train_on() -> None:
        run = reopen(tested, 5, text, hold(tested))
        run.log({"loss": 0.5}, step=6)
        written.append(run)

    monkeypatch.setattr("minigrad.runner.verify.load", once(train_on, load))
    arguments = ["verify", tested.name, "--store", str(tested.parent)]
    code, error = runs.main(arguments), capsys.readouterr().err
    again = f"{tested.name} was written while it was verified: verify it again\n"
    assert (code, error) == (2, again)
    written[0].finish("interrupted", "by hand")


def test_a_run_that_goes_on_since_it_was_found_is_not_deleted(tested: Path) -> None:
    stored = load(tested)
    held = hold(tested)
    with pytest.raises(StoreError, match=f"{tested.name} is running: stop it"):
        delete(tested.parent, [stored])
    held.close()
    delete(tested.parent, [stored])
    assert not tested.exists()


def test_a_run_does_not_go_on_while_it_is_being_deleted(
    tested: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = []

    def go_on(*_: object, **__: object) -> None:
        with pytest.raises(OSError) as error:
            hold(tested)
        refused.append(error.value.strerror)

    monkeypatch.setattr("minigrad.tracking.trash.settle_latest", go_on)
    delete(tested.parent, [load(tested)])
    assert str(refused[0]).endswith("is writing it")
