"""A metrics file that grows is read on, never again."""

import json
from pathlib import Path

import pytest

from minigrad.tracking.names import StoreError
from minigrad.tracking.tail import Tail


def line(step: int, loss: float | str = 0.5) -> str:
    return json.dumps({"step": step, "loss": loss}) + "\n"


@pytest.fixture
def metrics(tmp_path: Path) -> Path:
    return tmp_path / "metrics.jsonl"


def steps(tail: Tail) -> list[int]:
    return [int(row["step"]) for row in tail.read()[0]]


def test_each_line_is_given_once_and_half_a_line_when_it_is_whole(metrics: Path) -> None:
    metrics.write_text(line(0) + line(1)[:7])
    tail = Tail(metrics.parent)
    assert steps(tail) == [0]
    assert steps(tail) == []
    with metrics.open("a") as file:
        file.write(line(1)[7:] + line(2))
    assert steps(tail) == [1, 2]
    assert (tail.total, tail.damage) == (3, [])


def test_a_long_file_comes_in_parts(metrics: Path) -> None:
    metrics.write_text("".join(map(line, range(20_000))))
    tail = Tail(metrics.parent)
    rows, is_new, more = tail.read()
    assert (0 < len(rows) < 20_000, is_new, more) == (True, True, True)
    while more:
        part, is_new, more = tail.read()
        assert not is_new
        rows += part
    assert [row["step"] for row in rows] == list(range(20_000))


@pytest.mark.parametrize("how", ["cut off", "replaced"])
def test_another_file_is_read_from_its_start(metrics: Path, how: str) -> None:
    metrics.write_text(line(0) + line(1) + line(2))
    tail = Tail(metrics.parent)
    assert steps(tail) == [0, 1, 2]
    if how == "replaced":
        metrics.rename(metrics.with_name("old"))
    metrics.write_text(line(7))
    rows, is_new, _ = tail.read()
    assert ([row["step"] for row in rows], is_new) == ([7], True)


def test_a_damaged_line_hides_no_other(metrics: Path) -> None:
    metrics.write_text(line(0) + "{\n" + line(2, "nan"))
    tail = Tail(metrics.parent)
    assert steps(tail) == [0, 2]
    assert tail.damage == ["metrics.jsonl: not a line of JSON"]


def test_an_endless_line_ends_the_reading(metrics: Path) -> None:
    metrics.write_text(line(0) + "x" * 5_000_000)
    tail = Tail(metrics.parent)
    assert steps(tail) == [0]
    assert steps(tail) == []
    assert "a line of more than 1,000,000 bytes" in tail.damage[0]
    assert tail.read() == ([], False, False)


def test_a_link_is_not_followed(metrics: Path) -> None:
    metrics.symlink_to("/etc/passwd")
    with pytest.raises(StoreError, match="a link, which is not followed"):
        Tail(metrics.parent).read()
