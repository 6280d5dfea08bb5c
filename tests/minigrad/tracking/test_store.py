"""A store is read whole, whatever became of the runs in it."""

import json
import math
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from minigrad.files.whole import Lines, is_being_written
from minigrad.tracking import init, reopen
from minigrad.tracking.check import check_soundness
from minigrad.tracking.environment import process_start
from minigrad.tracking.show import run_sections
from minigrad.tracking.store import StoredRun, StoreError, find, load, runs
from tests.minigrad.tracking.written import config, facts, write

OLD, MIDDLE, NEW = (
    "20261120T080000Z-xor-aaaa",
    "20261121T080000Z-moons-abcd",
    "20261122T080000Z-xor-k3f9",
)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    for identity in (NEW, OLD, MIDDLE):
        write(tmp_path, identity, name=identity.split("-")[1])
    (tmp_path / "latest").symlink_to(NEW)
    return tmp_path


def test_runs_are_listed_oldest_first_without_latest_trash_and_sweeps(store: Path) -> None:
    write(store / ".trash", "20261119T080000Z-gone-zzzz")
    (store / "sweeps").mkdir()
    listed = runs(store)
    assert [run.id for run in listed] == [OLD, MIDDLE, NEW]
    assert [(run.name, run.status, run.damage) for run in listed] == [
        ("xor", "finished", []),
        ("moons", "finished", []),
        ("xor", "finished", []),
    ]


def test_runs_of_one_second_keep_the_order_in_which_they_started(tmp_path: Path) -> None:
    second = "20261120T080000Z-a-"
    write(tmp_path, f"{second}zzzz", started="2026-11-20T08:00:00.100+00:00")
    write(tmp_path, f"{second}aaaa", started="2026-11-20T08:00:00.900+00:00")
    assert [run.id[-4:] for run in runs(tmp_path)] == ["zzzz", "aaaa"]


def test_no_store_has_no_runs_and_a_file_is_no_store(tmp_path: Path) -> None:
    assert runs(tmp_path / "none") == []
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="file' cannot be read: Not a directory"):
        runs(tmp_path / "file")


def test_config_and_metrics_are_read_when_asked_for(store: Path) -> None:
    run = find(store, NEW)
    assert run.config == config()
    assert run.flat_config()["optimizer.lr"] == 0.5
    assert run.flat_config()["model.hidden"] == [8]
    assert run.metrics()[1] == {"step": 1, "loss": 0.3, "lr": 0.5, "time": 1 / 7}
    assert run.series("loss")[1] == [0.7, 0.3, 0.1]
    assert run.series("loss") == ([0, 1, 2], [0.7, 0.3, 0.1])
    assert run.series("nothing")[1] == []


def test_one_runs_config_is_not_anothers(store: Path) -> None:
    find(store, OLD).config["optimizer"]["lr"] = 99
    assert find(store, NEW).config["optimizer"]["lr"] == 0.5


def test_numbers_that_json_lacks_come_back(tmp_path: Path) -> None:
    run = load(write(tmp_path, NEW, losses=["nan", "inf", "-inf", 1]))
    nan, *others = run.series("loss")[1]
    assert math.isnan(nan)
    assert others == [math.inf, -math.inf, 1.0]
    assert isinstance(others[-1], float)


@pytest.mark.parametrize("torn", [b'{"step": 3, "lo', b"\0\0\0", b'{"step": 3, "x": "\xc3', b"7"])
def test_a_torn_last_line_is_no_damage(tmp_path: Path, torn: bytes) -> None:
    path = write(tmp_path, NEW)
    with (path / "metrics.jsonl").open("ab") as file:
        file.write(torn)
    run = load(path)
    assert run.series("loss")[1] == [0.7, 0.3, 0.1]
    assert run.log.damage == []


def test_a_last_line_that_only_lacks_its_end_is_read(tmp_path: Path) -> None:
    path = write(tmp_path, NEW)
    with (path / "metrics.jsonl").open("ab") as file:
        file.write(b'{"step": 3, "loss": 0.05}')
    assert load(path).series("loss")[1][-1] == 0.05


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b'{"step": 1, "lo', "not a line of JSON"),
        (b"", "not a line of JSON"),
        (b"\xff\xfe", "not a line of JSON"),
        (b"[" * 100_000, "not a line of JSON"),
        (b"[1, 2]", "not a JSON object: [1, 2]"),
        (b'{"loss": 1}', "step must be a whole number, found None"),
        (b'{"step": true, "loss": 1}', "step must be a whole number, found True"),
        (b'{"step": 1, "loss": "low"}', "loss must be a number, found 'low'"),
        (b'{"step": 1, "loss": 1' + b"0" * 400 + b"}", "loss is too large a number"),
    ],
)
def test_an_unreadable_line_elsewhere_is_damage_and_the_others_are_read(
    tmp_path: Path, line: bytes, message: str
) -> None:
    path = write(tmp_path, NEW)
    lines = (path / "metrics.jsonl").read_bytes().splitlines()
    lines[1] = line
    (path / "metrics.jsonl").write_bytes(b"\n".join(lines) + b"\n")
    run = load(path)
    assert run.log.damage == [f"metrics.jsonl:2: {message}"]
    assert run.series("loss")[1] == [0.7, 0.1]


def _write_facts(text: str | bytes) -> Callable[[Path], None]:
    raw = text.encode() if isinstance(text, str) else text

    def act(run: Path) -> None:
        (run / "run.json").write_bytes(raw)

    return act


def _directory(name: str) -> Callable[[Path], None]:
    def act(run: Path) -> None:
        (run / name).unlink()
        (run / name).mkdir()

    return act


def _pipe(run: Path) -> None:
    (run / "run.json").unlink()
    os.mkfifo(run / "run.json")


def _file(run: Path) -> None:
    shutil.rmtree(run)
    run.write_text("what?")


def _dangling(run: Path) -> None:
    shutil.rmtree(run)
    run.symlink_to("elsewhere")


DAMAGES: dict[str, tuple[Callable[[Path], None], str]] = {
    "no run.json": (lambda run: (run / "run.json").unlink(), "run.json is missing"),
    "empty": (_write_facts(""), "run.json is empty"),
    "cut": (_write_facts('{"id": "x",\n "sta'), "run.json:2:2: not valid JSON: Unterminated"),
    "not text": (_write_facts(b"\xff\xfe\x00"), "run.json is not UTF-8 text"),
    "a list": (_write_facts("[1]"), "run.json holds [1], not an object"),
    "deep": (_write_facts("[" * 100_000), "run.json: not valid JSON"),
    "no status": (_write_facts("{}"), "run.json: status must be one of running, finished"),
    "odd summary": (
        _write_facts('{"status": "finished", "summary": 3}'),
        "run.json: summary must be an object, found 3",
    ),
    "a directory": (_directory("run.json"), "run.json cannot be read: it is"),
    "a pipe": (_pipe, "run.json cannot be read: it is"),
    "no config": (lambda run: (run / "config.yaml").unlink(), "config.yaml is missing"),
    "no metrics": (lambda run: (run / "metrics.jsonl").unlink(), "metrics.jsonl is missing"),
    "a file": (_file, f"{MIDDLE} is a file, not the directory of a run"),
    "a dangling link": (_dangling, f"{MIDDLE} is a link to 'elsewhere', where no run is"),
}


@pytest.mark.parametrize("kind", DAMAGES)
def test_a_damaged_run_is_listed_among_the_others(store: Path, kind: str) -> None:
    damage, message = DAMAGES[kind]
    damage(store / MIDDLE)
    by_id = {run.id: run for run in runs(store)}
    assert by_id.keys() == {OLD, MIDDLE, NEW}
    assert by_id[OLD].status == by_id[NEW].status == "finished"
    assert by_id[MIDDLE].status == "damaged"
    assert by_id[MIDDLE].damage[0].startswith(message)
    assert by_id[MIDDLE].name == "moons"
    assert find(store, "moons").id == MIDDLE


def test_older_runs_without_the_newer_facts_are_whole(tmp_path: Path) -> None:
    path = write(tmp_path, NEW)
    changed = facts(NEW)
    for key in ("host", "tags", "group", "expectations"):
        del changed[key]
    (path / "run.json").write_text(json.dumps(changed))
    assert (load(path).status, load(path).damage) == ("finished", [])


def _running(store: Path, **changed: Any) -> StoredRun:
    shutil.rmtree(store / NEW, ignore_errors=True)
    return load(write(store, NEW, status="running", ended=None, **changed))


def test_a_run_whose_process_died_is_crashed(tmp_path: Path) -> None:
    here, mine = platform.node(), os.getpid()
    begun = process_start(mine)
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    assert _running(tmp_path, host=here, pid=mine, pid_start=begun).status == "running"
    assert _running(tmp_path, host=here, pid=mine, pid_start=1).status == "crashed"
    assert _running(tmp_path, host=here, pid=dead.pid, pid_start=begun).status == "crashed"
    assert _running(tmp_path, host=here, pid=mine, pid_start=None).status == "crashed"
    assert _running(tmp_path, host=here, pid=dead.pid, pid_start=None).status == "crashed"
    assert _running(tmp_path, host="elsewhere", pid=dead.pid, pid_start=1).status == "running"
    assert _running(tmp_path, host=here, pid=None, pid_start=None).status == "crashed"
    assert _running(tmp_path, host=here, pid=10**30, pid_start=None).status == "crashed"


def test_the_lock_tells_that_a_run_is_being_written_whatever_its_host_is_called(
    tmp_path: Path,
) -> None:
    path = write(tmp_path, NEW, status="running", host="renamed", pid=1, pid_start=1)
    lines = Lines(path / "metrics.jsonl")
    run = load(path)
    assert (run.status, run.alive, run.doubt) == ("running", True, "")
    lines.close()
    run = load(path)
    assert (run.status, run.alive) == ("running", None)
    assert run.doubt == "running on renamed, or died there"


@pytest.mark.parametrize(
    ("changed", "damage"),
    [
        ({"resumed": None, "expectations": None, "lifted": None, "git": None}, []),
        ({"packages": "x"}, ["packages must be an object, found 'x'"]),
        ({"packages": None}, ["packages must be an object, found None"]),
        ({"summary": []}, ["summary must be an object, found []"]),
        ({"tags": 5}, ["tags must be a list, found 5"]),
        ({"name": ["x"]}, ["name must be text, found ['x']"]),
        ({"seed": True, "pid": 1.5}, ["seed must be a whole number", "pid must be a whole number"]),
        ({"status": ["finished"]}, ["status must be one of"]),
        ({"resumed": "x", "expectations": {}}, ["expectations must be a list", "resumed must be"]),
        ({"extra": "x", "of a later version": [1]}, []),
    ],
)
def test_a_fact_of_another_kind_is_damage_and_hides_nothing(
    tmp_path: Path, changed: dict[str, Any], damage: list[str]
) -> None:
    write(tmp_path, OLD)
    write(tmp_path, NEW, **changed)
    other, run = runs(tmp_path)
    assert other.damage == []
    assert run.run_json.items() >= changed.items()
    assert len(run.damage) == len(damage)
    assert all(any(f"run.json: {start}" in one for one in run.damage) for start in damage)
    for again in (run, other):
        run_sections(again)
        check_soundness(again)


def test_a_run_that_ends_while_it_is_read_is_read_as_it_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = init("a", store=tmp_path)
    run.facts.pid_start = 1  # so that only its lock says that it is being written
    run.summary["first"] = 1

    def end_first(log: Path) -> bool | None:
        run.finish(summary={"best": 0.5})
        return is_being_written(log)

    monkeypatch.setattr("minigrad.tracking.store.is_being_written", end_first)
    stored, results = load(run.path), {"first": 1, "best": 0.5}
    assert (stored.status, stored.summary, stored.alive) == ("finished", results, False)


def test_whether_a_run_is_being_written_is_of_the_moment_of_its_facts(tmp_path: Path) -> None:
    run = init("a", store=tmp_path)
    stored = load(run.path)
    run.finish()
    assert (stored.status, stored.alive) == ("running", True)


def test_facts_that_it_does_not_know_survive_a_resume(tmp_path: Path) -> None:
    later: dict[str, Any] = {"extra": 1, "of a later version": [1], "lines": 3}
    path = write(tmp_path, NEW, **later)
    reopen(path, last_step=2, config="").finish()
    facts_now = load(path).run_json
    assert (facts_now["extra"], facts_now["of a later version"]) == (1, [1])


def test_a_process_of_another_user_is_alive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_pid: int, _signal: int) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "kill", refuse)
    monkeypatch.setitem(sys.modules, "fcntl", None)  # where there is a lock, that tells
    run = _running(tmp_path, host=platform.node(), pid=1, pid_start=None)
    assert (run.status, run.alive) == ("running", True)


def test_a_run_that_just_begins_lacks_nothing(tmp_path: Path) -> None:
    begun = process_start(os.getpid())
    run = _running(tmp_path, host=platform.node(), pid=os.getpid(), pid_start=begun)
    (run.path / "metrics.jsonl").unlink()
    assert (load(run.path).status, load(run.path).damage) == ("running", [])


@pytest.mark.parametrize(
    ("which", "identity"),
    [
        (OLD, OLD),
        ("20261121", MIDDLE),
        ("moons", MIDDLE),
        ("moons-ab", MIDDLE),
        ("xor-k", NEW),
        ("k3f9", NEW),
        ("k3", NEW),
        ("latest", NEW),
    ],
)
def test_a_run_is_found_by_a_part_of_its_id(store: Path, which: str, identity: str) -> None:
    assert find(store, which).id == identity


def test_a_run_is_found_by_its_path(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for which in (store / OLD, f"{store / OLD}/", store / "latest"):
        assert find(store, str(which)).path in (store / OLD, store / NEW)
    assert find(store, str(store / "latest")).id == NEW
    monkeypatch.chdir(store / MIDDLE)
    assert find("..", ".").id == MIDDLE
    elsewhere = write(store.parent / "other", "20260101T000000Z-far-1234")
    assert find(store, str(elsewhere)).path == elsewhere


def test_a_unique_name_finds_a_run_whose_id_does_not_tell_it(store: Path) -> None:
    write(store, "20261123T080000Z-run-qqqq", name="日本")
    assert find(store, "日本").id == "20261123T080000Z-run-qqqq"


@pytest.mark.parametrize("link", [None, "20990101T000000Z-gone-0000"])
def test_latest_is_the_newest_where_the_link_is_missing_or_dangles(
    store: Path, link: str | None
) -> None:
    (store / "latest").unlink()
    if link:
        (store / "latest").symlink_to(link)
    assert find(store, "latest").id == NEW
    assert len(runs(store)) == 3


@pytest.mark.parametrize(
    ("which", "message"),
    [
        ("xor", f"'xor' fits 2 runs, write more of the id: {NEW}, {OLD} (python -m minigrad.runs"),
        ("mons-abcd", "did you mean 'moons-abcd'? Known: "),
        ("", "no run '' in "),
        ("..", "no run '..' in "),
        (".trash", "no run '.trash' in "),
        ("no/such/path", "no run at 'no/such/path': python -m minigrad.runs list"),
        ("a\0b", "no run 'a\\x00b' in "),
        ("x" * 5000, "no run 'xxx"),
    ],
)
def test_what_is_not_there_is_met_with_what_is(store: Path, which: str, message: str) -> None:
    with pytest.raises(StoreError) as caught:
        find(store, which)
    assert message in str(caught.value)
    assert "python -m minigrad.runs list" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_empty_store_says_how_to_fill_it(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"no runs in .* yet: python -m minigrad\.train .* --out"):
        find(tmp_path, "latest")


@pytest.mark.slow
def test_two_thousand_runs_are_listed_completely(tmp_path: Path) -> None:
    text = json.dumps(facts("x"))
    written = {f"20261122T{i // 3600:02}{i // 60 % 60:02}{i % 60:02}Z-x-0000" for i in range(2000)}
    for identity in written:
        (tmp_path / identity).mkdir()
        (tmp_path / identity / "run.json").write_text(text)
        (tmp_path / identity / "config.yaml").touch()
        (tmp_path / identity / "metrics.jsonl").touch()
    listed = runs(tmp_path)
    assert {run.id for run in listed} == written
    assert {run.status for run in listed} == {"finished"}
    with pytest.raises(StoreError, match=r"fits 2,000 runs.* and 1,995 more"):
        find(tmp_path, "x")


WRITER = """
import sys
from minigrad.tracking import init
store, number = sys.argv[1:]
for i in range(5):
    with init(f"p{number}", {"writer": f"{number}-{i}"}, store=store) as run:
        for step in range(20):
            run.log({"loss": int(number) * 1000 + i * 100 + step}, step=step)
        run.summary["writer"] = f"{number}-{i}"
"""


@pytest.mark.slow
def test_eight_processes_write_forty_runs_and_none_is_mixed(tmp_path: Path) -> None:
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path), str(number)])
        for number in range(8)
    ]
    for _ in range(5):
        runs(tmp_path)  # reading meanwhile never raises
    assert [writer.wait() for writer in writers] == [0] * 8
    listed = runs(tmp_path)
    assert len(listed) == 40
    assert {run.status for run in listed} == {"finished"}
    summaries = {run.summary["writer"] for run in listed}
    assert summaries == {f"{number}-{i}" for number in range(8) for i in range(5)}
    for run in listed:
        number, i = map(int, run.summary["writer"].split("-"))
        assert run.config == {"writer": f"{number}-{i}"}
        assert run.series("loss")[1] == [number * 1000 + i * 100 + step for step in range(20)]
    assert (tmp_path / "latest").resolve() in {run.path for run in listed}
    assert find(tmp_path, "latest").status == "finished"
