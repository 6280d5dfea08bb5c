"""Deleted runs come back, nothing is written over, and latest follows."""

import errno
import os
import platform
from pathlib import Path
from typing import Any

import pytest

from minigrad.tracking.environment import process_start
from minigrad.tracking.store import StoreError, find, runs
from minigrad.tracking.trash import delete, restore
from tests.minigrad.tracking.written import write

A, B = "20261120T000000Z-a-0001", "20261121T000000Z-b-0002"


@pytest.fixture
def store(tmp_path: Path) -> Path:
    write(tmp_path, A)
    write(tmp_path, B)
    (tmp_path / "latest").symlink_to(B)
    return tmp_path


def remaining(store: Path) -> list[str]:
    return [run.id for run in runs(store)]


def test_a_deleted_run_is_in_the_trash_and_comes_back_whole(store: Path) -> None:
    content = (store / B / "metrics.jsonl").read_bytes()
    delete(store, [find(store, B)])
    assert remaining(store) == [A]
    assert os.readlink(store / "latest") == A
    assert restore(store, ["0002"]) == [B]
    assert remaining(store) == [A, B]
    assert os.readlink(store / "latest") == B
    assert (store / B / "metrics.jsonl").read_bytes() == content


@pytest.mark.parametrize("name", ["sweeps", ".trash", ".hidden"])
@pytest.mark.parametrize("slash", ["", "/"])
def test_what_is_no_run_cannot_be_named_as_one(store: Path, name: str, slash: str) -> None:
    (store / name).mkdir()
    (store / name / "run.json").write_text("{}")
    with pytest.raises(StoreError, match="no run"):
        find(store, f"{store / name}{slash}")
    assert remaining(store) == [A, B]


@pytest.mark.parametrize("order", [[A, B], [B, A]])
def test_of_several_runs_all_are_deleted_or_none(store: Path, order: list[str]) -> None:
    (store / ".trash" / B).mkdir(parents=True)
    with pytest.raises(StoreError, match=f"{B} exists already"):
        delete(store, [find(store, which) for which in order])
    assert remaining(store) == [A, B]
    assert os.listdir(store / ".trash") == [B]
    assert os.readlink(store / "latest") == B


def test_of_several_runs_all_are_restored_or_none(store: Path) -> None:
    delete(store, runs(store))
    (store / B).mkdir()
    for order in ([A, B], [B, A]):
        with pytest.raises(StoreError, match=f"{B} exists already"):
            restore(store, order)
        assert os.listdir(store) in ([".trash", B], [B, ".trash"])
        assert set(os.listdir(store / ".trash")) == {A, B}


def test_a_trash_that_leads_out_of_the_store_is_not_used(store: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (store / ".trash").symlink_to(outside)
    with pytest.raises(StoreError, match="is a link"):
        delete(store, [find(store, A)])
    assert os.listdir(outside) == []
    assert (store / A).exists()


def test_the_last_run_takes_latest_with_it(store: Path) -> None:
    delete(store, runs(store))
    assert not os.path.lexists(store / "latest")
    assert restore(store, [A, B]) == [A, B]
    assert os.readlink(store / "latest") == B


def test_an_older_run_leaves_latest_alone(store: Path) -> None:
    delete(store, [find(store, A)])
    assert os.readlink(store / "latest") == B


def test_what_is_deleted_or_restored_twice_is_told_where_it_is(store: Path) -> None:
    delete(store, [find(store, A)])
    with pytest.raises(StoreError, match=r"it is in the trash, python -m minigrad\.runs restore"):
        find(store, A)
    restore(store, [A])
    with pytest.raises(StoreError, match=f"{A} is not in the trash: it is in "):
        restore(store, [A])
    with pytest.raises(StoreError, match=r"no run 'zzz' in the trash of .*: the trash is empty"):
        restore(store, ["zzz"])


def test_a_restored_run_never_replaces_another(store: Path) -> None:
    delete(store, [find(store, A)])
    (store / A).mkdir()
    with pytest.raises(StoreError, match="exists already: nothing is written over it"):
        restore(store, [A])
    assert (store / ".trash" / A / "run.json").exists()
    with pytest.raises(StoreError, match="exists already: nothing is written over it"):
        delete(store, [find(store, A)])


def test_a_running_run_is_deleted_by_force_only(store: Path) -> None:
    begun = process_start(os.getpid())
    mine: dict[str, Any] = {"host": platform.node(), "pid": os.getpid(), "pid_start": begun}
    write(store, "20261122T000000Z-c-0003", status="running", **mine)
    running = find(store, "0003")
    with pytest.raises(StoreError, match=r"is running \(process \d+ on .*--force"):
        delete(store, [find(store, A), running])
    assert len(remaining(store)) == 3
    (running.path / "config.yaml").unlink()  # damaged, but running all the same
    with pytest.raises(StoreError, match="is running"):
        delete(store, [find(store, "0003")])
    delete(store, [running], force=True)
    assert remaining(store) == [A, B]


def test_a_damaged_run_and_a_plain_file_can_be_deleted(store: Path) -> None:
    (store / A / "run.json").unlink()
    (store / "notes.txt").write_text("mine")
    delete(store, [find(store, A), find(store, "notes.txt")])
    assert remaining(store) == [B]
    restore(store, ["notes.txt"])
    assert (store / "notes.txt").read_text() == "mine"
    assert os.readlink(store / "latest") == B


def test_a_run_of_another_store_is_refused(store: Path, tmp_path: Path) -> None:
    other = write(tmp_path.parent / f"{tmp_path.name}-other", "20261122T000000Z-far-0009")
    with pytest.raises(StoreError, match="name its store with --store"):
        delete(store, [find(store, str(other))])
    assert other.exists()


def test_a_part_of_several_ids_in_the_trash_brings_none_back(store: Path) -> None:
    delete(store, runs(store))
    with pytest.raises(StoreError, match=f"'2026112' fits 2 runs, write more of the id: {B}, {A}"):
        restore(store, ["2026112"])
    assert remaining(store) == []


def test_what_is_called_latest_and_is_no_link_is_left_alone(store: Path) -> None:
    (store / "latest").unlink()
    (store / "latest").mkdir()
    delete(store, [find(store, B)])
    assert (store / "latest").is_dir()
    assert not (store / "latest").is_symlink()


@pytest.mark.parametrize(
    ("number", "why"),
    [(errno.EXDEV, "it is on another file system"), (errno.EACCES, "Permission denied")],
)
def test_a_run_that_cannot_be_moved_stays_and_the_reason_is_told(
    store: Path, monkeypatch: pytest.MonkeyPatch, number: int, why: str
) -> None:
    def refuse(_source: Path, _target: Path) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "rename", refuse)
    with pytest.raises(StoreError, match=rf"{A} cannot be moved to .*{A}: {why}$"):
        delete(store, [find(store, A)])
    assert remaining(store) == [A, B]
