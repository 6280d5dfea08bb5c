"""Checkpoints: whole or refused, with the one before them kept."""

import hashlib
import json
import pickle
import random
from pathlib import Path

import pytest

from minigrad.tracking.checkpoint import NAME, PREVIOUS, CheckpointError, read, write

STATE = {"step": 7, "parameters": [0.1, -2.5e-300, 1e16, 0.30000000000000004], "rng": [3, [1, 2]]}


def test_a_state_is_read_back_to_the_bit(tmp_path: Path) -> None:
    write(tmp_path, STATE)
    assert read(tmp_path / NAME) == STATE
    assert json.loads((tmp_path / NAME).read_text())["state"] == STATE


def test_the_one_before_is_kept(tmp_path: Path) -> None:
    for step in range(3):
        write(tmp_path, {"step": step})
    assert (read(tmp_path / NAME), read(tmp_path / PREVIOUS)) == ({"step": 2}, {"step": 1})
    assert sorted(path.name for path in tmp_path.iterdir()) == [NAME, PREVIOUS]


@pytest.mark.parametrize("damaged", [b"", b"{}", b'{"sha256": "0", "state": {}}\n'])
def test_a_damaged_one_is_not_kept_in_the_place_of_a_whole_one(
    tmp_path: Path, damaged: bytes
) -> None:
    for step in range(2):
        write(tmp_path, {"step": step})
    (tmp_path / NAME).write_bytes(damaged)
    write(tmp_path, {"step": 2})
    assert (read(tmp_path / NAME), read(tmp_path / PREVIOUS)) == ({"step": 2}, {"step": 0})


@pytest.mark.parametrize("name", [NAME, PREVIOUS])
def test_a_link_is_not_followed(tmp_path: Path, name: str) -> None:
    run, outside = tmp_path / "run", tmp_path / "outside"
    run.mkdir()
    outside.mkdir()
    write(outside, {"step": 0})
    before = (outside / NAME).read_bytes()
    (run / name).symlink_to(outside / NAME)
    with pytest.raises(CheckpointError, match="it is a link, which is not followed"):
        read(run / name)
    for step in range(1, 3):
        write(run, {"step": step})
    assert (read(run / NAME), read(run / PREVIOUS)) == ({"step": 2}, {"step": 1})
    assert (outside / NAME).read_bytes() == before


@pytest.mark.parametrize("state", ["[1]", "5", "null", '"x"', "[" * 600 + "]" * 600, "nope"])
def test_a_right_checksum_of_a_wrong_state_is_refused(tmp_path: Path, state: str) -> None:
    checksum = hashlib.sha256(state.encode()).hexdigest()
    (tmp_path / NAME).write_text(f'{{"sha256": "{checksum}", "state": {state}}}\n')
    with pytest.raises(CheckpointError, match=r"checkpoint\.json is damaged"):
        read(tmp_path / NAME)


def test_a_write_that_fails_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, {"step": 1})

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        write(tmp_path, {"step": 2})
    assert read(tmp_path / NAME) == {"step": 1}
    assert [path.name for path in tmp_path.iterdir()] == [NAME]


def test_fifty_truncations_are_refused_by_name(tmp_path: Path) -> None:
    write(tmp_path, STATE)
    path = tmp_path / NAME
    whole = path.read_bytes()
    lengths = random.Random(0).sample(range(len(whole)), 50)
    for length in lengths:
        path.write_bytes(whole[:length])
        with pytest.raises(CheckpointError, match=r"checkpoint\.json is damaged"):
            read(path)


def test_every_single_flipped_bit_is_refused_by_name(tmp_path: Path) -> None:
    write(tmp_path, STATE)
    path = tmp_path / NAME
    whole = path.read_bytes()
    for place in range(len(whole)):
        for bit in range(8):
            flipped = bytearray(whole)
            flipped[place] ^= 1 << bit
            path.write_bytes(flipped)
            with pytest.raises(CheckpointError, match=r"checkpoint\.json is damaged"):
                read(path)


def test_a_pickle_is_never_loaded(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (tmp_path / "sprung").write_text, ("!",)

    (tmp_path / NAME).write_bytes(pickle.dumps(Trap()))
    with pytest.raises(CheckpointError):
        read(tmp_path / NAME)
    assert not (tmp_path / "sprung").exists()


def test_a_missing_checkpoint_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"checkpoint\.json cannot be read: No such file"):
        read(tmp_path / NAME)
