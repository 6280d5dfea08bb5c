"""Reading without trust: regular files of bounded size, JSON of bounded depth."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from minigrad.files.untrusted import open_regular, parse_json, read_regular, read_unlinked


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (os.mkfifo, "not a regular file"),
        (Path.mkdir, "a directory"),
        (lambda path: path.symlink_to("/dev/zero"), "a link, which is not followed"),
        (lambda path: path.symlink_to(sys.executable), "a link, which is not followed"),
    ],
)
def test_only_a_regular_file_is_read(
    tmp_path: Path, make: Callable[[Path], None], why: str
) -> None:
    make(tmp_path / "x")
    with pytest.raises(OSError) as caught:
        read_unlinked(tmp_path / "x", 100)
    assert caught.value.strerror == f"it is {why}"


def test_a_link_that_the_user_names_is_followed(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"abc")
    (tmp_path / "link").symlink_to("file")
    assert read_regular(tmp_path / "link", 2) == b"abc"
    (tmp_path / "zero").symlink_to("/dev/zero")
    with pytest.raises(OSError):
        open_regular(tmp_path / "zero")


def test_a_file_above_the_limit_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.touch()
    os.truncate(path, 20 * 10**9)  # sparse: it takes no space, and would fill the memory
    with pytest.raises(OSError) as caught:
        read_unlinked(path, 1000)
    assert caught.value.strerror == "it is larger than 1,000 bytes"
    os.truncate(path, 1000)
    assert read_unlinked(path, 1000) == bytes(1000)


def test_json_is_bounded_in_depth_and_in_its_numbers() -> None:
    fine: object
    for fine in ({"a": [1, 2.5, None, {"b": "x"}]}, 10**299, [[]]):
        assert parse_json(json.dumps(fine).encode()) == fine
    for depth in (51, 600, 100_000):
        with pytest.raises(ValueError, match="deeper than 50"):
            parse_json(b"[" * depth + b"]" * depth)
    assert parse_json(b"[" * 50 + b"]" * 50)
    for raw in (
        b'{"a": 1%s}' % (b"0" * 308),
        b"[-1%s]" % (b"0" * 400),
        b'{"a": [1%s]}' % (b"0" * 5000),
    ):
        with pytest.raises(ValueError, match="digits"):
            parse_json(raw)
