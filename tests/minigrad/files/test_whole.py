"""Files are whole or absent, and nothing that somebody else put there is followed."""

import errno
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from minigrad.files import whole
from minigrad.files.whole import Lines, fill, is_being_written, open_to_append, relink, replace


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A file that nothing may change, beside the folder `run`."""
    (tmp_path / "run").mkdir()
    path = tmp_path / "outside.txt"
    path.write_text("precious\n")
    return path


@pytest.mark.parametrize("planted", ["file", ".file.new"])
def test_a_link_is_replaced_and_not_followed(outside: Path, planted: str) -> None:
    path = outside.parent / "run" / "file"
    path.with_name(planted).symlink_to(outside)
    replace(path, b"ours\n")
    assert path.read_bytes() == b"ours\n"
    assert not path.is_symlink()
    assert outside.read_text() == "precious\n"
    assert [one.name for one in path.parent.iterdir()] == ["file"]


@pytest.mark.parametrize("planted", ["file", "old", ".file.new", ".old.new"])
@pytest.mark.parametrize("kind", [Path.symlink_to, Path.hardlink_to])
def test_the_old_file_is_kept_without_following_a_link(
    outside: Path, planted: str, kind: Callable[[Path, Path], None]
) -> None:
    path = outside.parent / "run" / "file"
    path.write_bytes(b"first\n")
    path.with_name(planted).unlink(missing_ok=True)
    kind(path.with_name(planted), outside)
    replace(path, b"second\n", path.with_name("old"))
    assert path.read_bytes() == b"second\n"
    assert outside.read_text() == "precious\n"


def test_a_draft_that_a_killed_process_left_is_no_hindrance(tmp_path: Path) -> None:
    (tmp_path / ".file.new").write_bytes(b"ha")
    replace(tmp_path / "file", b"whole\n")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_an_old_file_that_is_kept_already_leaves_no_draft(tmp_path: Path) -> None:
    path, old = tmp_path / "file", tmp_path / "old"
    path.write_bytes(b"first\n")
    old.hardlink_to(path)  # as a kill between two renames leaves them
    replace(path, b"second\n", old)
    assert (path.read_bytes(), old.read_bytes()) == (b"second\n", b"first\n")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["file", "old"]


@pytest.mark.parametrize("open_", [Lines, open_to_append])
def test_a_link_or_a_pipe_is_not_appended_to(
    outside: Path, open_: Callable[[Path], object]
) -> None:
    plants: list[Callable[[Path], None]] = [
        lambda path: path.symlink_to(outside),
        lambda path: path.symlink_to("/dev/null"),
        os.mkfifo,
        Path.mkdir,
    ]
    for number, plant in enumerate(plants):
        path = outside.parent / "run" / str(number)
        plant(path)
        with pytest.raises(OSError):
            open_(path)
    assert outside.read_text() == "precious\n"


def test_lines_are_appended_to_a_copy_of_a_file_that_has_another_name(outside: Path) -> None:
    outside.write_text('{"step": 0}\n')
    path = outside.parent / "run" / "metrics.jsonl"
    path.hardlink_to(outside)
    lines = Lines(path)
    lines.append('{"step": 1}')
    lines.close()
    assert path.read_text() == '{"step": 0}\n{"step": 1}\n'
    assert outside.read_text() == '{"step": 0}\n'


def test_lines_are_on_the_disk_after_sync(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    lines = Lines(tmp_path / "x")
    monkeypatch.setattr(os, "fsync", synced.append)
    lines.sync()
    assert synced == [lines._file.fileno()]
    lines.close()


def test_whether_a_file_is_being_written_is_told_by_its_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x"
    assert is_being_written(path) is None
    lines = Lines(path)
    assert is_being_written(path) is True
    lines.close()
    assert is_being_written(path) is False
    monkeypatch.setitem(__import__("sys").modules, "fcntl", None)  # as on Windows
    assert is_being_written(path) is None


def test_a_reader_who_asks_for_the_lock_does_not_turn_a_writer_away(tmp_path: Path) -> None:
    import fcntl

    path = tmp_path / "x"
    path.touch()
    with path.open() as asking:
        fcntl.flock(asking, fcntl.LOCK_SH)
        tried: list[float] = []

        def leave(_seconds: float) -> None:
            tried.append(_seconds)
            fcntl.flock(asking, fcntl.LOCK_UN)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("minigrad.files.whole.time.sleep", leave)
            Lines(path).close()
    assert len(tried) == 1


@pytest.mark.parametrize("plant", [Path.touch, Path.mkdir])
def test_what_is_called_latest_and_is_no_link_stays(
    tmp_path: Path, plant: Callable[[Path], None]
) -> None:
    link = tmp_path / "latest"
    plant(link)
    before = link.stat().st_ino
    relink(link, "run")
    assert not link.is_symlink()
    assert link.stat().st_ino == before
    assert [path.name for path in tmp_path.iterdir()] == ["latest"]


def test_a_name_that_is_being_read_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusals = [PermissionError(13, "a reader has it open"), PermissionError(13, "still")]
    rename = Path.replace

    def refused_twice(draft: Path, path: Path) -> Path:
        if refusals:
            raise refusals.pop()
        return rename(draft, path)

    monkeypatch.setattr(whole, "_PAUSES", (0.0, 0.0))
    monkeypatch.setattr(Path, "replace", refused_twice)
    whole.replace(tmp_path / "a", b"new")
    assert (tmp_path / "a").read_bytes() == b"new"
    refusals += [PermissionError(13, "for ever")] * 3
    with pytest.raises(PermissionError, match="for ever"):
        whole.replace(tmp_path / "a", b"newer")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert (tmp_path / "a").read_bytes() == b"new"


def test_where_files_cannot_be_locked_it_is_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "fcntl", None)  # as on Windows: it cannot be imported
    whole._say_unguarded.cache_clear()
    for name in ("a", "b"):
        lines = whole.Lines(tmp_path / name)
        lines.append("{}")
        lines.close()
        assert (tmp_path / name).read_bytes() == b"{}\n"
    assert capsys.readouterr().err == (
        "files cannot be locked on this system: see that no two processes write one run\n"
    )


def test_files_of_a_new_folder_are_all_written_before_the_first_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {"a": b"1", "b": b"", "c": b"3" * 100_000}
    there: list[dict[str, bytes]] = []
    monkeypatch.setattr(
        os, "fsync", lambda _: there.append({p.name: p.read_bytes() for p in tmp_path.iterdir()})
    )
    fill(tmp_path, files)
    assert there == [files] * 3


def test_files_of_a_new_folder_replace_nothing(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("somebody's")
    with pytest.raises(FileExistsError):
        fill(tmp_path, {"a": b"ours"})
    assert (tmp_path / "a").read_text() == "somebody's"


class _Full:
    """A file on a disk that has room for three bytes."""

    def __init__(self, file: Any) -> None:
        self._file, self._room = file, 3

    def write(self, raw: bytes) -> int:
        if not self._room:
            raise OSError(errno.ENOSPC, "No space left on device")
        written: int = self._file.write(raw[: self._room])
        self._room = 0
        return written

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def test_nothing_is_left_of_a_line_that_the_disk_has_no_room_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = Lines(tmp_path / "log")
    lines.append("first")
    with monkeypatch.context() as patched:
        patched.setattr(lines, "_file", _Full(lines._file))
        with pytest.raises(OSError, match="No space left"):
            lines.append("second")
    lines.append("third")
    lines.close()
    assert (tmp_path / "log").read_text() == "first\nthird\n"
