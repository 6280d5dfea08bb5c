"""A run being written: whole at every moment, never mixed with another."""

import json
import math
import os
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from minigrad.tracking import Run
from minigrad.tracking.environment import process_start


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Callable[..., Run]]:
    """Makes runs below tmp_path, and closes them at the end."""
    with ExitStack() as stack:
        yield lambda *given, **facts: stack.enter_context(Run(tmp_path, *given, **facts))


def facts(run: Run) -> dict[str, object]:
    loaded: dict[str, object] = json.loads((run.path / "run.json").read_text())
    return loaded


def test_a_run_is_named_by_time_slug_and_suffix(tmp_path: Path, store: Callable[..., Run]) -> None:
    run = store("My XOR / ünï ../../etc", "name: x\n")
    assert re.fullmatch(r"\d{8}T\d{6}Z-my-xor-n-etc-[0-9a-z]{4}", run.path.name)
    assert run.path.parent == tmp_path
    assert (tmp_path / "latest").resolve() == run.path
    assert store("日本", "").path.name.split("-")[1] == "run"


def test_runs_of_the_same_second_never_share_a_directory(
    tmp_path: Path, store: Callable[..., Run]
) -> None:
    runs = [store("same", "") for _ in range(20)]
    assert len({run.path for run in runs}) == 20
    assert (tmp_path / "latest").resolve() == runs[-1].path


def test_a_logged_line_is_on_disk_at_once(store: Callable[..., Run]) -> None:
    run = store("a", "")
    run.log({"loss": 0.1 + 0.2, "accuracy": None}, step=0)
    (line,) = (run.path / "metrics.jsonl").read_text().splitlines()
    assert json.loads(line) == {"step": 0, "loss": 0.1 + 0.2}


def test_numbers_that_json_lacks_are_stored_as_text(store: Callable[..., Run]) -> None:
    run = store("a", "")
    run.log({"loss": math.nan, "up": math.inf, "down": -math.inf}, step=0)
    line = json.loads((run.path / "metrics.jsonl").read_text(), parse_constant=pytest.fail)
    assert line == {"step": 0, "loss": "nan", "up": "inf", "down": "-inf"}


def test_run_json_tells_what_ran_where_and_how_it_ended(store: Callable[..., Run]) -> None:
    run = store("a", "name: a\n", seed=3, engine="eager")
    before = facts(run)
    assert (before["status"], before["ended"], before["seed"]) == ("running", None, 3)
    assert (before["pid"], before["pid_start"]) == (os.getpid(), process_start(os.getpid()))
    assert {"python", "platform", "packages", "git", "argv", "started"} <= before.keys()
    run.finish("finished", summary={"final_loss": 0.5})
    after = facts(run)
    assert (after["status"], after["summary"]) == ("finished", {"final_loss": 0.5})
    assert after["ended"] is not None
    assert (run.path / "config.yaml").read_text() == "name: a\n"
    assert sorted(p.name for p in run.path.iterdir()) == [
        "config.yaml",
        "metrics.jsonl",
        "run.json",
    ]


def test_an_exception_marks_the_run_failed(tmp_path: Path) -> None:
    with pytest.raises(KeyError), Run(tmp_path, "a", "") as run:
        raise KeyError("lost")
    assert facts(run)["status"] == "failed"
    assert facts(run)["error"] == "KeyError('lost')"


def test_a_process_that_is_gone_has_no_start() -> None:
    assert process_start(2**22 + 1) is None
