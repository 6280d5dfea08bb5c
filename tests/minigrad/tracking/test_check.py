"""Every damage is named, and so is what can still be read."""

import os
import platform
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from minigrad.tracking import checkpoint
from minigrad.tracking.check import check, check_store
from minigrad.tracking.environment import process_start
from minigrad.tracking.store import load
from tests.minigrad.tracking.written import write


@pytest.fixture
def run(tmp_path: Path) -> Path:
    path = write(tmp_path, "20261122T000000Z-xor-0001")
    checkpoint.write(path, {"step": 1})
    checkpoint.write(path, {"step": 2})
    return path


def _append(name: str, text: str) -> Callable[[Path], None]:
    def act(run: Path) -> None:
        with (run / name).open("a") as file:
            file.write(text)

    return act


def _overwrite(name: str, text: str) -> Callable[[Path], None]:
    def act(run: Path) -> None:
        (run / name).write_text(text)

    return act


def test_a_sound_run_has_no_damage(run: Path) -> None:
    report = check(load(run))
    assert report.damage == []
    assert report.readable == [
        "run.json",
        "config.yaml: 6 settings",
        "metrics.jsonl: 3 lines, steps 0 to 2",
        "checkpoint.json",
        "checkpoint.previous.json",
    ]


@pytest.mark.parametrize(
    ("damage", "message", "lost"),
    [
        (_overwrite("run.json", ""), "run.json is empty", "run.json"),
        (_overwrite("config.yaml", "a: [\n"), "config.yaml:2:1: not valid YAML", "config.yaml"),
        (_overwrite("config.yaml", "text\n"), "config.yaml holds 'text', not", "config.yaml"),
        (lambda run: (run / "config.yaml").unlink(), "config.yaml is missing", "config.yaml"),
        (_append("metrics.jsonl", "oops\n"), "metrics.jsonl:4: not a line of JSON", None),
        (
            _append("metrics.jsonl", '{"step": 1, "loss": 1}\n'),
            "metrics.jsonl: step 1 comes after step 2",
            None,
        ),
        (
            _append("metrics.jsonl", '{"step": 2, "loss": 1}\n'),
            "metrics.jsonl: step 2 stands there twice, with loss",
            None,
        ),
        (_append("checkpoint.json", " "), "/checkpoint.json is damaged", "checkpoint.json"),
    ],
)
def test_one_damage_is_told_once_and_the_rest_is_readable(
    run: Path, damage: Callable[[Path], None], message: str, lost: str | None
) -> None:
    damage(run)
    report = check(load(run))
    (sentence,) = report.damage
    assert message in sentence
    readable = {line.partition(":")[0] for line in report.readable}
    assert readable == {
        *("run.json", "config.yaml", "metrics.jsonl"),
        *("checkpoint.json", "checkpoint.previous.json"),
    } - {lost}


def test_a_step_logged_in_two_parts_and_a_torn_end_are_no_damage(run: Path) -> None:
    _append("metrics.jsonl", '{"step": 2, "val_loss": 1}\n{"step": 3, "lo')(run)
    assert check(load(run)).damage == []


def test_a_run_that_just_begins_lacks_no_log(tmp_path: Path) -> None:
    mine = os.getpid()
    begun: dict[str, Any] = {"pid": mine, "pid_start": process_start(mine), "ended": None}
    started = {"status": "running", "host": platform.node(), **begun}
    path = write(tmp_path, "20261122T000000Z-xor-0001", **started)
    (path / "metrics.jsonl").unlink()
    report = check(load(path))
    assert (report.damage, report.readable) == ([], ["run.json", "config.yaml: 6 settings"])


def test_a_plain_file_is_reported(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("")
    report = check(load(tmp_path / "notes.txt"))
    assert (len(report.damage), report.readable) == (1, [])


def test_a_dangling_latest_is_damage_of_the_store(run: Path) -> None:
    (run.parent / "latest").symlink_to(run.name)
    assert check_store(run.parent) == []
    (run.parent / "latest").unlink()
    (run.parent / "latest").symlink_to("gone")
    (sentence,) = check_store(run.parent)
    assert sentence.startswith("latest points to gone")
