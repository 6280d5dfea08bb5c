"""A training with its run: what stops it, and what it leaves behind."""

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from minigrad import Value, train
from minigrad.config.catalogue import catalogue_text
from minigrad.files.whole import replace
from minigrad.runner import session
from minigrad.tracking import Run
from nn.activations import ACTIVATIONS
from tests.calling import contained
from tests.stored_runs import facts, newest

XOR = ["configs/xor.yaml", "train.steps=12", "train.checkpoint_every=4", "expect={}"]


@pytest.fixture(autouse=True)
def _contained() -> Iterator[None]:
    with contained():
        yield


def printed_lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    printed = capsys.readouterr()
    assert printed.err == ""
    return printed.out.splitlines()


def test_a_regression_with_one_input_has_its_fit_drawn(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    short = ["train.steps=3", "expect={}", "--out", str(tmp_path)]
    assert train.main(["configs/sine.yaml", *short]) == 0
    assert [Path(word).name for word in printed_lines(capsys)[-1].split()[1:]] == [
        "loss.png",
        "fit.png",
    ]
    assert (tmp_path / "latest" / "fit.png").read_bytes().startswith(b"\x89PNG")


def test_snapshots_make_a_strip_and_a_resumed_run_has_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = ["--out", str(tmp_path)]
    assert train.main([*XOR, "train.snapshots=3", *store]) == 0
    strip = tmp_path / "latest" / "snapshots.png"
    pictures = printed_lines(capsys)[-1].split()[1:]
    assert [Path(one).name for one in pictures] == ["loss.png", "boundary.png", "snapshots.png"]
    assert all(Path(one).is_file() for one in pictures)
    assert strip.read_bytes().startswith(b"\x89PNG")
    strip.unlink()
    assert train.main(["--resume", "latest", "train.steps=15", *store]) == 0
    assert [Path(one).name for one in printed_lines(capsys)[-1].split()[1:]] == [
        *("loss.png", "boundary.png")
    ]
    assert not strip.exists()


@pytest.mark.usefixtures("without_pictures")
def test_an_error_within_the_training_is_told_in_a_line_with_its_traceback_in_the_log(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    calls = 0

    @ACTIVATIONS.register
    def worn_out(x: Value) -> Value:
        """tanh, but for one call in the second step"""
        nonlocal calls
        calls += 1
        if calls == 80:  # 8 neurons, 4 points: 32 to evaluate, 32 a step
            raise KeyError("worn out")
        return x.tanh()

    assert train.main([*XOR, "model.activation=worn_out", "--out", str(tmp_path)]) == 1
    sentence = "training failed: KeyError: 'worn out' (traceback in output.log)"
    assert printed_lines(capsys)[0] == sentence
    stored = facts(newest(tmp_path))
    assert (stored["status"], stored["error"]) == ("failed", sentence)
    log = (tmp_path / "latest" / "output.log").read_text()
    assert log.startswith("Traceback")
    assert 'raise KeyError("worn out")' in log
    assert log.endswith(f"{sentence}\n")


@pytest.mark.usefixtures("without_pictures")
@pytest.mark.parametrize("writes", ["log", "save_checkpoint"])
def test_a_full_disk_ends_the_training_with_what_was_written(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    writes: str,
) -> None:
    whole = getattr(Run, writes)
    done: list[None] = []

    def full_the_second_time(run: Run, *given: Any, **named: Any) -> None:
        if done:
            raise OSError(28, "No space left on device")
        done.append(whole(run, *given, **named))

    monkeypatch.setattr(Run, writes, full_the_second_time)
    assert train.main([*XOR, "--out", str(tmp_path)]) == 1
    assert printed_lines(capsys)[0] == "the run cannot be written: No space left on device"
    assert facts(newest(tmp_path))["status"] == "failed"
    logged = (tmp_path / "latest" / "metrics.jsonl").read_text().splitlines()
    assert len(logged) == (1 if writes == "log" else 8)


@pytest.mark.usefixtures("without_pictures")
def test_a_run_whose_end_cannot_be_written_says_so_and_is_no_success(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full_at_the_end(path: Path, content: bytes, **options: Any) -> None:
        if b'"status": "finished"' in content:
            raise OSError(28, "No space left on device")
        replace(path, content, **options)

    monkeypatch.setattr("minigrad.tracking.destination.replace", full_at_the_end)
    assert train.main([*XOR, "--out", str(tmp_path)]) == 1
    assert "run.json cannot be written: No space left on device" in printed_lines(capsys)
    assert facts(newest(tmp_path))["status"] == "running"  # as it was written at the start


def test_a_training_that_breaks_before_its_first_step_has_no_pictures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ACTIVATIONS["logarithm"] = Value.log
    assert train.main([*XOR, "model.activation=logarithm", "--out", str(tmp_path)]) == 1
    first, *_, last = printed_lines(capsys)
    assert first.startswith("training diverged before step 0: log(")
    assert last.startswith("run   ")
    assert facts(newest(tmp_path))["status"] == "diverged"
    assert list(tmp_path.glob("*/*.png")) == []


def test_pictures_that_cannot_be_written_do_not_spoil_the_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("minigrad.plot.style.save", full)
    assert train.main([*XOR, "--out", str(tmp_path)]) == 0
    assert printed_lines(capsys)[-1] == "plot  none: No space left on device"
    assert facts(newest(tmp_path))["status"] == "finished"


def test_list_prints_the_names_and_trains_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert train.main(["--list"]) == 0
    assert printed_lines(capsys) == catalogue_text().splitlines()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("without_pictures")
def test_without_a_count_a_checkpoint_is_saved_when_its_time_has_come(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    saved = []
    whole = Run.save_checkpoint

    def count(run: Run, state: dict[str, Any], *files: Any) -> None:
        saved.append(state["step"])
        whole(run, state, *files)

    monkeypatch.setattr(Run, "save_checkpoint", count)
    monkeypatch.setattr(session, "CHECKPOINT_SECONDS", 0.0)
    monkeypatch.setattr(session, "SPARING", 0.0)
    by_time = [*XOR, "train.checkpoint_every=null", "train.steps=3", "--out", str(tmp_path)]
    assert train.main(by_time) == 0
    monkeypatch.setattr(session, "CHECKPOINT_SECONDS", 3600.0)
    assert train.main(by_time) == 0
    assert saved == [1, 2, 3, 3, 3]  # each step and the end; then the end alone
    printed_lines(capsys)


@pytest.mark.usefixtures("without_pictures")
def test_after_a_signal_while_a_checkpoint_is_saved_no_step_follows_and_nothing_is_saved_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    saved = []
    whole = Run.save_checkpoint

    def interrupted(run: Run, state: dict[str, Any], *files: Any) -> None:
        saved.append(state["step"])
        whole(run, state, *files)
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(Run, "save_checkpoint", interrupted)
    assert train.main([*XOR, "--out", str(tmp_path)]) == 130
    assert saved == [4]
    assert "interrupted by Ctrl-C after step 3 of 12" in printed_lines(capsys)[0]
    assert facts(newest(tmp_path))["status"] == "interrupted"
