"""A sweep's store is whole whenever its process is killed."""

import json
import os
import re
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from minigrad import runs as runs_command
from minigrad.runner.interrupts import Interrupts
from minigrad.sweep import __main__ as command
from minigrad.sweep import store
from minigrad.sweep.cells import check
from minigrad.sweep.grid import parse
from minigrad.sweep.member import Result, failed
from minigrad.sweep.plan import SweepPlan, Unit
from minigrad.sweep.store import SweepStore, read_sweep
from minigrad.tracking.store import StoreError, runs

XOR = "configs/xor.yaml"


def plan(*arguments: str) -> SweepPlan:
    grid = parse(arguments)
    return SweepPlan(XOR, list(arguments), grid.seeds, check(XOR, grid))


@pytest.fixture
def sweep(tmp_path: Path) -> SweepStore:
    return SweepStore.begin(tmp_path, plan("optimizer.lr=0.1,1", "seed=4,5"))


def result(sweep: SweepStore, index: int) -> Result:
    return failed(sweep.plan.config_of(index), "it was not even tried")


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


def test_what_was_asked_comes_back_as_it_was(sweep: SweepStore, tmp_path: Path) -> None:
    sweep.write(2, result(sweep, 2))
    sweep.finish("interrupted")
    again = SweepStore.reopen(tmp_path, "latest")
    assert again.plan == sweep.plan
    assert again.ended == sweep.ended
    assert again.missing() == [0, 1, 3]
    assert json.loads((again.path / "sweep.json").read_text())["status"] == "running"
    again.finish("finished")


def test_a_member_that_was_named_and_never_came_is_missing(
    sweep: SweepStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(_self: Path, _target: Path) -> None:
        raise KeyboardInterrupt

    sweep.write(0, result(sweep, 0))
    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", killed)
        with pytest.raises(KeyboardInterrupt):
            sweep.write(1, result(sweep, 1))
    sweep._journal.close()
    assert len(runs(tmp_path)) == 1
    again = SweepStore.reopen(tmp_path, sweep.id)
    assert again.missing() == [1, 2, 3]
    assert not (again.path / ".drafts").exists()
    again.write(1, result(again, 1))
    assert again.missing() == [2, 3]
    assert {run.id for run in runs(tmp_path)} == {one.run for one in again.ended}
    again.finish("interrupted")


def test_a_run_is_in_the_store_only_once_it_is_named(
    sweep: SweepStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(_line: str) -> None:
        raise KeyboardInterrupt

    sweep.write(0, result(sweep, 0))
    with monkeypatch.context() as patched:
        patched.setattr(sweep._journal, "append", killed)
        with pytest.raises(KeyboardInterrupt):
            sweep.write(1, result(sweep, 1))
    sweep._journal.close()
    assert [run.id for run in runs(tmp_path)] == [sweep.ended[0].run]
    again = SweepStore.reopen(tmp_path, sweep.id)
    assert again.missing() == [1, 2, 3]
    again.finish("interrupted")


def test_a_line_that_was_cut_off_is_passed_over(sweep: SweepStore, tmp_path: Path) -> None:
    sweep.write(0, result(sweep, 0))
    sweep.finish("interrupted")
    journal = sweep.path / "members.jsonl"
    journal.write_text(journal.read_text() + '{"cell": 1, "ru')
    again = SweepStore.reopen(tmp_path, sweep.id)
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
    sweep: SweepStore, tmp_path: Path, change: dict[str, Any], sentence: str
) -> None:
    sweep.write(0, result(sweep, 0))
    sweep.finish("interrupted")
    journal = sweep.path / "members.jsonl"
    (line,) = journal.read_text().splitlines()
    journal.write_text(json.dumps({**json.loads(line), **change}) + "\n")
    with pytest.raises(StoreError, match=f"damaged: members.jsonl:1: .*{re.escape(sentence)}"):
        SweepStore.reopen(tmp_path, "latest")


@pytest.mark.parametrize("name", ["sweep.json", "members.jsonl"])
def test_a_file_of_a_sweep_that_is_no_file_hangs_nothing(
    sweep: SweepStore, tmp_path: Path, name: str
) -> None:
    sweep.finish("interrupted")
    (sweep.path / name).unlink()
    os.mkfifo(sweep.path / name)
    with pytest.raises((StoreError, OSError), match="not a regular file"):
        SweepStore.reopen(tmp_path, sweep.id)


def test_drafts_are_not_written_where_a_link_leads(sweep: SweepStore, tmp_path: Path) -> None:
    sweep.finish("interrupted")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").touch()
    (sweep.path / ".drafts").symlink_to(outside)
    again = SweepStore.reopen(tmp_path, sweep.id)
    again.write(0, result(again, 0))
    again.finish("interrupted")
    assert os.listdir(outside) == ["precious"]


def test_damage_and_unknown_names_are_told(sweep: SweepStore, tmp_path: Path) -> None:
    sweep.finish("interrupted")
    with pytest.raises(StoreError, match=r"--resume nope: fits no sweep: Known: xor-"):
        SweepStore.reopen(tmp_path, "nope")
    (sweep.path / "members.jsonl").write_text("{}\n")
    with pytest.raises(StoreError, match=r"damaged: members\.jsonl:1: 'cell' is missing"):
        SweepStore.reopen(tmp_path, "latest")
    (sweep.path / "sweep.json").write_text("{")
    with pytest.raises(StoreError, match=r"its files are damaged: sweep\.json: Expecting"):
        SweepStore.reopen(tmp_path, "latest")
    with pytest.raises(StoreError, match="there are no sweeps in"):
        SweepStore.reopen(tmp_path / "elsewhere", "latest")


DELETED = object()


@pytest.mark.parametrize(
    ("place", "content", "sentence"),
    [
        ("config", None, "the plan: its config cannot be None"),
        ("asked", "x", "the plan: its asked cannot be x"),
        ("seeds", 3, "the plan: its seeds cannot be 3"),
        ("seeds", [1.5], "seeds must be whole numbers"),
        ("metric", [], r"the plan: its metric cannot be \[\]"),
        ("mode", "least", "mode cannot be least"),
        ("cells", [], "the plan has no cells"),
        ("cells", {}, "the plan has no cells"),
        ("search", {}, "'kind'"),
        ("search", 3, "not subscriptable"),
        ("cells 1 values", {}, "cell 1 has other values than cell 0"),
        ("cells 1 values", {"optimizer.lr": 2**1024}, "a finite number|308 digits"),
        ("cells 1 values", {"optimizer.lr": float("nan")}, "lr is not a finite number"),
        ("cells 1 values", {"optimizer.lr": float("-inf")}, "lr is not a finite number"),
        ("cells 1 values", None, "cell 1: its values cannot be None"),
        ("cells 1 config", [], r"cell 1: its config cannot be \[\]"),
        ("cells 1 config name", DELETED, "'name'"),
        ("cells 1 config name", {"a": 1}, "cell 1: its name cannot be"),
        ("cells 0 config seed", True, "cell 0: its seed cannot be True"),
        ("cells 0 config loss", 3, "cell 0: its loss cannot be 3"),
        ("cells 0 config data", "x", "cell 0: its data cannot be x"),
        ("cells 0 config expect", None, "cell 0: its expect cannot be None"),
        ("cells 0 config train", None, "cell 0: its train cannot be None"),
        ("cells 0 config train engine", None, "cell 0: its engine cannot be None"),
        ("cells 0 config train seeds", "x", "seeds are a count"),
        ("cells 0 config plugins", None, "cell 0: its plugins cannot be None"),
    ],
)
def test_a_plan_of_another_shape_is_damage_and_no_traceback(
    place: str, content: Any, sentence: str, sweep: SweepStore, tmp_path: Path
) -> None:
    sweep.finish("interrupted")
    facts = json.loads((sweep.path / "sweep.json").read_text())
    *keys, last = [int(key) if key.isdigit() else key for key in place.split()]
    held = facts["plan"]
    for key in keys:
        held = held[key]
    if content is DELETED:
        del held[last]
    else:
        held[last] = content
    (sweep.path / "sweep.json").write_text(json.dumps(facts))
    with pytest.raises(StoreError, match=rf"its files are damaged: .*{sentence}"):
        read_sweep(sweep.path)
    with pytest.raises(StoreError, match=rf"its files are damaged: .*{sentence}"):
        SweepStore.reopen(tmp_path, "latest")


def test_sweeps_are_found_by_a_part_of_their_id_and_are_no_runs(tmp_path: Path) -> None:
    sweeps = [SweepStore.begin(tmp_path, plan()) for _ in range(2)]
    for one in sweeps:
        one.finish("finished")
    for which in (sweeps[0].id, sweeps[0].id[-4:]):
        again = SweepStore.reopen(tmp_path, which)
        assert again.id == sweeps[0].id
        again.finish("finished")
    latest = SweepStore.reopen(tmp_path, "latest")
    assert latest.id == sweeps[1].id
    latest.finish("finished")
    with pytest.raises(StoreError, match="fits 2 sweeps"):
        SweepStore.reopen(tmp_path, "xor")
    assert runs(tmp_path) == []


def test_a_search_does_not_read_a_config_that_came_with_the_store(tmp_path: Path) -> None:
    inside = tmp_path / "c.yaml"
    inside.write_text(Path(XOR).read_text())
    tpe = {"kind": "tpe", "trials": 4, "seed": 0, "sha256": "0"}
    made = plan("optimizer.lr=0.1,1")
    SweepStore.begin(tmp_path, replace(made, config=str(inside), search=tpe)).finish("interrupted")
    with pytest.raises(StoreError, match="came with the store and may name plugins"):
        SweepStore.reopen(tmp_path, "latest")
    SweepStore.reopen(tmp_path, "latest", trust_plugins=True).finish("interrupted")


def test_a_sweep_that_is_reopened_knows_whose_plugins_it_has(
    sweep: SweepStore, tmp_path: Path
) -> None:
    assert sweep.provenance is None
    sweep.finish("interrupted")
    again = SweepStore.reopen(tmp_path, "latest")
    assert again.provenance is not None
    again.finish("interrupted")
    trusted = SweepStore.reopen(tmp_path, "latest", trust_plugins=True)
    assert trusted.provenance is None
    trusted.finish("finished")


def test_a_second_signal_leaves_the_sweep_interrupted_and_a_whole_one_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def end_at_once(number: int) -> None:
        raise SystemExit(128 + number)

    def signalled(sweep: SweepStore, _: object, interrupts: Interrupts) -> None:
        sweep._journal.close()
        interrupts._note(signal.SIGTERM, None)
        interrupts._note(signal.SIGTERM, None)

    monkeypatch.setattr("minigrad.runner.interrupts.end_at_once", end_at_once)
    monkeypatch.setattr("minigrad.sweep.__main__._train", signalled)
    with pytest.raises(SystemExit):
        command.main([XOR, "optimizer.lr=0.1,1", "--workers", "1", "--out", str(tmp_path)])
    (path,) = tmp_path.glob("sweeps/2*")
    assert json.loads((path / "sweep.json").read_text())["status"] == "interrupted"
    sweep = SweepStore.begin(tmp_path, plan("optimizer.lr=0.1,1"))
    sweep.finish("finished")
    sweep.abandon()
    assert json.loads((sweep.path / "sweep.json").read_text())["status"] == "finished"


def test_a_sweep_appears_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    asked = plan("optimizer.lr=0.1,1")
    for name in ("_write", "Lines"):
        with monkeypatch.context() as patched:
            patched.setattr(f"minigrad.sweep.store.{name}", killed)
            with pytest.raises(KeyboardInterrupt):
                SweepStore.begin(tmp_path, asked)
        assert runs_command.main(["check", "--store", str(tmp_path)]) == 0
    sweep = SweepStore.begin(tmp_path, asked)
    assert [path.name for path in tmp_path.glob("sweeps/2*")] == [sweep.id]
    sweep.finish("interrupted")


def test_a_sweep_that_goes_on_while_it_is_read_is_not_damaged(
    sweep: SweepStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    more = plan("optimizer.lr=3,4")
    read = store._read_facts
    waiting = [lambda: sweep.extend(more.cells), lambda: sweep.write(2, result(sweep, 2))]

    def read_and_go_on(path: Path) -> dict[str, Any]:
        facts = read(path)
        while waiting:
            waiting.pop(0)()
        return facts

    monkeypatch.setattr(store, "_read_facts", read_and_go_on)
    stored = read_sweep(sweep.path)
    assert ([one.cell for one in stored.ended], len(stored.plan.cells)) == ([2], 4)
    sweep.finish("interrupted")


def test_a_sweep_that_ended_since_it_was_read_is_not_called_crashed(sweep: SweepStore) -> None:
    stored = read_sweep(sweep.path)
    sweep.finish("finished")
    assert (stored.status, read_sweep(sweep.path).status) == ("running", "finished")


def test_a_sweep_whose_process_is_gone_has_crashed(sweep: SweepStore) -> None:
    sweep._journal.close()
    assert read_sweep(sweep.path).status == "crashed"


@pytest.mark.parametrize("target", [None, "20261122T201500Z-gone-k3f9"])
def test_latest_is_the_newest_where_the_link_is_not_there(
    sweep: SweepStore, tmp_path: Path, target: str | None
) -> None:
    sweep.finish("interrupted")
    link = sweep.path.with_name("latest")
    link.unlink()
    if target:
        link.symlink_to(target)
    again = SweepStore.reopen(tmp_path, "latest")
    assert again.id == sweep.id
    again.finish("interrupted")
