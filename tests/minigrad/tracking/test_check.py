"""Every damage is named, and so is what can still be read."""

import os
import platform
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from minigrad.tracking import checkpoint, init
from minigrad.tracking.check import check_soundness, check_store
from minigrad.tracking.environment import process_start
from minigrad.tracking.store import load
from tests.minigrad.tracking.written import config, write


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
    report = check_soundness(load(run))
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
            "metrics.jsonl: step 2 is there twice, with loss",
            None,
        ),
        (_append("checkpoint.json", " "), "/checkpoint.json is damaged", "checkpoint.json"),
    ],
)
def test_one_damage_is_told_once_and_the_rest_is_readable(
    run: Path, damage: Callable[[Path], None], message: str, lost: str | None
) -> None:
    damage(run)
    report = check_soundness(load(run))
    (sentence,) = report.damage
    assert message in sentence
    readable = {line.partition(":")[0] for line in report.readable}
    assert readable == {
        *("run.json", "config.yaml", "metrics.jsonl"),
        *("checkpoint.json", "checkpoint.previous.json"),
    } - {lost}


def trained(tmp_path: Path, train: dict[str, Any], steps: list[int], **facts: Any) -> Path:
    """A run of the runner's, with lines of these steps."""
    settings = config(train={"steps": 10, "log_every": 1, **train})
    path = write(tmp_path, "20261122T000000Z-xor-0001", settings, engine="eager", **facts)
    lines = [f'{{"step": {step}, "loss": 0.5, "time": 0.1}}\n' for step in steps]
    (path / "metrics.jsonl").write_text("".join(lines))
    return path


@pytest.mark.parametrize(
    ("train", "steps", "facts", "sentence"),
    [
        ({}, [*range(10)], {}, None),
        ({}, [], {}, "10 of 10 lines are missing, the first of step 0"),
        ({}, [0, 1, 2], {}, "7 of 10 lines are missing, the first of step 3"),
        ({}, [*range(9)], {}, "1 of 10 lines are missing, the first of step 9"),
        ({}, [0, 1, *range(3, 10)], {}, "1 of 10 lines are missing, the first of step 2"),
        ({}, [*range(11)], {}, "step 10 was not to be logged: 10 steps, and every one is"),
        ({"log_every": 3}, [0, 3, 6, 9], {}, None),
        ({"log_every": 4}, [0, 4, 8, 9], {}, None),
        ({"log_every": 4}, [0, 4, 8], {}, "1 of 4 lines are missing, the first of step 9"),
        ({"log_every": 4}, [0, 4, 5, 8, 9], {}, "step 5 was not to be logged"),
        ({"log_every": 4}, [0, 4, 5, 8, 9], {"resumed": [{}]}, None),  # it had 6 steps once
        ({}, [0, 1, 2], {"status": "interrupted"}, None),
        ({}, [0, 2], {"status": "interrupted"}, "1 of 3 lines are missing, the first of step 1"),
        ({}, [0, 2], {"status": "diverged"}, "1 of 3 lines are missing, the first of step 1"),
        ({"steps": 10**15}, [0, 1], {"status": "interrupted"}, None),
        ({"steps": "x"}, [0, 5], {}, None),
    ],
)
def test_lines_are_compared_with_what_was_to_be_logged(
    tmp_path: Path,
    train: dict[str, Any],
    steps: list[int],
    facts: dict[str, Any],
    sentence: str | None,
) -> None:
    damage = check_soundness(load(trained(tmp_path, train, steps, **facts))).damage
    expected = [f"metrics.jsonl: {sentence}"] if sentence else []
    assert [one[: len(text)] for one, text in zip(damage, expected, strict=True)] == expected


def test_a_log_that_ends_before_the_checkpoint_is_damage(tmp_path: Path) -> None:
    path = trained(tmp_path, {"log_every": 2}, [0, 2, 4], status="interrupted")
    checkpoint.write(path, {"step": 6})
    assert check_soundness(load(path)).damage == []
    checkpoint.write(path, {"step": 7})
    assert check_soundness(load(path)).damage == [
        "checkpoint.json is of 7 steps, and the log ends at step 4"
    ]
    (path / "checkpoint.json").unlink()
    (path / "checkpoint.previous.json").unlink()
    checkpoint.write(path, {"step": "x"})
    assert check_soundness(load(path)).damage == [
        "checkpoint.json: step must be a whole number, found 'x'"
    ]


def test_lines_of_a_loop_of_ones_own_are_counted(tmp_path: Path) -> None:
    with init("own", store=tmp_path) as run:
        for _ in range(5):
            run.log({"loss": 1.0})
    assert check_soundness(load(run.path)).damage == []
    path = run.path / "metrics.jsonl"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:3]))
    assert check_soundness(load(run.path)).damage == [
        "metrics.jsonl: 3 lines, and the run logged 5"
    ]


def test_the_same_clock_twice_is_no_damage(run: Path) -> None:
    _append("metrics.jsonl", '{"step": 2, "val_loss": 1, "time": 0.2, "_time": 1}\n')(run)
    _append("metrics.jsonl", '{"step": 2, "test_loss": 1, "time": 0.2, "_time": 1}\n')(run)
    assert check_soundness(load(run)).damage == []


PIXEL = (
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0:~\x9bU"
    b"\0\0\0\nIDATx\x9cc`\0\0\0\x02\0\x01H\xaf\xa4q\0\0\0\0IEND\xaeB`\x82"
)


@pytest.mark.parametrize("name", ["loss.png", "boundary.png", "snapshots.png"])
def test_a_picture_that_is_not_whole_is_damage(run: Path, name: str) -> None:
    (run / name).write_bytes(PIXEL)
    assert check_soundness(load(run)).damage == []
    assert name in check_soundness(load(run)).readable
    again = f"python -m minigrad.runs plot {run.name} --store {run.parent} draws it again"
    flipped = PIXEL.replace(b"IDAT", b"IDAU")
    for content in (b"", PIXEL[:8], PIXEL[:-1], PIXEL[:-12], PIXEL + b"x", flipped, b"GIF89a"):
        (run / name).write_bytes(content)
        assert check_soundness(load(run)).damage == [f"{name} is no whole picture: {again}"]


@pytest.mark.parametrize(
    "name", ["run.json", "config.yaml", "metrics.jsonl", "checkpoint.json", "seeds.npz", "loss.png"]
)
def test_a_file_that_is_no_file_is_damage_and_hangs_nothing(run: Path, name: str) -> None:
    makers: list[Callable[[Path], None]] = [
        os.mkfifo,
        Path.mkdir,
        lambda path: path.symlink_to("/dev/zero"),
        lambda path: path.symlink_to(run / "config.yaml"),
        lambda path: os.truncate(os.open(path, os.O_CREAT | os.O_RDWR), 20 * 10**9),
    ]
    for number, make in enumerate(makers):
        other = write(run.parent, f"20261123T00000{number}Z-xor-0001")
        (other / name).unlink(missing_ok=True)
        make(other / name)
        (sentence,) = check_soundness(load(other)).damage
        assert "cannot be read: it is" in sentence


def test_a_zip_bomb_is_no_table_of_seeds(run: Path) -> None:
    bomb = zipfile.ZipFile(run / "seeds.npz", "w", zipfile.ZIP_DEFLATED)
    with bomb, bomb.open("loss.npy", "w") as part:
        for _ in range(200):
            part.write(bytes(10**6))
    tracemalloc.start()
    (sentence,) = check_soundness(load(run)).damage
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "it is compressed" in sentence
    assert peak < 20 * 10**6


def test_a_step_logged_in_two_parts_and_a_torn_end_are_no_damage(run: Path) -> None:
    _append("metrics.jsonl", '{"step": 2, "val_loss": 1}\n{"step": 3, "lo')(run)
    assert check_soundness(load(run)).damage == []


def test_a_run_that_just_begins_lacks_no_log(tmp_path: Path) -> None:
    mine = os.getpid()
    begun: dict[str, Any] = {"pid": mine, "pid_start": process_start(mine), "ended": None}
    started = {"status": "running", "host": platform.node(), **begun}
    path = write(tmp_path, "20261122T000000Z-xor-0001", **started)
    (path / "metrics.jsonl").unlink()
    report = check_soundness(load(path))
    assert (report.damage, report.readable) == ([], ["run.json", "config.yaml: 6 settings"])


def test_a_plain_file_is_reported(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("")
    report = check_soundness(load(tmp_path / "notes.txt"))
    assert (len(report.damage), report.readable) == (1, [])


def test_a_dangling_latest_is_damage_of_the_store(run: Path) -> None:
    (run.parent / "latest").symlink_to(run.name)
    assert check_store(run.parent) == []
    (run.parent / "latest").unlink()
    (run.parent / "latest").symlink_to("gone")
    (sentence,) = check_store(run.parent)
    assert sentence.startswith("latest points to gone")
