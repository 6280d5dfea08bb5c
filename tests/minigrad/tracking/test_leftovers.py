"""What a killed process leaves half written goes away with the next one, and nothing else does."""

import os
import time
from pathlib import Path

import pytest

from minigrad.files.whole import Lines
from minigrad.tracking import init, reopen

ID = "20200101T000000Z-xor-abcd"


def hidden(store: Path, age: float = 7200.0, name: str = f".{ID}") -> Path:
    """A directory that a killed `init` has left, with the age in seconds."""
    path = store / name
    path.mkdir(parents=True)
    (path / "metrics.jsonl").touch()
    then = time.time() - age
    os.utime(path, (then, then))
    return path


def test_a_half_made_run_of_a_killed_process_is_deleted_by_the_next_run(tmp_path: Path) -> None:
    abandoned = hidden(tmp_path)
    init(store=tmp_path).finish()
    assert not abandoned.exists()


@pytest.mark.parametrize(("age", "name"), [(60.0, f".{ID}"), (7200.0, ".thesis"), (7200.0, ID)])
def test_what_is_young_or_has_another_name_or_is_no_hidden_one_stays(
    tmp_path: Path, age: float, name: str
) -> None:
    path = hidden(tmp_path, age, name)
    init(store=tmp_path).finish()
    assert path.exists()


def test_a_half_made_run_whose_process_lives_stays(tmp_path: Path) -> None:
    path = hidden(tmp_path)
    lines = Lines(path / "metrics.jsonl")
    init(store=tmp_path).finish()
    lines.close()
    assert path.exists()


def test_a_link_of_such_a_name_is_not_followed(tmp_path: Path) -> None:
    elsewhere = hidden(tmp_path / "elsewhere")
    store = tmp_path / "store"
    store.mkdir()
    link = store / f".{ID}"
    link.symlink_to(elsewhere)
    os.utime(link, (0, 0), follow_symlinks=False)
    init(store=store).finish()
    assert (elsewhere / "metrics.jsonl").exists()


def test_drafts_of_a_killed_process_are_deleted_when_the_run_goes_on(tmp_path: Path) -> None:
    run = init(store=tmp_path)
    run.finish("interrupted")
    names = ("run.json", "config.yaml", "checkpoint.json", "checkpoint.previous.json")
    drafts = [run.path / f".{name}.new" for name in names]
    outside = tmp_path / "outside"
    outside.write_text("mine")
    for draft in drafts[1:]:
        draft.write_text("half")
    drafts[0].symlink_to(outside)
    another = run.path / ".loss.png.new"  # a picture may be drawn at any time, by any process
    another.write_text("half")
    reopen(run.path, 0, "{}").finish()
    assert not [draft for draft in drafts if os.path.lexists(draft)]
    assert another.exists()
    assert outside.read_text() == "mine"
