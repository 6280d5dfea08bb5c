"""python -m minigrad.sweep: runs, tables, kills, a cluster."""

import csv
import json
import os
import random
import re
import resource
import signal
import socket
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from minigrad import native, runner
from minigrad import runs as runs_command
from minigrad.sweep import __main__ as sweep
from minigrad.tracking.store import runs
from tests import calling
from tests.stored_runs import metrics, newest
from tests.terminals import at_a_terminal
from tests.waiting import until

COMMAND = [sys.executable, "-m", "minigrad.sweep"]
XOR = "configs/xor.yaml"
EAGER = "train.engine=eager"  # on which every seed is a run of its own
TINY = [EAGER, "model.hidden=[2]", "train.steps=30", "expect.final_loss_below=0.5"]
GRID = ["optimizer=sgd,adam", "optimizer.lr=0.1,1.0", "seed=range(0,3)"]
# long enough to be killed on the way
LONG = [
    *(EAGER, "optimizer.lr=0.3,1.0", "seed=range(0,8)", "model.hidden=[4]", "train.steps=300"),
]
TWO = ["--workers", "2"]


def process(out: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *arguments, "--out", str(out)], capture_output=True, text=True)


def call(out: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The same in this process."""
    return calling.call(sweep, *arguments, "--out", str(out))


def folder(out: Path) -> Path:
    """The one sweep's."""
    (path,) = [path for path in (out / "sweeps").iterdir() if path.name != "latest"]
    return path


def rows(out: Path) -> list[dict[str, str]]:
    with (folder(out) / "sweep.csv").open() as file:
        return list(csv.DictReader(file))


def journal(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder(out) / "members.jsonl").read_text().splitlines()]


def status(out: Path) -> str:
    status = json.loads((folder(out) / "sweep.json").read_text())["status"]
    assert isinstance(status, str)
    return status


Swept: TypeAlias = tuple[Path, subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Swept:
    out = tmp_path_factory.mktemp("swept")
    result = process(out, XOR, *TINY, *GRID)
    assert (result.returncode, result.stderr) == (0, "")
    return out, result


def test_a_sweep_prints_its_ranking_and_where_all_of_it_is(
    swept: Swept,
) -> None:
    out, result = swept
    lines = result.stdout.splitlines()
    assert lines[0].startswith("4 cells x 3 seeds in ")
    assert lines[0].endswith(" s: 12 finished")
    assert lines[2].split() == ["optimizer", "optimizer.lr", "median", "q1", "q3", "met"]
    medians = [float(line.split()[2]) for line in lines[3:7]]
    assert medians == sorted(medians)
    best = rows(out)[0]
    assert f"best   optimizer={best['optimizer']} optimizer.lr=" in lines[8]
    assert lines[9] == (
        f"runs   python -m minigrad.runs list --filter group={folder(out).name} --store {out}"
    )
    assert lines[11] == "which settings mattered: shares of the variance of log10 final_loss"
    shares = [line.rsplit(maxsplit=2) for line in lines[14:-4]]
    assert {name for name, _, _ in shares} <= {
        *("optimizer", "optimizer.lr", "optimizer x optimizer.lr")
    }
    assert sum(int(share) for _, share, _ in shares) in (99, 100, 101)
    names = {"table ": "sweep.csv", "plot  ": "sweep.png", "shares": "importance.png"}
    assert lines[-3:] == [f"{word} {folder(out)}/{name}" for word, name in names.items()]
    for name in ("sweep.png", "importance.png"):
        assert (folder(out) / name).read_bytes().startswith(b"\x89PNG")
    assert newest(out / "sweeps") == folder(out)
    assert status(out) == "finished"


def test_the_table_holds_what_the_runs_say(
    swept: Swept,
) -> None:
    out, _ = swept
    stored = runs(out)
    assert len(stored) == 12
    for row in rows(out):
        cell = [
            run
            for run in stored
            if run.config["optimizer"]["name"] == row["optimizer"]
            and run.config["optimizer"]["lr"] == float(row["optimizer.lr"])
        ]
        assert sorted(run.config["seed"] for run in cell) == [0, 1, 2]
        low, median, high = sorted(run.summary["final_loss"] for run in cell)
        assert float(row["median"]) == median
        assert float(row["q1"]) == pytest.approx((low + median) / 2, rel=1e-12)
        assert float(row["q3"]) == pytest.approx((median + high) / 2, rel=1e-12)
        met = sum(all(v["met"] for v in run.facts.expectations or []) for run in cell)
        assert float(row["met"]) == pytest.approx(met / 3)
    assert {run.facts.group for run in stored} == {folder(out).name}
    assert {run.status for run in stored} == {"finished"}


def test_members_are_the_same_to_the_bit_as_trained_alone(swept: Swept, tmp_path: Path) -> None:
    out, _ = swept
    for member in runs(out):
        optimizer, seed = member.config["optimizer"], member.config["seed"]
        cell = [f"optimizer={optimizer['name']}", f"optimizer.lr={optimizer['lr']}"]
        alone = runner.train(XOR, [*TINY, *cell, f"seed={seed}"], store=tmp_path).stored
        assert metrics(member.path) == metrics(alone.path)
        assert (member.path / "config.yaml").read_text() == (alone.path / "config.yaml").read_text()
        facts, facts_alone = member.run_json, alone.run_json
        for one in (facts, facts_alone):
            one["summary"]["seconds"] = None
            one.pop("arrays", None)  # recorded where numpy is loaded
        apart = {key for key in facts_alone if facts[key] != facts_alone[key]}
        assert apart <= {"id", "argv", "started", "ended", "group", "pid", "pid_start", "git"}
        assert set(facts) == set(facts_alone)
        logs = [(run / "output.log").read_text() for run in (member.path, alone.path)]
        assert logs[0].partition(", ")[0] == logs[1].partition(", ")[0]


def test_members_are_runs_to_every_verb(swept: Swept, tmp_path: Path) -> None:
    out, _ = swept
    some = [run.id for run in runs(out)[:2]]

    def verb(*arguments: str) -> str:
        result = calling.call(runs_command, *arguments, "--store", str(out))
        assert (result.returncode, result.stderr) == (0, "")
        return result.stdout

    listed = verb("list", "--filter", f"group={folder(out).name}", "--columns", "id,optimizer.lr")
    assert len(listed.splitlines()) == 13
    assert "optimizer" in verb("compare", *some)
    verb("plot", *some, "--out", str(tmp_path / "both.png"))
    assert "identical in every number of 30 logged steps" in verb("verify", some[0])
    verb("export", some[0], "--to", "csv", "--out", str(tmp_path / "one.csv"))
    assert "12 runs checked, none damaged" in verb("check")
    assert some[0] in verb("show", some[0])


def test_on_the_numpy_engine_a_cell_is_one_run_with_a_file_of_its_seeds(
    swept: Swept, tmp_path: Path
) -> None:
    result = call(tmp_path, XOR, *TINY[1:], *GRID, "train.engine=numpy", "--json")
    assert (result.returncode, result.stderr) == (0, "")
    data = json.loads(result.stdout)
    assert (data["members"], data["finished"], len(data["cells"])) == (12, 12, 4)
    stored = runs(tmp_path)
    assert len(stored) == 4
    for run in stored:
        assert (run.path / "seeds.npz").exists()
        assert run.config["train"]["seeds"] == "0..2"
    assert [len(cell["runs"]) for cell in data["cells"]] == [1] * 4
    eager = rows(swept[0])
    for row, expected in zip(rows(tmp_path), eager, strict=True):
        assert (row["optimizer"], row["optimizer.lr"]) == (
            expected["optimizer"],
            expected["optimizer.lr"],
        )
        assert float(row["median"]) == pytest.approx(float(expected["median"]), rel=1e-9)
        assert row["met"] == expected["met"]


PLUGIN = """
import os, signal
from pathlib import Path
from nn.activations import ACTIVATIONS

once = Path(__file__).with_name("once")


@ACTIVATIONS.register
def deadly_once(x):
    if not once.exists():
        once.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return x.tanh()


@ACTIVATIONS.register
def deadly(x):
    os.kill(os.getpid(), signal.SIGKILL)


@ACTIVATIONS.register
def raising(x):
    print("about to raise")
    raise KeyError("no such\\nthing")


@ACTIVATIONS.register
def leaving(x):
    raise SystemExit(3)
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """XOR, which knows activations that kill, raise and leave."""
    (tmp_path / "plugin.py").write_text(PLUGIN)
    path = tmp_path / "c.yaml"
    path.write_text(Path(XOR).read_text() + "plugins: [plugin.py]\n")
    return path


def test_a_worker_that_dies_is_replaced_and_its_member_trained_again(
    tmp_path: Path, config: Path
) -> None:
    out = tmp_path / "runs"
    result = call(
        out, str(config), *TINY, "model.activation=deadly_once,tanh", "seed=range(0,4)",
        *TWO,
    )  # fmt: skip
    assert (result.returncode, result.stderr) == (0, "")
    assert (tmp_path / "once").exists()
    assert result.stdout.startswith("2 cells x 4 seeds in ")
    assert len(journal(out)) == len(runs(out)) == 8
    first, second = rows(out)
    assert first["median"] == second["median"]  # both are tanh


def test_what_fails_or_diverges_is_told_and_the_others_go_on(tmp_path: Path, config: Path) -> None:
    out = tmp_path / "runs"
    activations = "model.activation=tanh,deadly,raising,leaving"
    grid = [activations, "optimizer.lr=1.0,1e300", "loss=mse", "seed=3,4", "expect={}"]
    result = call(out, str(config), "model.hidden=[2]", "train.steps=5", *grid, *TWO)
    assert (result.returncode, result.stderr) == (1, "")
    stored = {run.id: run for run in runs(out)}
    assert len(stored) == 16
    by_status = {one["status"] for one in journal(out)}
    assert by_status == {"finished", "diverged", "failed"}
    for one in journal(out):
        run = stored[one["run"]]
        assert (run.status, run.facts.error) == (one["status"], one["error"])
        activation = run.config["model"]["activation"]
        error = {
            "tanh": None if one["status"] == "finished" else "training diverged at step",
            "deadly": "the worker process died, 2 times",
            "raising": "KeyError: 'no such\\nthing'",
            "leaving": "SystemExit: 3",
        }[activation]
        assert (error or "") in str(one["error"])
        log = (run.path / "output.log").read_text()
        assert ("about to raise" in log) == (activation == "raising")
        assert ("Traceback" in log) == (activation in ("raising", "leaving"))
    ranked = rows(out)
    assert (ranked[0]["median"] == "inf", ranked[1]["median"]) == (False, "inf")
    assert (ranked[0]["failed"], ranked[0]["diverged"], ranked[0]["why"]) == ("0", "0", "")
    assert "model.activation=tanh optimizer.lr=1e+300: 2 diverged, seed 3: " in result.stdout
    assert "12 failed" in result.stdout.splitlines()[0]


def test_a_deleted_member_is_what_resume_finds_missing(tmp_path: Path) -> None:
    call(tmp_path, XOR, *TINY, "optimizer.lr=0.1,1.0")
    before, victim = rows(tmp_path), runs(tmp_path)[0]
    whole = call(tmp_path, "--resume", "latest")
    head = whole.stdout.splitlines()[0]
    assert re.fullmatch(r"2 cells( in .+)?: 2 finished", head)  # a time only where it is long
    assert runs_command.main(["delete", victim.id, "--store", str(tmp_path)]) == 0
    assert call(tmp_path, "--resume", folder(tmp_path).name[-4:]).returncode == 0
    assert len(runs(tmp_path)) == 2
    assert victim.id not in {run.id for run in runs(tmp_path)}
    assert rows(tmp_path) == before


class Started:
    """A sweep in a session of its own, and a mark by which all its processes are known."""

    def __init__(self, out: Path, *arguments: str) -> None:
        self.out, self.mark = out, f"SWEEP_MARK={uuid.uuid4()}"
        name, value = self.mark.split("=")
        self.process = subprocess.Popen(
            [*COMMAND, *arguments, "--out", str(out)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env={**os.environ, name: value},
        )

    def wait_for(self, members: int) -> None:
        """Until so many have ended."""

        def ended() -> bool:
            journals = list(self.out.glob("sweeps/2*/members.jsonl"))
            return bool(journals) and len(journals[0].read_text().splitlines()) >= members

        until(ended, self.process)

    def processes(self) -> list[int]:
        """All that are left of it, workers too."""
        numbers = []
        for path in Path("/proc").glob("[0-9]*/environ"):
            try:
                if self.mark.encode() in path.read_bytes().split(b"\0"):
                    numbers.append(int(path.parent.name))
            except OSError:  # it has just ended, or is another user's
                continue
        return numbers

    def assert_nothing_is_left(self) -> None:
        until(lambda: not self.processes())


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The table of LONG."""
    out = tmp_path_factory.mktemp("undisturbed")
    assert call(out, XOR, *LONG).returncode == 0
    return (folder(out) / "sweep.csv").read_text()


def assert_whole(out: Path, table: str) -> None:
    """Every member once, and the table of a sweep that was never stopped."""
    assert status(out) == "finished"
    assert (folder(out) / "sweep.csv").read_text() == table
    assert len(runs(out)) == 16
    assert {run.status for run in runs(out)} == {"finished"}
    assert {(r.config["optimizer"]["lr"], r.config["seed"]) for r in runs(out)} == {
        (rate, seed) for rate in (0.3, 1.0) for seed in range(8)
    }
    assert not (folder(out) / ".drafts").exists()


@pytest.mark.slow
def test_killed_again_and_again_it_ends_with_the_same_table(
    tmp_path: Path, undisturbed: str
) -> None:
    sweep = Started(tmp_path, XOR, *LONG, *TWO)
    for members in (2, 6, 11):
        sweep.wait_for(members)
        sweep.process.send_signal(signal.SIGKILL)
        sweep.process.communicate()
        sweep.assert_nothing_is_left()
        assert {run.status for run in runs(tmp_path)} == {"finished"}
        there = {run.id for run in runs(tmp_path)}
        sweep = Started(tmp_path, "--resume", "latest", *TWO)
    stdout, err = sweep.process.communicate()
    assert (sweep.process.returncode, err) == (0, "")
    assert there < {run.id for run in runs(tmp_path)}
    assert_whole(tmp_path, undisturbed)
    assert stdout.splitlines()[0].endswith(": 16 finished")


SEARCHES = {
    "halving": [f"optimizer.lr={','.join(f'0.{n}' for n in range(1, 10))}", "--halving"],
    "tpe": [
        *("optimizer.lr=loguniform(0.01,3)", "model.activation=tanh,relu"),
        *("--sampler", "tpe", "--trials", "12"),
    ],
}


@pytest.mark.slow
@pytest.mark.parametrize("name", SEARCHES)
def test_a_search_that_is_killed_at_random_ends_with_the_same_table(
    tmp_path: Path, name: str
) -> None:
    asked = [XOR, *SEARCHES[name], "seed=0,1", "model.hidden=[3]", "train.steps=90"]
    asked += ["train.engine=eager"]  # a run a seed
    assert call(tmp_path / "whole", *asked).returncode == 0
    table = (folder(tmp_path / "whole") / "sweep.csv").read_text()
    count, out, rng = len(journal(tmp_path / "whole")), tmp_path / "killed", random.Random(name)
    sweep = Started(out, *asked, *TWO)
    for members in sorted(rng.sample(range(1, count), 3)):
        sweep.wait_for(members)
        sweep.process.send_signal(signal.SIGKILL)
        sweep.process.communicate()
        sweep.assert_nothing_is_left()
        sweep = Started(out, "--resume", "latest", *TWO)
    _, err = sweep.process.communicate()
    assert (sweep.process.returncode, err) == (0, "")
    assert (folder(out) / "sweep.csv").read_text() == table
    # a kill between a line and the move of its run into the store leaves a line that does not count
    counted = [line for line in journal(out) if (out / line["run"]).is_dir()]
    assert len(counted) == count == len(runs(out))


@pytest.mark.parametrize(
    ("number", "code", "cause"),
    [
        (signal.SIGINT, 130, "Ctrl-C"),
        pytest.param(signal.SIGTERM, 143, "SIGTERM", marks=pytest.mark.slow),
    ],
)
def test_interrupted_it_keeps_what_is_done_and_says_how_to_go_on(
    tmp_path: Path, undisturbed: str, number: signal.Signals, code: int, cause: str
) -> None:
    sweep = Started(tmp_path, XOR, *LONG, *TWO)
    sweep.wait_for(4)
    # a terminal sends Ctrl-C to all its processes
    kill = os.killpg if number == signal.SIGINT else os.kill
    kill(sweep.process.pid, number)
    stdout, err = sweep.process.communicate()
    assert (sweep.process.returncode, err) == (code, "")
    sweep.assert_nothing_is_left()
    assert status(tmp_path) == "interrupted"
    name = folder(tmp_path).name[17:]
    assert stdout.splitlines()[-1] == (
        f"stopped by {cause}: python -m minigrad.sweep --resume {name} --out {tmp_path} "
        "goes on from there"
    )
    done = len(runs(tmp_path))
    assert 4 <= done < 16
    assert {run.status for run in runs(tmp_path)} == {"finished"}
    resumed = call(tmp_path, "--resume", name)
    assert (resumed.returncode, resumed.stderr) == (0, "")
    assert_whole(tmp_path, undisturbed)


def test_a_sweep_is_written_by_one_process_at_a_time(tmp_path: Path) -> None:
    sweep = Started(tmp_path, XOR, "train.steps=1000000")
    sweep.wait_for(0)
    second = call(tmp_path, "--resume", "latest")
    sweep.process.kill()  # Ctrl-C would wait for the member that is being trained
    sweep.assert_nothing_is_left()
    sweep.process.communicate()
    assert second.returncode == 2
    name = re.escape(folder(tmp_path).name)
    assert re.fullmatch(rf"--resume {name}: process \d+ is writing it\n", second.stderr)


def test_a_bar_with_members_and_failures_is_drawn_at_a_terminal_only(tmp_path: Path) -> None:
    code, screen = at_a_terminal(
        [*COMMAND, XOR, "optimizer.lr=1.0,1e300", "loss=mse", "seed=range(0,4)", "expect={}",
         "train.steps=500", "train.engine=eager", "--out", str(tmp_path)]
    )  # fmt: skip
    assert code == 1
    assert re.search(r"0 of 8 members, [12] in training", screen)
    assert "8 of 8 members" in screen
    assert " left [" in screen
    assert "4 diverged" in screen
    assert "step/s" not in screen  # a member's own bar is not to be seen


@dataclass
class Cluster:
    """A Dask scheduler on loopback and its two workers, each a process of its own."""

    address: str
    scheduler: subprocess.Popen[bytes]
    workers: list[subprocess.Popen[bytes]]


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    address_file = tmp_path / "scheduler.json"

    def start(program: str, *arguments: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.{program}", "--no-dashboard", *arguments],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        started.append(process)
        return process

    started: list[subprocess.Popen[bytes]] = []
    local = ["--host", "127.0.0.1"]
    worker = [*local, "--nthreads", "1", "--no-nanny", "--local-directory", str(tmp_path)]
    try:
        start("dask_scheduler", *local, "--port", "0", "--scheduler-file", str(address_file))
        address = address_in(address_file)
        workers = [start("dask_worker", address, *worker) for _ in range(2)]
        yield Cluster(address, started[0], workers)
    finally:
        for process in started:
            process.kill()
            process.wait()


def address_in(file: Path) -> str:
    """Where the scheduler listens, once it is written."""

    def whole() -> bool:
        try:
            return bool(json.loads(file.read_text()))
        except (OSError, ValueError):  # not there yet, or half written
            return False

    until(whole)
    return str(json.loads(file.read_text())["address"])


@pytest.mark.slow
def test_a_cluster_gives_the_same_table_even_if_a_worker_is_killed(
    tmp_path: Path, cluster: Cluster, undisturbed: str
) -> None:
    out = tmp_path / "runs"
    sweep = Started(out, XOR, *LONG, "--dask", cluster.address)
    sweep.wait_for(5)
    cluster.workers[0].kill()
    _, err = sweep.process.communicate()
    assert (sweep.process.returncode, err) == (0, "")
    assert_whole(out, undisturbed)
    assert len(journal(out)) == 16
    trained_by = {run.facts.pid for run in runs(out)}
    assert trained_by <= {worker.pid for worker in cluster.workers}
    assert cluster.workers[1].pid in trained_by


@pytest.mark.slow
def test_a_cluster_that_goes_away_leaves_a_sweep_that_goes_on_elsewhere(
    tmp_path: Path, cluster: Cluster, undisturbed: str
) -> None:
    out = tmp_path / "runs"
    sweep = Started(out, XOR, *LONG, "--dask", cluster.address)
    sweep.wait_for(3)
    cluster.scheduler.kill()
    stdout, err = sweep.process.communicate()
    assert (sweep.process.returncode, err) == (1, "")
    assert "stopped by the loss of the cluster: python -m minigrad.sweep --resume" in stdout
    assert status(out) == "interrupted"
    assert call(out, "--resume", "latest").returncode == 0
    assert_whole(out, undisturbed)


@pytest.mark.slow
@pytest.mark.parametrize("way", [["--halving"], ["--sampler", "tpe", "--trials", "5"]])
def test_a_search_on_a_cluster_gives_the_table_that_it_has_here(
    tmp_path: Path, cluster: Cluster, way: list[str]
) -> None:
    if "tpe" in way:
        pytest.importorskip("optuna", reason="optuna is not installed")
    asked = [
        XOR,
        "train.steps=45",
        "train.engine=eager",
        "optimizer.lr=0.1,0.3,1",
        "model.hidden=[2],[3]",
        "expect={}",
        *way,
    ]
    here, there = tmp_path / "here", tmp_path / "there"
    assert process(here, *asked).returncode == 0
    assert process(there, *asked, "--dask", cluster.address).returncode == 0
    tables = [next(out.glob("sweeps/2*/sweep.csv")).read_text() for out in (here, there)]
    without_ids = [[line.split(",")[:4] for line in table.splitlines()] for table in tables]
    assert without_ids[0] == without_ids[1]


BAD: dict[str, tuple[list[str], str | list[str]]] = {
    "no value": (["optimizer.lr="], "command line: 'optimizer.lr=': there is no value"),
    "a hole": (["optimizer.lr=1,,2"], "a value between commas is missing"),
    "an empty range": (["seed=range(0,0)"], "range(0,0) is empty"),
    "an unknown key": (
        ["optimizer.momentun=0,0.9"],
        "optimizer.momentun: unknown key 'momentun': did you mean 'momentum'?",
    ),
    "an unknown name": (["optimizer=sgd,adm"], "unknown name 'adm': did you mean 'adam'?"),
    "one member's value": (
        ["optimizer.lr=0.1,-1"],
        "command line: optimizer.lr: must be greater than 0, found -1 (with optimizer.lr=-1)",
    ),
    "one cell's setting": (
        ["optimizer=sgd,adam", "optimizer.momentum=0.5,0.9"],
        "optimizer.momentum: unknown key 'momentum': ... (with optimizer=adam)",
    ),
    "settings that clash": (
        ["optimizer.nesterov=false,true", "optimizer.momentum=0,0.9"],
        "(with optimizer.nesterov=true optimizer.momentum=0)",
    ),
    "data that do not suit": (["loss=bce,hinge", "data=blobs"], ["bce needs", "hinge needs"]),
    "cells that are the same": (
        ["optimizer.lr=1,1.0"],
        "optimizer.lr: 1 and 1.0 are the same value: leave one of them out",
    ),
    "cells whose numbers are the same": (
        ["optimizer.lr=1,1.0"],
        "optimizer.lr: 1 and 1.0 are the same value: leave one of them out",
    ),
    "cells whose blocks are the same": (
        ["optimizer=sgd,{name: sgd}"],
        "make the same config: leave one of them out",
    ),
    "a seed that is none": (["seed=0,-1"], "seed: must be a whole number of at least 0"),
    "seeds twice": (
        ["seed=0,1", "train.seeds=3", "train.engine=numpy"],
        "train.seeds says which already",
    ),
    "too large": (["seed=range(0,99999)", "optimizer.lr=0.1,1"], "at most 100,000"),
    "nothing drawn": (["optimizer.lr=1,2", "--random", "3"], "--random: nothing is drawn"),
    "a draw without number": (["optimizer.lr=uniform(1,2)"], "say how often to draw from it"),
    "not a key=value": (["nonsense"], "is no key=value"),
    "no such config": (["CONFIG=configs/xro.yaml"], "did you mean configs/xor.yaml?"),
    "several at once": (
        ["optimizer.lr=0.1,-1", "model.activation=tanh,tahn"],
        ["did you mean 'tanh'?", "must be greater than 0"],
    ),
    "an address that is none": (["--dask", "nonsense"], "no cluster answers there: missing port"),
    "both": (["--dask", "tcp://127.0.0.1:1", "--workers", "2"], "--workers: of a cluster's"),
    "no workers": (["--workers", "0"], "must be a whole number from 1 to 100,000, found '0'"),
    "a seed of no draws": (["--seed", "3"], "--seed is of the draws of --random"),
    "resumed with a grid": (["--resume", "latest"], "--resume: the grid is that of the sweep"),
    "nothing to resume": (["CONFIG=", "--resume", "latest"], "there are no sweeps in"),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_grid_exits_2_in_one_line_a_fault_and_writes_nothing(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    overrides, messages = BAD[kind]
    config = next((a.partition("=")[2] for a in overrides if a.startswith("CONFIG=")), XOR)
    arguments = [config] * bool(config) + [a for a in overrides if not a.startswith("CONFIG=")]
    try:
        code: object = sweep.main([*arguments, "--out", str(tmp_path / "runs")])
    except SystemExit as stopped:  # argparse leaves so
        code = stopped.code
    out, err = capsys.readouterr()
    assert (code, out) == (2, "")
    faults = [messages] if isinstance(messages, str) else messages
    lines = err.splitlines()
    assert len(lines) == len(faults)
    for fault in faults:
        assert any(all(part in line for part in fault.split(" ... ")) for line in lines), err
    assert not (tmp_path / "runs").exists()


def test_a_closed_stderr_ends_no_sweep(tmp_path: Path) -> None:
    command = " ".join([*COMMAND, XOR, "train.steps=9", "optimizer.lr=1", "--out", str(tmp_path)])
    result = subprocess.run(f"{command} 2>&-", shell=True, stdout=subprocess.PIPE)
    assert result.returncode == 0
    assert result.stdout.decode().splitlines()[0].startswith("1 cell")
    assert b": 1 finished" in result.stdout
    assert status(tmp_path) == "finished"


@pytest.mark.slow
def test_a_cluster_that_does_not_answer_exits_2(tmp_path: Path) -> None:
    with socket.socket() as listening:  # it takes the call and says nothing
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        address = f"tcp://127.0.0.1:{listening.getsockname()[1]}"
        result = process(tmp_path / "runs", XOR, "optimizer.lr=1,2", "--dask", address)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == f"--dask {address}: no cluster answers there: not within 5 s\n"
    assert not (tmp_path / "runs").exists()


def test_a_store_that_cannot_be_written_exits_2_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    result = call(tmp_path / "file", XOR, *TINY)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == (
        f"--out {tmp_path}/file: no run can be written there: Not a directory\n"
    )


@pytest.mark.slow
def test_a_disk_that_fills_up_stops_the_sweep_and_leaves_no_half_run(tmp_path: Path) -> None:
    def small_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (12_000, 12_000))

    result = subprocess.run(
        [*COMMAND, XOR, "train.steps=20,300", "model.hidden=[2]", "--workers", "1", "--out",
         str(tmp_path)],
        capture_output=True, text=True, preexec_fn=small_files,
    )  # fmt: skip
    assert result.returncode == 1
    assert "stopped by the disk (File too large)" in result.stdout
    assert [run.status for run in runs(tmp_path)] == ["finished"]
    assert call(tmp_path, "--resume", "latest").returncode == 0
    assert len(runs(tmp_path)) == 2


# The engine.


def test_a_sweep_that_names_no_engine_is_trained_on_native_or_else_numpy_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [XOR, "optimizer.lr=0.3,1.0", "seed=0,1", "train.steps=5", "expect={}", *TWO]
    if native.available():
        sweep.main([*arguments, "--out", str(tmp_path / "native")])
        assert capsys.readouterr().err == ""
        assert [run.facts.engine for run in runs(tmp_path / "native")] == ["native"] * 2
    monkeypatch.setattr("minigrad.native.reason", lambda: "the native engine was not built")
    sweep.main([*arguments, "--out", str(tmp_path / "numpy")])
    note = "the native engine was not built; this is trained on train.engine=numpy\n"
    assert capsys.readouterr().err == note
    assert [run.facts.engine for run in runs(tmp_path / "numpy")] == ["numpy"] * 2


@pytest.mark.parametrize("engine", ["eager", "tensor"])
def test_a_sweep_is_trained_on_the_engine_that_it_names(engine: str, tmp_path: Path) -> None:
    arguments = [XOR, "optimizer.lr=0.3,1.0", f"train.engine={engine}", "train.steps=5"]
    sweep.main([*arguments, "expect={}", "--out", str(tmp_path), *TWO])
    assert {run.facts.engine for run in runs(tmp_path)} == {engine}
