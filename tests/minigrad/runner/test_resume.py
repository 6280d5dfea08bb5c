"""Going on with a run: to the bit, and what has nothing to go on with."""

import os
import platform
from contextlib import closing
from pathlib import Path

import pytest

from minigrad import train
from minigrad.config import ConfigError
from minigrad.files.whole import Lines
from minigrad.runner.resume import resume_run
from minigrad.tracking import checkpoint, hold, init
from minigrad.tracking.environment import process_start
from minigrad.tracking.store import StoreError
from tests.stored_runs import change_facts, metrics, newest

OVERRIDES = ["train.steps=10", "train.checkpoint_every=4", "expect={}"]
pytestmark = pytest.mark.usefixtures("without_pictures")


def trained(store: Path, *overrides: str, config: str = "configs/xor.yaml") -> Path:
    assert train.main([config, *OVERRIDES, *overrides, "--out", str(store)]) == 0
    return newest(store)


def losses(run: Path) -> list[float]:
    return [line["loss"] for line in metrics(run)]


@pytest.mark.parametrize("batch_size", ["null", "4", "3"])
def test_a_run_goes_on_to_the_bit_whatever_its_batches(tmp_path: Path, batch_size: str) -> None:
    size = f"train.batch_size={batch_size}"
    at_once = trained(tmp_path / "once", size, "train.steps=17")
    in_parts = trained(tmp_path / "parts", size)
    store = str(in_parts.parent)
    assert train.main(["--resume", "latest", "train.steps=17", "--out", store]) == 0
    assert losses(in_parts) == losses(at_once)
    states = [checkpoint.read(run / checkpoint.NAME) for run in (in_parts, at_once)]
    assert states[0]["parameters"] == states[1]["parameters"]


def test_a_running_run_is_refused_by_its_process(tmp_path: Path) -> None:
    run = trained(tmp_path)
    mine = os.getpid()
    alive = {"status": "running", "pid": mine, "pid_start": process_start(mine)}
    change_facts(run, host=platform.node(), **alive)
    with pytest.raises(StoreError, match=rf"is running \(pid {mine}\): stop it first"):
        resume_run(str(tmp_path), "latest", None, ["train.steps=20"])


def test_a_run_that_goes_on_elsewhere_meanwhile_is_read_as_it_is_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = trained(tmp_path)
    arguments = ["--resume", "latest", "train.steps=20", "--out", str(tmp_path)]

    def held_later(path: Path) -> Lines:
        monkeypatch.setattr("minigrad.runner.resume.hold", hold)
        assert train.main(arguments) == 0  # as another process would, before this one holds it
        return hold(path)

    monkeypatch.setattr("minigrad.runner.resume.hold", held_later)
    assert train.main(arguments) == 2
    assert len(losses(run)) == 20


def test_a_run_that_another_process_holds_is_refused_by_that_process(tmp_path: Path) -> None:
    run = trained(tmp_path)
    with closing(hold(run)), pytest.raises(StoreError, match=f"process {os.getpid()} is writing"):
        resume_run(str(tmp_path), "latest", None, ["train.steps=20"])


def test_a_refused_resume_holds_the_run_no_longer(tmp_path: Path) -> None:
    run = trained(tmp_path)
    with pytest.raises(ConfigError, match="is fewer"):
        resume_run(str(tmp_path), "latest", None, ["train.steps=5"])
    hold(run).close()


def test_a_loop_of_ones_own_has_nothing_to_resume(tmp_path: Path) -> None:
    with init("mine", {"lr": 0.1}, store=tmp_path) as run:
        run.log({"loss": 1.0})
    with pytest.raises(StoreError, match="by a loop of your own: there is nothing to resume"):
        resume_run(str(tmp_path), "latest", None, [])


def test_other_code_than_the_runs_is_told(tmp_path: Path) -> None:
    run = trained(tmp_path)
    resumed = resume_run(str(tmp_path), "latest", None, ["train.steps=20"])
    resumed.held.close()
    assert resumed.notes == ["resumed at step 10"]
    change_facts(run, code="0123456789abcdef")
    resumed = resume_run(str(tmp_path), "latest", None, ["train.steps=20"])
    resumed.held.close()
    assert resumed.notes == [
        "the code is not what it was when the run began: what follows may differ",
        "resumed at step 10",
    ]
