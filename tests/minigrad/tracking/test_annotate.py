"""Tags and notes after the fact: a run that goes on loses nothing, and neither do they."""

import json
import os
import threading
from pathlib import Path
from typing import Any

import pytest

from minigrad.tracking import init
from minigrad.tracking.annotate import _rewrite, note, record_verdict, tag
from minigrad.tracking.annotations import locked
from minigrad.tracking.names import StoreError
from minigrad.tracking.query import mentions
from minigrad.tracking.store import StoredRun, load
from tests.minigrad.tracking.written import write

ID = "20261122T201500Z-xor-k3f9"


@pytest.fixture
def run(tmp_path: Path) -> StoredRun:
    return load(write(tmp_path, ID, tags=["old"]))


def raw(run: StoredRun) -> dict[str, object]:
    data = json.loads((run.path / "run.json").read_text())
    assert isinstance(data, dict)
    return data


def test_tags_are_added_and_removed_and_all_else_stays(run: StoredRun) -> None:
    before = raw(run)
    assert tag(run, ["+good", "-old", "+good"]) == ["good"]
    assert raw(run) == {**before, "tags": ["good"]}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (["good"], "write [+]good to add a tag, or -old to remove one"),
        (["+"], "a tag is one line of 1 to 60 characters"),
        (["+a\nb"], "a tag is one line"),
        (["+-x"], "not beginning with [+] or -"),
        (["+" + "x" * 61], "1 to 60 characters"),
        (["+new", "-other"], "has no tag 'other': it has old, new"),
    ],
)
def test_a_wrong_change_changes_nothing(run: StoredRun, changes: list[str], message: str) -> None:
    before = raw(run)
    with pytest.raises(StoreError, match=message):
        tag(run, changes)
    assert raw(run) == before


def test_a_note_is_set_and_removed(run: StoredRun) -> None:
    note(run, "the best\nso far")
    assert load(run.path).facts.note == "the best\nso far"
    note(run, " ")
    assert "note" not in raw(run)
    with pytest.raises(StoreError, match="at most 10,000 characters"):
        note(run, "x" * 10_001)


def test_a_word_is_looked_for_in_id_name_tags_and_note(run: StoredRun) -> None:
    note(run, "Lowest so far")
    tag(run, ["+Paper"])
    now = load(run.path)
    assert mentions(now, ["LOWEST", "paper", "k3f9"])
    assert not mentions(now, ["lowest", "highest"])


def test_what_is_written_on_a_running_run_stays_and_loses_nothing_of_it(tmp_path: Path) -> None:
    with init("mine", store=tmp_path, tags=["first"]) as running:
        stored = load(running.path)
        tag(stored, ["+good", "-first"])
        note(stored, "seen while it ran")
        running.summary["best"] = 0.1
        record_verdict(stored, {"identical": True})
    after = load(running.path)
    assert (after.facts.tags, after.facts.note) == (["good"], "seen while it ran")
    assert (after.summary["best"], after.status) == (0.1, "finished")
    assert after.facts.extra["verified"] == {"identical": True}


def test_many_writers_at_once_lose_nothing(tmp_path: Path) -> None:
    with init("mine", store=tmp_path) as running:
        stored = load(running.path)

        def add(first: int) -> None:
            for i in range(first, first + 10):
                tag(stored, [f"+t{i}"])

        threads = [threading.Thread(target=add, args=[10 * k]) for k in range(3)]
        for thread in threads:
            thread.start()
        for i in range(50):
            running.summary[f"x{i}"] = i
        for thread in threads:
            thread.join()
    after = load(running.path)
    assert sorted(after.facts.tags) == sorted(f"t{i}" for i in range(30))
    assert len(after.summary) == 50


def test_nothing_is_written_through_a_link(tmp_path: Path, run: StoredRun) -> None:
    outside = write(tmp_path / "outside", ID)
    before = (outside / "run.json").read_bytes()
    (tmp_path / "linked").symlink_to(outside)
    with pytest.raises(StoreError, match="is a link"):
        tag(load(tmp_path / "linked"), ["+x"])
    (run.path / "run.json").unlink()
    (run.path / "run.json").symlink_to(outside / "run.json")
    with pytest.raises(StoreError, match="cannot be changed"):
        tag(run, ["+x"])
    assert (outside / "run.json").read_bytes() == before


@pytest.mark.parametrize("ends", [False, True])
def test_an_older_run_json_is_not_written_back(tmp_path: Path, ends: bool) -> None:
    """As by a `tag` that was stopped while the run, which waits only a moment, wrote or ended."""
    written = init("mine", store=tmp_path)
    tries: list[dict[str, Any]] = []

    def change(facts: dict[str, Any]) -> None:
        facts["tags"] = ["late"]
        tries.append(facts["summary"])
        if len(tries) == 1:
            written.summary["best"] = 0.5
            if ends:
                written.finish()

    _rewrite(load(written.path), change)
    run, status = load(written.path), "finished" if ends else "running"
    assert tries == [{}, {"best": 0.5}]
    assert (run.status, run.summary, run.facts.tags) == (status, {"best": 0.5}, ["late"])
    assert not [name for name in os.listdir(run.path) if name.startswith(".")]


def test_a_run_json_that_changes_again_and_again_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("minigrad.tracking.annotate._SECONDS", 0.0)
    written = init("mine", store=tmp_path)

    def change(facts: dict[str, Any]) -> None:
        facts["tags"] = ["late"]
        written.summary["best"] = len(written.summary)

    with pytest.raises(StoreError, match="another process changed it in this moment: try again"):
        _rewrite(load(written.path), change)
    assert load(written.path).facts.tags == []


def test_a_tag_is_not_written_beside_a_run_that_is_stopped_as_it_writes(
    run: StoredRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would be lost as soon as the run goes on."""
    monkeypatch.setattr("minigrad.tracking.annotate._SECONDS", 0.0)
    before = raw(run)
    with locked(run.path), pytest.raises(StoreError, match="another process is writing it"):
        tag(run, ["+good"])
    assert raw(run) == before
