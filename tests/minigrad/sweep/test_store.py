"""A sweep's record is whole whenever its process is killed."""

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from minigrad.sweep.cells import check
from minigrad.sweep.grid import parse
from minigrad.sweep.member import Result, failed
from minigrad.sweep.plan import Plan, Unit
from minigrad.sweep.store import Record
from minigrad.tracking.store import StoreError, runs

XOR = "configs/xor.yaml"


def plan(*arguments: str) -> Plan:
    grid = parse(arguments)
    return Plan(XOR, list(arguments), grid.seeds, check(XOR, grid))


@pytest.fixture
def record(tmp_path: Path) -> Record:
    return Record.begin(tmp_path, plan("optimizer.lr=0.1,1", "seed=4,5"))


def result(record: Record, index: int) -> Result:
    return failed(record.plan.config_of(index), "it was not even tried")


def test_units_go_seed_by_seed_over_all_cells_and_replicas_are_one() -> None:
    eager = plan("optimizer.lr=0.1,1", "seed=4,5")
    assert eager.units == [Unit(0, (4,)), Unit(1, (4,)), Unit(0, (5,)), Unit(1, (5,))]
    assert [eager.config_of(index)["seed"] for index in range(4)] == [4, 4, 5, 5]
    both = plan("train.engine=eager,numpy", "seed=range(4,7)")
    assert both.units == [Unit(1, (4, 5, 6)), Unit(0, (4,)), Unit(0, (5,)), Unit(0, (6,))]
    assert both.config_of(0)["train"]["seeds"] == "4..6"
    assert plan("train.engine=numpy", "seed=1,7,3").config_of(0)["train"]["seeds"] == [1, 7, 3]
    assert plan("train.engine=numpy", "seed=7").units == [Unit(0, (7,))]
    assert plan("train.engine=numpy", "train.seeds=3").units == [Unit(0, (0, 1, 2))]
    assert plan("optimizer.lr=0.1,1").units == [Unit(0, (0,)), Unit(1, (0,))]


def test_what_was_asked_comes_back_as_it_was(record: Record, tmp_path: Path) -> None:
    record.write(2, result(record, 2))
    record.finish("interrupted")
    again = Record.reopen(tmp_path, "latest")
    assert again.plan == record.plan
    assert again.ended == record.ended
    assert again.missing() == [0, 1, 3]
    assert json.loads((again.path / "sweep.json").read_text())["status"] == "running"
    again.finish("finished")


def test_a_member_that_was_named_and_never_came_is_missing(
    record: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(_self: Path, _target: Path) -> None:
        raise KeyboardInterrupt

    record.write(0, result(record, 0))
    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", killed)
        with pytest.raises(KeyboardInterrupt):
            record.write(1, result(record, 1))
    record._journal.close()
    assert len(runs(tmp_path)) == 1
    again = Record.reopen(tmp_path, record.id)
    assert again.missing() == [1, 2, 3]
    assert not (again.path / ".drafts").exists()
    again.write(1, result(again, 1))
    assert again.missing() == [2, 3]
    assert {run.id for run in runs(tmp_path)} == {one.run for one in again.ended}
    again.finish("interrupted")


def test_a_line_that_was_cut_off_is_passed_over(record: Record, tmp_path: Path) -> None:
    record.write(0, result(record, 0))
    record.finish("interrupted")
    journal = record.path / "members.jsonl"
    journal.write_text(journal.read_text() + '{"cell": 1, "ru')
    again = Record.reopen(tmp_path, record.id)
    again.write(1, result(again, 1))
    again.finish("interrupted")
    assert [json.loads(line)["cell"] for line in journal.read_text().splitlines()] == [0, 1]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"cell": 99}, "no cell 99 among 2"),
        ({"cell": -1}, "no cell -1 among 2"),
        ({"cell": True}, "no cell True among 2"),
        ({"run": "../../x"}, "'../../x' is no run's name"),
        ({"run": ".trash"}, "'.trash' is no run's name"),
        ({"run": None}, "None is no run's name"),
        ({"seed": "x"}, "seed cannot be 'x'"),
        ({"final_loss": "low"}, "final_loss cannot be 'low'"),
        ({"met": 1}, "met cannot be 1"),
        ({"more": 1}, "unexpected keyword argument 'more'"),
    ],
)
def test_a_line_of_the_journal_that_fits_no_member_is_damage(
    record: Record, tmp_path: Path, change: dict[str, Any], sentence: str
) -> None:
    record.write(0, result(record, 0))
    record.finish("interrupted")
    journal = record.path / "members.jsonl"
    (line,) = journal.read_text().splitlines()
    journal.write_text(json.dumps({**json.loads(line), **change}) + "\n")
    with pytest.raises(StoreError, match=f"damaged: members.jsonl:1: .*{re.escape(sentence)}"):
        Record.reopen(tmp_path, "latest")


@pytest.mark.parametrize("name", ["sweep.json", "members.jsonl"])
def test_a_file_of_a_sweep_that_is_no_file_hangs_nothing(
    record: Record, tmp_path: Path, name: str
) -> None:
    record.finish("interrupted")
    (record.path / name).unlink()
    os.mkfifo(record.path / name)
    with pytest.raises((StoreError, OSError), match="not a regular file"):
        Record.reopen(tmp_path, record.id)


def test_drafts_are_not_written_where_a_link_leads(record: Record, tmp_path: Path) -> None:
    record.finish("interrupted")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").touch()
    (record.path / ".drafts").symlink_to(outside)
    again = Record.reopen(tmp_path, record.id)
    again.write(0, result(again, 0))
    again.finish("interrupted")
    assert os.listdir(outside) == ["precious"]


def test_damage_and_unknown_names_are_told(record: Record, tmp_path: Path) -> None:
    record.finish("interrupted")
    with pytest.raises(StoreError, match=r"--resume nope: fits no sweep: Known: xor-"):
        Record.reopen(tmp_path, "nope")
    (record.path / "members.jsonl").write_text("{}\n")
    with pytest.raises(StoreError, match=r"damaged: members\.jsonl:1: 'cell' is missing"):
        Record.reopen(tmp_path, "latest")
    (record.path / "sweep.json").write_text("{")
    with pytest.raises(StoreError, match=r"its files are damaged: sweep\.json: Expecting"):
        Record.reopen(tmp_path, "latest")
    with pytest.raises(StoreError, match="there are no sweeps in"):
        Record.reopen(tmp_path / "elsewhere", "latest")


def test_sweeps_are_found_by_a_part_of_their_id_and_are_no_runs(tmp_path: Path) -> None:
    records = [Record.begin(tmp_path, plan()) for _ in range(2)]
    for one in records:
        one.finish("finished")
    for which in (records[0].id, records[0].id[-4:]):
        again = Record.reopen(tmp_path, which)
        assert again.id == records[0].id
        again.finish("finished")
    latest = Record.reopen(tmp_path, "latest")
    assert latest.id == records[1].id
    latest.finish("finished")
    with pytest.raises(StoreError, match="fits 2 sweeps"):
        Record.reopen(tmp_path, "xor")
    assert runs(tmp_path) == []
