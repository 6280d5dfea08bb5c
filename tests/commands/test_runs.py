"""python -m minigrad.runs: tables, JSON, exit codes; in whole processes at the end."""

import json
import os
import platform
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from minigrad import runs as command
from minigrad import train
from minigrad.tracking import checkpoint
from minigrad.tracking.environment import process_start
from tests.calling import call
from tests.minigrad.tracking.written import config, write
from tests.terminals import left_by_its_reader

COMMAND = [sys.executable, "-m", "minigrad.runs"]
SGD, ADAM, DEEP = (
    "20261120T080000Z-xor-aaaa",
    "20261121T080000Z-xor-bbbb",
    "20261122T080000Z-xor-cccc",
)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    store = tmp_path / "runs"
    verdict = {"name": "final_loss_below", "met": False, "sentence": "final loss 0.1 misses 0.01"}
    write(store, SGD, expectations=[verdict])
    adam = config(optimizer={"name": "adam", "lr": 0.1})
    numbers = {"initial_loss": 0.7, "final_loss": 0.00012345678, "steps": 100000, "seconds": 1.0}
    write(store, ADAM, adam, losses=[0.7, 0.3, 0.00012345678], summary=numbers)
    write(store, DEEP, config(model={"hidden": [8, 8]}), losses=[0.8], status="failed", summary={})
    (store / "latest").symlink_to(DEEP)
    return store


def runs(store: Path, *arguments: str, columns: int = 80) -> subprocess.CompletedProcess[str]:
    """The command where `runs` is its default store."""
    return call(command, *arguments, cwd=store.parent, columns=columns)


def printed(store: Path, *arguments: str, columns: int = 80) -> list[str]:
    """The lines of a call that goes well."""
    result = runs(store, *arguments, columns=columns)
    assert (result.returncode, result.stderr) == (0, "")
    return result.stdout.splitlines()


def parsed(store: Path, *arguments: str, code: int = 0) -> Any:
    result = runs(store, *arguments, "--json")
    assert (result.returncode, result.stderr) == (code, "")
    return json.loads(result.stdout, parse_constant=pytest.fail)


def refused(store: Path, *arguments: str) -> str:
    """The one line of a call that exits 2."""
    result = runs(store, *arguments)
    assert (result.returncode, result.stdout) == (2, "")
    (line,) = result.stderr.splitlines()
    return line


def test_names_with_spaces_commas_and_signs_are_reached(store: Path) -> None:
    names = {"acc, top 5": 0.5, "acc<5": 0.25, "a=b": 1.0}
    path = write(store, "20261119T080000Z-odd-dddd", summary=names)
    lines = [json.dumps({"step": step, **names}) for step in range(3)]
    (path / "metrics.jsonl").write_text("".join(f"{line}\n" for line in lines))
    for condition in ("acc, top 5=0.5", '"acc<5"<0.3', '"a=b"=1'):
        columns = '"acc, top 5","acc<5",a=b'
        (row,) = parsed(store, "list", "--filter", condition, "--columns", columns)
        assert row == names
    metrics = '"acc, top 5",acc<5,a=b'
    drawn = parsed(store, "plot", "dddd", "--metric", metrics, "--out", "odd.svg")
    assert [curve["points"] for curve in drawn["curves"]] == [3, 3, 3]


def test_no_name_forges_a_line(store: Path) -> None:
    evil = "x\nresults\n  final_loss  0\x1b[2J"
    forged: dict[str, Any] = {"summary": {evil: 1}, evil: evil, "name": evil}
    path = write(store, "20261119T080000Z-odd-dddd", **forged)
    line = json.dumps({"step": 0, evil: "text", "loss": 1.0})
    (path / "metrics.jsonl").write_text(f"{line}\n")
    (path / evil.replace("/", "")).write_text("")
    for arguments in (["show", "dddd"], ["compare", "dddd", "aaaa"], ["check", "dddd"], ["list"]):
        result = runs(store, *arguments, columns=200)
        lines = result.stdout.splitlines()
        assert lines.count("results") == (arguments[0] == "show")
        assert [line for line in lines if line.startswith("  final_loss  0")] == []
        assert "\x1b" not in result.stdout


def test_suggested_commands_can_be_typed_as_they_are(tmp_path: Path) -> None:
    store = tmp_path / "my runs"
    write(store, SGD)
    write(store, ADAM)
    line = refused(store, "show", "x", "--store", str(store))
    assert f"python -m minigrad.runs list --store '{store}'" in line
    (line,) = printed(store, "delete", "aaaa", "--store", str(store))
    command = line.partition(": ")[2].removesuffix(" brings it back")
    assert shlex.split(command)[3:] == ["restore", "xor-aaaa", "--store", str(store)]
    empty = tmp_path / "no runs"
    (line,) = printed(empty, "list", "--store", str(empty))
    assert f"--out '{empty}' makes one" in line


def test_the_sweeps_cannot_be_deleted_as_a_run(store: Path) -> None:
    (store / "sweeps" / "20261122T080000Z-xor-cccc").mkdir(parents=True)
    for which in ("runs/sweeps", "runs/sweeps/", str(store / "sweeps")):
        assert "no run at" in refused(store, "delete", which)
    assert (store / "sweeps" / "20261122T080000Z-xor-cccc").is_dir()


def test_a_run_of_a_host_that_is_out_of_sight_is_told_with_the_doubt(store: Path) -> None:
    write(store, "20261119T080000Z-far-dddd", status="running", host="far", ended=None)
    assert "20261119T080000Z-far-dddd: running on far, or died there" in printed(store, "list")
    (line,) = [line for line in printed(store, "show", "dddd") if line.startswith("  status")]
    assert line.split(maxsplit=1)[1] == "running on far, or died there"
    assert "or died there): stop it" in refused(store, "delete", "dddd")


def test_an_export_replaces_a_file_only_by_force(store: Path) -> None:
    (store.parent / "x.csv").write_text("precious")
    export = ["export", "aaaa", "--to", "csv", "--out", "x.csv"]
    assert refused(store, *export).startswith("x.csv exists already: --force replaces it")
    assert (store.parent / "x.csv").read_text() == "precious"
    assert printed(store, *export, "--force") == ["wrote 3 steps of 2 metrics to x.csv"]


@pytest.mark.parametrize("seeds", [[], ["--seeds", "3"]])
@pytest.mark.parametrize(
    "damage",
    [Path.unlink, pytest.param(lambda path: path.write_bytes(b""), marks=pytest.mark.slow)],
)
def test_plot_draws_a_lost_picture_again_to_the_byte(
    tmp_path: Path, seeds: list[str], damage: Callable[[Path], object]
) -> None:
    store = tmp_path / "runs"
    arguments = ["train.steps=6", "expect={}", *seeds, "--out", str(store)]
    assert call(train, "configs/xor.yaml", *arguments).returncode == 0
    run = (store / "latest").resolve()
    pictures = {path: path.read_bytes() for path in run.glob("*.png")}
    for lost in pictures:
        damage(lost)
        head, *lines = printed(store, "plot", "latest")
        assert head.startswith(f"drawn again: {lost.name} is ")
        assert len(lines) == len(pictures)
        assert {path: path.read_bytes() for path in run.glob("*.png")} == pictures


def test_list_shows_the_newest_first_and_what_differs(store: Path) -> None:
    head, *lines = printed(store, "list", columns=140)
    assert head.split() == [
        *("id", "status", "model.hidden", "optimizer.name", "optimizer.lr"),
        *("last", "final_loss", "steps", "seconds"),
    ]
    assert [line.split()[0] for line in lines] == [DEEP, ADAM, SGD]
    assert lines[1].split()[-3:] == ["0.0001235", "100000", "1"]
    ends = [head.index("final_loss") + 10, lines[1].rindex("0.0001235") + 9]
    assert ends[0] == ends[1], "numbers are to the right"


def test_list_json_is_the_table(store: Path) -> None:
    rows = parsed(store, "list")
    assert [row["id"] for row in rows] == [DEEP, ADAM, SGD]
    assert rows[1]["final_loss"] == 0.00012345678
    assert rows[0]["final_loss"] is None
    assert rows[0]["model.hidden"] == [8, 8]


def test_list_filters_sorts_limits_and_chooses_columns(store: Path) -> None:
    arguments = ["--filter", "status=finished", "final_loss<1", "--sort", "final_loss"]
    chosen = ["--columns", "id,optimizer.lr"]
    assert parsed(store, "list", *arguments, *chosen) == [
        {"id": ADAM, "optimizer.lr": 0.1},
        {"id": SGD, "optimizer.lr": 0.5},
    ]
    reversed_ = parsed(store, "list", *arguments, *chosen, "--reverse", "--limit", "1")
    assert [row["id"] for row in reversed_] == [SGD]


@pytest.mark.parametrize("columns", [200, 100, 60, 40, 20, 5])
def test_tables_fit_the_terminal(store: Path, columns: int) -> None:
    write(store, "20261123T080000Z-long-dddd", name="a name of many words " * 20)
    for arguments in (["list"], ["list", "--columns", "name,id,path_less,started"], ["compare"]):
        if arguments[0] == "compare":
            arguments = ["compare", "aaaa", "bbbb", "cccc"]
        arguments = [argument.replace("path_less", "group") for argument in arguments]
        lines = printed(store, *arguments, columns=columns)
        tables = [line for line in lines if not line.startswith(("the same", "configs"))]
        assert max(map(len, tables)) <= columns


def test_numbers_are_never_cut_before_texts(store: Path) -> None:
    assert "0.0001235" in "\n".join(printed(store, "list", columns=50))


def test_empty_states_say_what_to_do(tmp_path: Path) -> None:
    store = tmp_path / "runs"
    hint = "no runs in 'runs' yet: python -m minigrad.train configs/xor.yaml makes one"
    assert printed(store, "list") == [hint]
    assert printed(store, "check") == [hint]
    assert parsed(store, "list") == []
    assert refused(store, "show", "latest") == hint
    assert refused(store, "list", "--sort", "x", "--store", "/dev/null").startswith("store ")


def test_a_filter_that_none_meets_says_so(store: Path) -> None:
    (line,) = printed(store, "list", "--filter", "status=diverged")
    assert line == "no run meets status=diverged: python -m minigrad.runs list shows all 3"


def test_show_tells_everything(store: Path) -> None:
    sections = parsed(store, "show", "aaaa")
    assert sections["run"]["status"] == "finished"
    assert sections["results"]["final_loss"] == 0.1
    assert sections["expectations"] == ["final loss 0.1 misses 0.01"]
    assert sections["config"]["optimizer.lr"] == 0.5
    assert sections["files"]["metrics.jsonl"] > 100
    assert sections["last metrics"]["step"] == 2
    assert sections["damage"] == []
    lines = printed(store, "show", "aaaa")
    assert lines[0] == "run"
    assert "  final loss 0.1 misses 0.01" in lines
    assert "damage" not in lines


def test_show_a_damaged_run_tells_its_damage(store: Path) -> None:
    (store / SGD / "run.json").write_text("")
    (store / SGD / "config.yaml").unlink()
    lines = printed(store, "show", "aaaa")
    assert lines[-3:] == ["damage", "  run.json is empty", "  config.yaml is missing"]
    (store / "notes.txt").write_text("")
    assert "damage" in printed(store, "show", "notes.txt")


def test_a_name_cannot_move_the_cursor(store: Path) -> None:
    write(store, "20261123T080000Z-evil-dddd", name="\x1b[2J\nboo")
    result = runs(store, "list", "--columns", "name,id")
    assert "\x1b" not in result.stdout
    assert "\\x1b[2J\\nboo" in result.stdout
    assert "\x1b" not in runs(store, "show", "dddd").stdout
    (store / "\x1b[2J").write_text("")
    assert "\x1b" not in runs(store, "check").stdout
    assert "\\x1b[2J: damaged" in runs(store, "check").stdout


def test_compare_side_by_side(store: Path) -> None:
    compared = parsed(store, "compare", "aaaa", "bbbb")
    assert compared["config"] == {"optimizer.name": ["sgd", "adam"], "optimizer.lr": [0.5, 0.1]}
    assert compared["results"]["final_loss"] == [0.1, 0.00012345678]
    assert not compared["identical"]
    lines = printed(store, "compare", "aaaa", "bbbb")
    assert lines[0].split() == ["config", "xor-aaaa", "xor-bbbb"]
    assert lines[1].split() == ["optimizer.name", "sgd", "adam"]
    assert lines[-1] == "the same in all: status finished, initial_loss 0.7"
    assert "the configs are identical" in printed(store, "compare", "aaaa", "aaaa")


def test_diff_names_the_step_and_the_cause_and_exits_1(store: Path) -> None:
    result = runs(store, "diff", "aaaa", "bbbb")
    assert (result.returncode, result.stderr) == (1, "")
    assert result.stdout.splitlines() == [
        "they part at step 2, after 2 identical logged steps",
        "loss: 0.1 in xor-aaaa, 0.00012345678 in xor-bbbb",
        "likely cause: config: optimizer.name sgd against adam, optimizer.lr 0.5 against 0.1",
    ]
    assert parsed(store, "diff", "aaaa", "bbbb", code=1)["step"] == 2
    same = parsed(store, "diff", "aaaa", "aaaa")
    assert same["identical"]
    assert same["sentences"] == ["identical over 3 logged steps, to the last bit"]


def test_delete_and_restore(store: Path) -> None:
    assert printed(store, "delete", "cccc", "latest") == [
        f"deleted {DEEP}: python -m minigrad.runs restore xor-cccc brings it back"
    ]
    assert os.readlink(store / "latest") == ADAM
    assert "it is in the trash" in refused(store, "delete", "cccc")
    assert parsed(store, "restore", "cccc") == {"restored": [DEEP]}
    assert "is not in the trash" in refused(store, "restore", "cccc")
    assert os.readlink(store / "latest") == DEEP
    assert "no run 'zzzz' in" in refused(store, "delete", "zzzz", "aaaa")
    assert len(printed(store, "list")) == 4


def test_a_running_run_is_kept_unless_forced(store: Path) -> None:
    mine: dict[str, Any] = {
        "pid": os.getpid(),
        "pid_start": process_start(os.getpid()),
        "host": platform.node(),
    }
    write(store, "20261123T080000Z-busy-dddd", status="running", **mine)
    assert parsed(store, "list", "--limit", "1")[0]["status"] == "running"
    assert "is running (process" in refused(store, "delete", "dddd")
    assert printed(store, "delete", "dddd", "--force")


def test_check_finds_damage_and_exits_1(store: Path) -> None:
    checkpoint.write(store / SGD, {"step": 1})
    assert printed(store, "check") == ["3 runs checked, none damaged"]
    (store / SGD / "run.json").write_text("{")
    (store / SGD / "checkpoint.json").write_text("{}")
    with (store / ADAM / "metrics.jsonl").open("a") as file:
        file.write("oops\n")
    result = runs(store, "check")
    assert (result.returncode, result.stderr) == (1, "")
    assert result.stdout.splitlines() == [
        f"{SGD}: damaged",
        "  run.json:1:2: not valid JSON: Expecting property name enclosed in double quotes",
        f"  {Path('runs', SGD, 'checkpoint.json')} is damaged: "
        "its checksum does not match its content",
        "  can be read: config.yaml: 6 settings; metrics.jsonl: 3 lines, steps 0 to 2",
        f"{ADAM}: damaged",
        "  metrics.jsonl:4: not a line of JSON",
        "  can be read: run.json; config.yaml: 6 settings; metrics.jsonl: 3 lines, steps 0 to 2",
        "3 runs checked, 2 damaged",
    ]
    assert len(parsed(store, "check", code=1)["runs"]) == 3
    assert printed(store, "check", "cccc")[0] == f"{DEEP}: sound"
    assert printed(store, "list")[-1] == "1 damaged: python -m minigrad.runs check says how"


def test_no_such_run_and_bad_usage_are_one_line(store: Path) -> None:
    assert "'xor' fits 3 runs" in refused(store, "show", "xor")
    assert "Known: xor-aaaa" in refused(store, "compare", "nothing", "aaaa")
    assert "did you mean 'optimizer.name'" in refused(store, "list", "--filter", "optimizer.nam=x")
    assert "write key=value" in refused(store, "list", "--filter", "what")
    assert "no run has 'lorss'" in refused(store, "list", "--columns", "id,lorss")
    assert "unknown VERB 'lst': did you mean 'list'? Known: list, show" in refused(store, "lst")
    assert "must be a whole number from 1" in refused(store, "list", "--limit", "0")
    for weight in ("1", "-0.5", "nan", "much"):
        message = refused(store, "plot", "aaaa", f"--smooth={weight}")
        assert f"must be a number in [0, 1), found {weight!r}" in message
    assert "--help tells more" in refused(store)
    for ending in (".png", "/a.png"):
        message = refused(store, "plot", "aaaa", "--out", f"{'x' * 300}{ending}")
        assert "File name too long" in message
        assert "Errno" not in message


def test_a_reader_that_leaves_early_sees_no_traceback(store: Path) -> None:
    for number in range(300):
        write(store, f"20261123T080000Z-many-{number:04}")
    command = [*COMMAND, "list", "--store", str(store)]
    assert left_by_its_reader(command) == (0, "")


def test_a_terminal_without_unicode_is_no_obstacle(store: Path) -> None:
    write(store, "20261123T080000Z-run-dddd", name="日本")
    result = subprocess.run(
        [*COMMAND, "list", "--columns", "name", "--store", str(store)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )
    assert (result.returncode, result.stderr) == (0, "")
    assert "\\u65e5\\u672c" in result.stdout


def test_verify_and_export_work_on_a_trained_run(tmp_path: Path) -> None:
    short = ["configs/xor.yaml", "train.steps=5", "expect={}"]
    assert call(train, *short, "--out", str(tmp_path)).returncode == 0
    store = ["--store", str(tmp_path)]
    verified = subprocess.run(
        [*COMMAND, "verify", "latest", *store], capture_output=True, text=True
    )
    assert verified.returncode == 0
    assert "identical in every number of 5 logged steps and in all else" in verified.stdout
    metrics = (tmp_path / "latest").resolve() / "metrics.jsonl"
    metrics.write_text(metrics.read_text().replace('"lr": 1.0,', '"lr": 1.0000000000000002,', 1))
    changed = subprocess.run([*COMMAND, "verify", "latest", *store], capture_output=True, text=True)
    assert changed.returncode == 1
    assert "differs first at step 0: lr was 1.0000000000000002, is 1.0" in changed.stdout
    table = tmp_path / "x.csv"
    exported = subprocess.run(
        [*COMMAND, "export", "latest", "--to", "csv", "--out", str(table), *store],
        capture_output=True,
        text=True,
    )
    assert (exported.returncode, exported.stderr) == (0, "")
    lines = table.read_text().splitlines()
    assert len(lines) == 6
    assert lines[0].startswith("step,")
