"""A run being written: whole at every moment, never mixed with another."""

import json
import math
import os
import re
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from minigrad import Value
from minigrad.files.whole import replace
from minigrad.tracking import Run, checkpoint, environment, init, reopen
from minigrad.tracking.destination import Directory
from minigrad.tracking.environment import process_start
from minigrad.version import __version__

NewRun = Callable[..., Run]


@pytest.fixture
def new_run(tmp_path: Path) -> Iterator[NewRun]:
    """Makes runs below tmp_path, and closes them at the end."""
    with ExitStack() as stack:
        yield lambda *arguments, **facts: stack.enter_context(
            init(*arguments, store=tmp_path, **facts)
        )


def facts(run: Run) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((run.path / "run.json").read_text())
    return loaded


def lines(run: Run) -> list[dict[str, Any]]:
    """What was logged, without the clock."""
    texts = (run.path / "metrics.jsonl").read_text().splitlines()
    return [{k: v for k, v in json.loads(text).items() if k != "time"} for text in texts]


def test_a_run_is_named_by_time_slug_and_suffix(tmp_path: Path, new_run: NewRun) -> None:
    run = new_run("My XOR / ünï ../../etc")
    assert re.fullmatch(r"\d{8}T\d{6}Z-my-xor-n-etc-[0-9a-z]{4}", run.id)
    assert run.path.parent == tmp_path
    assert (tmp_path / "latest").resolve() == run.path
    assert new_run("日本").id.split("-")[1] == "run"


def test_runs_of_the_same_second_never_share_a_directory(tmp_path: Path, new_run: NewRun) -> None:
    runs = [new_run("same") for _ in range(20)]
    assert len({run.path for run in runs}) == 20
    assert (tmp_path / "latest").resolve() == runs[-1].path


def test_a_logged_line_is_on_disk_at_once(new_run: NewRun) -> None:
    run = new_run("a")
    run.log({"loss": 0.1 + 0.2, "accuracy": None}, step=0)
    assert lines(run) == [{"step": 0, "loss": 0.1 + 0.2}]


def test_a_line_is_what_json_writes_of_its_numbers(tmp_path: Path) -> None:
    class Small(float):
        def __repr__(self) -> str:
            return "small"

    metrics: dict[str, Any] = {
        'a "b"': 0.1,
        "ñ": -0.0,
        "n": 3,
        "big": 2**53,
        "yes": True,
        "own": Small(0.5),
    }
    metrics |= {"tiny": 5e-324, "huge": 1e22, "nothing": None, "value": Value(2.5)}
    stored = {"step": 7, **metrics, "yes": 1.0, "own": 0.5, "value": 2.5}
    del stored["nothing"]
    with init(store=tmp_path, engine="eager") as run:  # one with an engine brings its own time
        for _ in range(2):  # names are encoded at the first line that has them
            run.log(metrics, step=7)
    assert (run.path / "metrics.jsonl").read_text() == f"{json.dumps(stored)}\n" * 2


def test_numbers_that_json_lacks_are_stored_as_text(new_run: NewRun) -> None:
    run = new_run("a")
    run.log({"loss": math.nan, "up": math.inf, "down": -math.inf}, step=0)
    raw = (run.path / "metrics.jsonl").read_text()
    line = json.loads(raw, parse_constant=pytest.fail)
    assert line.pop("time") >= 0
    assert line == {"step": 0, "loss": "nan", "up": "inf", "down": "-inf"}


def test_steps_count_by_themselves_and_may_not_go_back(new_run: NewRun) -> None:
    run = new_run("a")
    run.log({"loss": 1.0})
    run.log({"loss": 0.9})
    run.log({"accuracy": 0.5}, step=1)
    run.log({"loss": 0.8}, step=10)
    with pytest.raises(ValueError, match="step 9 comes after step 10"):
        run.log({"loss": 0.7}, step=9)
    assert [line["step"] for line in lines(run)] == [0, 1, 1, 10]


def test_what_is_no_number_is_refused_by_name_and_a_value_is_one(new_run: NewRun) -> None:
    run = new_run("a")
    run.log({"loss": Value(0.5)})  # type: ignore[dict-item]
    with pytest.raises(ValueError, match=r"log: 'note' must be a number, found 'low'"):
        run.log({"note": "low"})  # type: ignore[dict-item]
    assert lines(run) == [{"step": 0, "loss": 0.5}]


def test_run_json_tells_what_ran_where_and_how_it_ended(new_run: NewRun) -> None:
    run = new_run("a", {"lr": 0.1}, seed=3, tags=["x"], group="g")
    before = facts(run)
    assert (before["status"], before["ended"], before["seed"]) == ("running", None, 3)
    assert (before["tags"], before["group"]) == (["x"], "g")
    assert (before["pid"], before["pid_start"]) == (os.getpid(), process_start(os.getpid()))
    recorded = {"python", "platform", "host", "packages", "code", "git", "argv", "started"}
    assert recorded <= before.keys()
    run.summary["best"] = 0.5
    run.finish()
    after = facts(run)
    assert (after["status"], after["summary"]) == ("finished", {"best": 0.5})
    assert after["ended"] is not None
    assert run.config == {"lr": 0.1}
    names = ["config.yaml", "metrics.jsonl", "output.log", "run.json"]
    assert sorted(path.name for path in run.path.iterdir()) == names


def test_finish_writes_results_and_status_at_once(
    new_run: NewRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = new_run("a")
    run.summary["first"] = 1
    written = []
    write = Directory.write

    def record(self: Directory, name: str, content: bytes, **how: Any) -> None:
        written.append(json.loads(content))
        write(self, name, content, **how)

    monkeypatch.setattr(Directory, "write", record)
    with pytest.raises(TypeError, match=r"summary\.best must be plain data"):
        run.finish(summary={"best": object()})
    assert (written, facts(run)["status"]) == ([], "running")
    run.finish(summary={"best": 0.5, "steps": 3})
    results = {"first": 1, "best": 0.5, "steps": 3}
    assert [(one["status"], one["summary"]) for one in written] == [("finished", results)]
    assert run.summary == results


def test_a_block_that_ends_finishes_the_run(tmp_path: Path) -> None:
    with init("a", store=tmp_path) as run:
        run.log({"loss": 0.1})
    assert facts(run)["status"] == "finished"


def test_an_exception_marks_the_run_failed_with_its_traceback(tmp_path: Path) -> None:
    with pytest.raises(KeyError), init("a", store=tmp_path) as run:
        raise KeyError("lost")
    assert facts(run)["status"] == "failed"
    assert facts(run)["error"] == "KeyError: 'lost'"
    log = (run.path / "output.log").read_text()
    assert "Traceback" in log
    assert 'raise KeyError("lost")' in log


def test_ctrl_c_marks_the_run_interrupted(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), init("a", store=tmp_path) as run:
        raise KeyboardInterrupt
    assert facts(run)["status"] == "interrupted"


def test_what_the_run_prints_is_in_output_log_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sys.stdout, sys.stderr
    with init("a", store=tmp_path) as run:
        print("to the screen")
        print("a warning", file=sys.stderr)
    assert (sys.stdout, sys.stderr) == before
    print("afterwards")
    assert (run.path / "output.log").read_text() == "to the screen\na warning\n"
    assert capsys.readouterr().out == "to the screen\nafterwards\n"


def test_threads_may_log_at_once(new_run: NewRun) -> None:
    run = new_run("a")

    def log() -> None:
        for _ in range(200):
            run.log({"loss": 1.0})

    threads = [threading.Thread(target=log) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [line["step"] for line in lines(run)] == list(range(1600))


def test_a_run_that_goes_on_cuts_a_torn_line_and_keeps_the_others(tmp_path: Path) -> None:
    with init("a", store=tmp_path) as run:
        run.log({"loss": 1.0})
        run.log({"loss": 0.5})
    with (run.path / "metrics.jsonl").open("a") as file:
        file.write('{"step": 2, "lo')
    with reopen(run.path, last_step=1, config="lr: 0.2\n") as again:
        assert facts(again)["status"] == "running"
        again.log({"loss": 0.25})
    assert [line["loss"] for line in lines(run)] == [1.0, 0.5, 0.25]
    (resumed,) = facts(run)["resumed"]
    assert resumed["made_with"]["code"] == facts(run)["code"]
    assert run.config == {"lr": 0.2}


def test_a_last_line_that_lacks_only_its_end_is_kept(tmp_path: Path) -> None:
    with init("a", store=tmp_path) as run:
        run.log({"loss": 1.0})
    path = run.path / "metrics.jsonl"
    path.write_bytes(path.read_bytes().rstrip(b"\n"))
    with reopen(run.path, last_step=0, config="") as again:
        again.log({"loss": 0.5})
    assert [line["loss"] for line in lines(run)] == [1.0, 0.5]


def test_a_run_belongs_to_one_process_at_a_time(new_run: NewRun) -> None:
    run = new_run("a")
    run.log({"loss": 1.0})
    with pytest.raises(OSError, match=r"process \d+ is writing it"):
        reopen(run.path, last_step=0, config="")
    run.log({"loss": 0.5})
    assert [line["loss"] for line in lines(run)] == [1.0, 0.5]


def test_a_line_that_could_not_be_written_leaves_nothing_behind(
    new_run: NewRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = new_run("a")
    run.log({"loss": 1.0})
    metrics = getattr(run, "_destination")._lines  # noqa: B009
    whole = metrics._file

    class Full:
        def __init__(self) -> None:
            self.written = 0

        def write(self, raw: bytes) -> int:
            if self.written:
                raise OSError(28, "No space left on device")
            self.written = whole.write(raw[:5])
            return self.written

        def __getattr__(self, name: str) -> Any:
            return getattr(whole, name)

    with monkeypatch.context() as patch:
        patch.setattr(metrics, "_file", Full())
        with pytest.raises(OSError, match="No space"):
            run.log({"loss": 0.7})
    run.log({"loss": 0.5})
    assert [line["loss"] for line in lines(run)] == [1.0, 0.5]


def test_what_could_not_be_read_back_is_refused(new_run: NewRun) -> None:
    run = new_run("a")
    with pytest.raises(ValueError, match="'step' is no metric"):
        run.log({"step": 3.5})
    with pytest.raises(TypeError, match="float"):
        run.log({"loss": 1.0}, step=2.5)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="too large for a float"):
        run.log({"loss": 10**400})
    run.finish()
    with pytest.raises(ValueError, match="is finished"):
        run.log({"loss": 1.0})


def test_a_run_that_cannot_start_leaves_no_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("minigrad.files.whole.os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        init("a", store=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_run_whose_facts_cannot_be_written_leaves_nothing_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = sys.stdout, sys.stderr

    def full(_path: Path, _content: bytes, **_options: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("minigrad.tracking.destination.replace", full)
    with pytest.raises(OSError, match="No space"):
        init("a", store=tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert (sys.stdout, sys.stderr) == before


def test_a_run_that_cannot_go_on_for_its_config_is_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with init("a", {"lr": 0.1}, store=tmp_path) as run:
        run.log({"loss": 1.0})

    def full(path: Path, content: bytes, **options: Any) -> None:
        if path.name == "config.yaml":
            raise OSError(28, "No space left on device")
        replace(path, content, **options)

    monkeypatch.setattr("minigrad.tracking.destination.replace", full)
    with pytest.raises(OSError, match="No space"):
        reopen(run.path, last_step=0, config="lr: 0.2\n")
    assert facts(run)["status"] == "failed"
    assert facts(run)["error"] == "the config could not be written"
    assert run.config == {"lr": 0.1}


def test_a_name_that_is_taken_is_drawn_anew(
    new_run: NewRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    letters = iter("aaaabbbb")
    monkeypatch.setattr("secrets.choice", lambda _alphabet: next(letters))
    mkdir = Path.mkdir

    def taken(path: Path, *arguments: Any, **named: Any) -> None:
        if path.name.endswith("-aaaa"):  # by another process, in this very second
            mkdir(path)
        mkdir(path, *arguments, **named)

    monkeypatch.setattr(Path, "mkdir", taken)
    assert new_run("a").id.endswith("-a-bbbb")


def test_without_links_a_run_is_whole_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "symlink_to", refuse)
    monkeypatch.setattr(Path, "hardlink_to", refuse)
    with init("a", store=tmp_path) as run:
        for step in range(2):
            run.log({"loss": 1.0})
            run.save_checkpoint({"step": step})
    assert [path.name for path in tmp_path.iterdir()] == [run.id]
    assert checkpoint.read(run.path / checkpoint.NAME) == {"step": 1}
    assert checkpoint.read(run.path / checkpoint.PREVIOUS) == {"step": 0}


def test_the_log_is_on_the_disk_before_the_checkpoint_that_goes_on_from_it(
    new_run: NewRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = new_run("a")
    run.log({"loss": 1.0})
    synced: list[str] = []
    fsync = os.fsync

    def watch(descriptor: int) -> None:
        synced.append(os.path.basename(os.readlink(f"/proc/self/fd/{descriptor}")))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", watch)
    run.save_checkpoint({"step": 1}, {"seeds.npz": b""})
    assert synced == ["metrics.jsonl", ".seeds.npz.new", ".checkpoint.json.new"]


def test_without_file_locks_a_run_is_written_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "fcntl", None)  # as on Windows
    with init("a", store=tmp_path) as run:
        run.log({"loss": 1.0})
    assert lines(run) == [{"step": 0, "loss": 1.0}]


def test_a_stream_that_is_kept_prints_after_the_end_of_the_run_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with init("a", store=tmp_path) as run:
        stdout = sys.stdout
        stdout.writelines(["one\n", "two\n"])
    print("three", file=stdout)
    assert capsys.readouterr().out == "one\ntwo\nthree\n"
    assert (run.path / "output.log").read_text() == "one\ntwo\n"


def test_what_is_not_installed_has_no_version_and_no_commit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(environment, "_PACKAGES", ("numpy", "no-such-package"))
    monkeypatch.setenv("PATH", "")
    surroundings = environment.describe()
    assert surroundings["packages"] == {
        "minigrad": __version__,
        "numpy": version("numpy"),
        "no-such-package": None,
    }
    assert surroundings["git"] is None


def test_a_process_that_is_gone_has_no_start() -> None:
    assert process_start(2**22 + 1) is None
