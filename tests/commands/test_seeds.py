"""python -m minigrad.train --seeds: many seeds in one run, its files, exit codes and verbs."""

import json
import math
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from minigrad import runs, train
from minigrad.data import DATASETS
from minigrad.runner.engine_choice import fast_engine
from minigrad.runner.stored_model import model_of
from minigrad.tracking import checkpoint
from minigrad.tracking.store import load
from minigrad.training.seed_table import SeedTable
from optim.schedules import SCHEDULES
from tests.stored_runs import metrics, newest

NOTE = fast_engine()[1] + "\n" * bool(fast_engine()[1])
"""What stderr says where the native engine is not there, and nothing where it is."""

XOR, MOONS, SINE = (f"configs/{name}.yaml" for name in ("xor", "moons", "sine"))
SHORT = ["train.steps=20", "expect={}"]
SOME_DIVERGE = [
    *(SINE, "--seeds", "8", "optimizer={name: sgd, lr: 3}", "model.activation=silu"),
    *("train.steps=200", "train.log_every=5"),
]
# mini-batches, rates and momentum of each seed's own, validation, seeds that diverge on the way
MANY = [
    *(SINE, "--seeds", "12", "optimizer={name: sgd, lr: 0.3, momentum: 0.9}"),
    *("model.activation=linear", "scheduler={name: interrupted, patience: 5, factor: 0.9}"),
    *("train.steps=120", "train.batch_size=8", "train.log_every=3", "train.checkpoint_every=9"),
    "expect={}",
]
PLUGIN = '''
import os
from pathlib import Path

from optim.plateau import Plateau
from optim.schedules import SCHEDULES


@SCHEDULES.register
class Interrupted(Plateau):
    """plateau, and signals at the steps that a file orders, each once"""

    def __call__(self, step, lr):
        orders = Path(os.environ.get("ORDERS", "none"))
        lines = orders.read_text().splitlines() if orders.exists() else []
        if lines and lines[0].split()[0] == str(step):
            orders.write_text("\\n".join(lines[1:]))
            os.kill(os.getpid(), int(lines[0].split()[1]))
        return super().__call__(step, lr)
'''


@pytest.fixture(scope="module")
def plugin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    path = tmp_path_factory.mktemp("plugin") / "interrupted.py"
    path.write_text(PLUGIN)
    yield f"plugins=[{json.dumps(str(path))}]"
    SCHEDULES.pop("interrupted", None)


def quietly(out: Path, *arguments: str) -> tuple[int, list[str]]:
    """Exit code and lines of a training in this process."""
    output = StringIO()
    with redirect_stdout(output):
        code = train.main([*arguments, "--out", str(out)])
    return code, output.getvalue().splitlines()


def facts(out: Path) -> dict[str, Any]:
    """run.json, which any reader of JSON must understand."""

    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is no JSON")

    text = (newest(out) / "run.json").read_text()
    run_json: dict[str, Any] = json.loads(text, parse_constant=refuse)
    return run_json


def table(run: Path) -> SeedTable:
    return SeedTable.from_bytes((run / "seeds.npz").read_bytes())


# A run and what it leaves.


def test_many_seeds_leave_one_run_with_each_seeds_numbers(tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "minigrad.train", XOR, "--seeds", "20", "--out", str(tmp_path)],
        capture_output=True,
        text=True,
    )
    assert (result.returncode, result.stderr) == (0, NOTE)
    run = newest(tmp_path)
    number = r"\d[\d.e-]*"
    first, second, *rest = result.stdout.splitlines()
    sentence = (
        rf"20 seeds: loss {number} -> {number} in 500 steps \(medians\), {number} s on "
        r"(native|numpy)"
    )
    assert re.fullmatch(sentence, first)
    assert re.fullmatch(
        rf"expectations met: initial loss within \[0\.6, 1\] in 20 of 20 seeds, worst {number} "
        rf"\(seed \d+\), final loss below 0\.001 in 20 of 20 seeds, worst {number} \(seed \d+\)",
        second,
    )
    assert rest == [f"run   {run}", f"plot  {run}/loss.png"]
    assert (run / "loss.png").read_bytes().startswith(b"\x89PNG")
    assert not (run / "boundary.png").exists()
    with np.load(run / "seeds.npz", allow_pickle=False) as file:
        assert file["seeds"].tolist() == [*range(20)]
        assert file["loss"].shape == (500, 20)
        assert (file["final_loss"] < 0.001).all()
        assert (file["diverged_at"] == -1).all()


@pytest.mark.usefixtures("without_pictures")
def test_the_summary_is_that_of_the_seeds_in_the_file(tmp_path: Path) -> None:
    code, _ = quietly(tmp_path, MOONS, "--seeds", "3..11", "train.steps=60")
    run_json, finals = facts(tmp_path), table(newest(tmp_path)).final_loss
    summary, verdicts = run_json["summary"], run_json["expectations"]
    assert (summary["seeds"], summary["diverged"], summary["steps"]) == (9, 0, 60)
    assert summary["final_loss"] == np.median(finals)
    assert summary["final_loss_q25"] == np.sort(finals)[2]
    assert summary["final_loss_q75"] == np.sort(finals)[6]
    assert summary["worst_loss"] == finals.max()
    assert summary["worst_seed"] == 3 + finals.argmax()
    assert summary["met"] == (finals < 0.02).sum()
    assert [verdict["met"] for verdict in verdicts] == [True, bool((finals < 0.02).all())]
    assert verdicts[1]["found"] == finals.max()
    assert code == (0 if summary["met"] == 9 else 1)
    assert run_json["status"] == "finished"
    assert run_json["lifted"]["deviation"] < 1e-9


@pytest.mark.usefixtures("without_pictures")
def test_one_seed_that_misses_an_expectation_makes_exit_code_1(tmp_path: Path) -> None:
    short = [MOONS, "train.steps=30", "expect={final_loss_below: 0.2}"]
    quietly(tmp_path, *short, "--seeds", "12")
    finals = table(newest(tmp_path)).final_loss
    bound = float(np.sort(finals)[-2:].mean())  # only one seed is above it
    code, lines = quietly(tmp_path, *short[:2], f"expect.final_loss_below={bound!r}", "--seeds=12")
    worst = f"worst {finals.max():.4g} (seed {finals.argmax()})"
    missed = f"final loss below {bound:g} in 11 of 12 seeds, {worst}"
    assert code == 1
    assert lines[1].startswith("expectation missed: ")
    assert lines[1].endswith(missed)
    assert facts(tmp_path)["summary"]["met"] == 11
    code, lines = quietly(tmp_path, *short[:2], "expect.final_loss_below=9", "--seeds=12")
    assert (code, facts(tmp_path)["summary"]["met"]) == (0, 12)


@pytest.mark.usefixtures("without_pictures")
@pytest.mark.parametrize("seeds", [[5], [8, 1, 4]])
def test_seeds_may_be_a_list_in_the_config(seeds: list[int], tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    text = Path(XOR).read_text().replace("engine: eager", f"engine: numpy, seeds: {seeds}")
    path.write_text(text)
    assert quietly(tmp_path / "runs", str(path), *SHORT)[0] == 0
    run = newest(tmp_path / "runs")
    assert table(run).seeds.tolist() == seeds
    again = quietly(tmp_path / "again", str(run / "config.yaml"))
    assert again[0] == 0
    second = newest(tmp_path / "again")
    assert (second / "seeds.npz").read_bytes() == (run / "seeds.npz").read_bytes()


@pytest.mark.usefixtures("without_pictures")
def test_a_seed_runs_again_alone_with_the_same_bits(tmp_path: Path) -> None:
    quietly(tmp_path / "many", MOONS, *SHORT, "--seeds", "2..6")
    many = table(newest(tmp_path / "many"))
    engine = facts(tmp_path / "many")["engine"]
    quietly(tmp_path / "one", MOONS, *SHORT, "seed=4", f"train.engine={engine}")
    one = newest(tmp_path / "one")
    assert [line["loss"] for line in metrics(one)] == many.loss[:, 2].tolist()
    assert facts(tmp_path / "one")["summary"]["final_loss"] == many.final_loss[2]
    assert facts(tmp_path / "one")["summary"]["initial_loss"] == many.initial_loss[2]


# Seeds that diverge.


def test_some_seeds_that_diverge_are_named_and_the_others_go_on(tmp_path: Path) -> None:
    code, lines = quietly(tmp_path, *SOME_DIVERGE)
    run = newest(tmp_path)
    many = table(run)
    lost = np.flatnonzero(many.diverged_at >= 0).tolist()
    assert code == 1
    assert len(lost) == 3
    for seed, line in zip(lost, lines[1:4], strict=True):
        beginning = f"seed {seed} diverged at step {many.diverged_at[seed]}: the loss is "
        assert line.startswith(beginning)
        assert "the first operation to break was" in line
    assert lines[4].startswith("expectation missed: final loss below 0.02 in 0 of 8 seeds")
    assert lines[5:] == [f"run   {run}", f"plot  {run}/loss.png"]  # with losses up to 1e301
    summary = facts(tmp_path)["summary"]
    assert (summary["diverged"], summary["met"], facts(tmp_path)["status"]) == (3, 0, "finished")
    assert metrics(run)[-1]["diverged"] == 3
    for seed in range(8):
        until = many.diverged_at[seed] if seed in lost else 200
        assert np.isfinite(many.loss[:, seed]).tolist() == (many.steps < until).tolist()


@pytest.mark.usefixtures("without_pictures")
def test_a_seed_that_diverges_makes_exit_code_1_without_expectations_too(tmp_path: Path) -> None:
    code, lines = quietly(tmp_path, *SOME_DIVERGE, "expect={}")
    assert code == 1
    assert lines[4].startswith("no expectations")
    assert "met" not in facts(tmp_path)["summary"]


@pytest.mark.usefixtures("without_pictures")
def test_seeds_that_break_in_their_last_update_have_diverged(tmp_path: Path) -> None:
    model = ["model={hidden: [2], activation: relu}", "expect={}", "data.val_fraction=0"]
    last = [SINE, *model, "optimizer={name: sgd, lr: 1e78}", "train.steps=1", "--seeds", "12"]
    code, lines = quietly(tmp_path, *last)
    summary = facts(tmp_path)["summary"]
    assert code == 1
    assert 0 < summary["diverged"] < 12
    assert re.match(r"seed \d+ diverged before step 1: the loss is inf: the first", lines[1])
    code, lines = quietly(tmp_path, *last[:-2], "--seeds", f"[{summary['worst_seed']}]")
    assert (code, lines[1][:15]) == (0, "no expectations")


def test_when_every_seed_diverges_the_run_has_diverged(tmp_path: Path) -> None:
    linear = ["model.activation=linear", "optimizer={name: sgd, lr: 1}"]
    code, lines = quietly(tmp_path, SINE, "--seeds", "3", *linear)
    run = newest(tmp_path)
    assert code == 1
    assert re.match(
        r"every seed diverged, seed 0 diverged at step 11: the loss is inf: the first operation",
        lines[0],
    )
    assert lines[1] == "try a smaller step, as optimizer.lr=0.1"
    assert lines[2:] == [f"run   {run}", f"plot  {run}/loss.png"]
    assert (facts(tmp_path)["status"], facts(tmp_path)["error"]) == ("diverged", lines[0])


# What is refused.


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--seeds", "0"], "command line: train.seeds: 0 names no seed: write a count from 1"),
        (["--seeds", "5..3"], "command line: train.seeds: '5..3' names no seed"),
        (["--seeds=-1"], "command line: train.seeds: -1 names no seed"),
        (["--seeds", "-1"], "command line: train.seeds: -1 names no seed"),
        (["--seeds", "x"], "command line: train.seeds: seeds are a count, as 100"),
        (["--seeds", "1e9"], "command line: train.seeds: seeds are a count, as 100"),
        (["--seeds", "2.5"], "command line: train.seeds: seeds are a count, as 100"),
        (["--seeds", "true"], "command line: train.seeds: seeds are a count, as 100"),
        (["--seeds", "3..x"], "command line: train.seeds: seeds are a count, as 100"),
        (["--seeds", "[3, 3]"], "command line: train.seeds: seeds must differ"),
        (["--seeds", f"[{2**63}]"], "command line: train.seeds: seeds are a count"),
        (["--seeds", "1000000000"], "command line: train.seeds: 1,000,000,000 seeds are too many"),
        (["--seeds", "5..100005"], "command line: train.seeds: 100,001 seeds are too many"),
        (["train.seeds=4"], f"{XOR}:9:12: train: seeds are trained at once by engine: native"),
        (
            ["--seeds", "3", "train.engine=eager"],
            f"{XOR}:9:12: train: seeds are trained at once by engine: native or engine: numpy, "
            "found engine: eager",
        ),
        (["--seeds", "3", "train.snapshots=2"], f"{XOR}:9:12: train: snapshots show one model"),
        (
            ["--seeds", "100000", "model.hidden=[300]"],
            "command line: train.seeds: 100,000 seeds of 1,201 parameters and 4 samples each are "
            "121,300,000 numbers; the limit is 10,000,000: take fewer seeds",
        ),
    ],
)
def test_what_cannot_be_trained_is_refused_in_one_line_before_anything_is_written(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train.main([XOR, *arguments, "--out", str(tmp_path / "runs")]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(message)
    assert printed.err.count("\n") == 1
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("train_block", "message"),
    [
        ("{engine: numpy, seeds: 5..3}", "c.yaml:5:31: train.seeds: '5..3' names no seed"),
        ("{engine: numpy, seeds: []}", "c.yaml:5:31: train.seeds: [] names no seed"),
        ("{engine: numpy, seeds: 1.5}", "c.yaml:5:31: train.seeds: seeds are a count"),
        ("{engine: numpy, seeds: [1, x]}", "c.yaml:5:31: train.seeds: seeds are a count"),
        ("{engine: eager, seeds: 3}", "c.yaml:5:8: train: seeds are trained at once by engine"),
        ("{seeds: 3}", "c.yaml:5:8: train: seeds are trained at once by engine: native"),
    ],
)
def test_what_a_file_says_wrongly_is_refused_at_its_line(
    train_block: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(
        "name: xor\ndata: {name: xor}\nloss: bce\noptimizer: {name: sgd, lr: 1.0}\n"
        f"train: {train_block}\n"
    )
    assert train.main([str(path), "--out", str(tmp_path / "runs")]) == 2
    assert capsys.readouterr().err.startswith(f"{tmp_path}/{message}")
    assert not (tmp_path / "runs").exists()


def test_seeds_without_a_number_are_bad_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        train.main([XOR, "--seeds"])
    assert stopped.value.code == 2
    assert "--seeds" in capsys.readouterr().err


# Going on.


@pytest.fixture(scope="module")
def undisturbed(plugin: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("undisturbed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(train, "draw", lambda _session: [])
        assert quietly(out, *MANY, plugin)[0] == 1  # for some seeds diverge
    many = table(newest(out))
    assert len(set(many.diverged_at.tolist())) >= 4, "some seeds, each at a step of its own"
    assert 16 in many.diverged_at
    return newest(out)


def assert_the_same(run: Path, undisturbed: Path) -> None:
    assert metrics(run) == metrics(undisturbed)
    assert (run / "seeds.npz").read_bytes() == (undisturbed / "seeds.npz").read_bytes()
    states = [checkpoint.read(one / checkpoint.NAME) for one in (run, undisturbed)]
    for state in states:
        del state["seconds"]
    assert states[0] == states[1]
    summaries = [load(one).summary for one in (run, undisturbed)]
    for summary in summaries:
        del summary["seconds"]
    assert summaries[0] == summaries[1]


@pytest.mark.usefixtures("without_pictures")
@pytest.mark.parametrize(
    "steps",
    [[4], [9], [17, 18], [60, 57, 117]],
    ids=["before the first checkpoint", "just after it", "twice", "three times"],
)
def test_a_killed_training_goes_on_as_if_it_never_had_been(
    steps: list[int], plugin: str, undisturbed: Path, tmp_path: Path
) -> None:
    orders = tmp_path / "orders"
    orders.write_text("".join(f"{step} {signal.SIGKILL:d}\n" for step in steps))
    environment = {**os.environ, "ORDERS": str(orders), "PYTHONPATH": os.getcwd()}
    out = tmp_path / "runs"
    for number, step in enumerate(steps):
        again = ["--resume", "latest"] if number else [*MANY, plugin]
        killed = subprocess.run(
            [sys.executable, "-m", "minigrad.train", *again, "--out", str(out)],
            env=environment,
            capture_output=True,
            text=True,
        )
        note = "" if number else NOTE  # one that goes on keeps its engine
        assert (killed.returncode, killed.stderr) == (-signal.SIGKILL, note)
        logged = metrics(newest(out))
        assert logged[-1]["step"] == (max(steps[: number + 1]) - 1) // 3 * 3
        assert logged == metrics(undisturbed)[: len(logged)]
        assert load(newest(out)).status == "crashed"
        assert step < 120
    code, lines = quietly(out, "--resume", "latest")
    assert code == 1
    saved = steps[-1] // 9 * 9
    sentence = f"resumed at step {saved}" if saved else "no checkpoint was saved yet"
    assert lines[0].startswith(sentence)
    assert_the_same(newest(out), undisturbed)


@pytest.fixture
def stopped(plugin: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store whose run was interrupted at step 50."""
    (tmp_path / "orders").write_text(f"50 {signal.SIGINT:d}\n")
    monkeypatch.setenv("ORDERS", str(tmp_path / "orders"))
    monkeypatch.setattr(train, "draw", lambda _session: [])
    assert quietly(tmp_path / "runs", *MANY, plugin)[0] == 130
    return tmp_path / "runs"


@pytest.mark.usefixtures("without_pictures")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("step", [0, 16, 100])
def test_an_interrupted_training_goes_on_as_if_it_never_had_been(
    number: signal.Signals,
    code: int,
    step: int,
    plugin: str,
    undisturbed: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "orders").write_text(f"{step} {number:d}\n")
    monkeypatch.setenv("ORDERS", str(tmp_path / "orders"))
    out = tmp_path / "runs"
    exit_code, lines = quietly(out, *MANY, plugin)
    assert exit_code == code
    cause = "Ctrl-C" if number == signal.SIGINT else "SIGTERM"
    assert lines[0].startswith(f"interrupted by {cause} after step {step} of 120, at loss ")
    assert lines[1].startswith("python -m minigrad.train --resume ")
    assert load(newest(out)).status == "interrupted"
    assert table(newest(out)).steps.max() == step // 3 * 3
    exit_code, lines = quietly(out, "--resume", "latest")
    assert (exit_code, lines[0]) == (1, f"resumed at step {step + 1}")
    assert_the_same(newest(out), undisturbed)


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def _flip(path: Path) -> None:
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 4
    path.write_bytes(raw)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (Path.unlink, "seeds.npz cannot be read: No such file or directory"),
        (_cut, "seeds.npz is damaged: "),
        (_flip, "seeds.npz is damaged: "),
        (lambda path: path.write_bytes(b""), "seeds.npz is damaged: "),
    ],
)
def test_without_each_seeds_numbers_training_starts_again(
    damage: Callable[[Path], object], message: str, stopped: Path, undisturbed: Path
) -> None:
    damage(newest(stopped) / "seeds.npz")
    code, lines = quietly(stopped, "--resume", "latest")
    assert code == 1
    assert lines[0].startswith(message)
    assert lines[0].endswith(": training starts again from step 0")
    assert_the_same(newest(stopped), undisturbed)


@pytest.mark.usefixtures("without_pictures")
def test_the_seeds_numbers_are_on_the_disk_before_the_checkpoint_that_needs_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[tuple[int, int]] = []
    whole = checkpoint.write

    def write(directory: Path, state: dict[str, Any]) -> None:
        steps.append((len(table(directory).steps), state["step"]))
        whole(directory, state)

    monkeypatch.setattr(checkpoint, "write", write)
    quietly(tmp_path, MOONS, *SHORT, "--seeds", "3", "train.checkpoint_every=6")
    assert steps == [(6, 6), (12, 12), (18, 18), (20, 20), (20, 20)]


def test_other_seeds_are_no_way_to_go_on(stopped: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (newest(stopped) / "seeds.npz").read_bytes()
    assert train.main(["--resume", "latest", "--seeds", "13", "--out", str(stopped)]) == 2
    errors = capsys.readouterr().err.splitlines()
    assert errors[0] == "--resume: train.seeds was 12, now it is 13"
    assert (newest(stopped) / "seeds.npz").read_bytes() == before


@pytest.mark.usefixtures("without_pictures")
def test_a_finished_run_may_grow_and_is_then_as_if_it_had_been_planned(tmp_path: Path) -> None:
    moons = [MOONS, "--seeds", "4", "expect={}", "train.log_every=7"]
    assert quietly(tmp_path / "parts", *moons, "train.steps=12")[0] == 0
    assert quietly(tmp_path / "parts", "--resume", "latest", "train.steps=20")[0] == 0
    assert quietly(tmp_path / "whole", *moons, "train.steps=20")[0] == 0
    parts, whole = newest(tmp_path / "parts"), newest(tmp_path / "whole")
    assert (parts / "seeds.npz").read_bytes() == (whole / "seeds.npz").read_bytes()
    assert verified(parts)[0] == 0


# Verbs.


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with a run in which some seeds have diverged."""
    out = tmp_path_factory.mktemp("finished")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(train, "draw", lambda _session: [])
        assert quietly(out, *SOME_DIVERGE)[0] == 1
    return out


@pytest.fixture
def run(finished: Path, tmp_path: Path) -> Path:
    """A copy of that run, to be changed."""
    path = newest(finished)
    (tmp_path / "latest").symlink_to(path.name)
    return Path(shutil.copytree(path, tmp_path / path.name))


def verb(store: Path, *arguments: str) -> tuple[int, str]:
    output = StringIO()
    with redirect_stdout(output):
        code = runs.main([*arguments, "--store", str(store)])
    return code, output.getvalue()


def verified(run: Path) -> tuple[int, str]:
    return verb(run.parent, "verify", run.name)


def test_the_verbs_work_on_a_run_of_many_seeds(finished: Path, tmp_path: Path) -> None:
    identity = newest(finished).name
    code, output = verb(finished, "list", "--json")
    assert (code, [row["id"] for row in json.loads(output)]) == (0, [identity])
    columns = "id,seeds,diverged,worst_seed,met"
    code, output = verb(finished, "list", "--columns", columns, "--filter", "diverged>0")
    assert (code, output.splitlines()[1].split()[1:]) == (0, ["8", "3", "1", "0"])
    code, output = verb(finished, "show", "latest", "--json")
    shown = json.loads(output)
    assert (code, shown["results"]["diverged"], shown["damage"]) == (0, 3, [])
    assert shown["expectations"][1].endswith("in 0 of 8 seeds, worst inf (seed 3)")
    code, output = verb(finished, "show", "latest")
    assert code == 0
    assert "seeds.npz" in output
    assert verb(finished, "compare", identity, "latest")[0] == 0
    picture = str(tmp_path / "q25.png")
    metric = ["--metric", "diverged", "--out", picture]
    assert verb(finished, "plot", "latest", *metric)[0] == 0
    assert Path(picture).read_bytes().startswith(b"\x89PNG")
    sheet = tmp_path / "metrics.csv"
    assert verb(finished, "export", "latest", "--to", "csv", "--out", str(sheet))[0] == 0
    header, *rows = sheet.read_text().splitlines()
    assert set(header.split(",")) >= {"step", "loss", "loss_q25", "loss_q75", "diverged"}
    assert len(rows) == 41
    assert verb(finished, "check")[0] == 0


def test_an_untouched_run_is_verified_to_be_identical(run: Path, stopped: Path) -> None:
    code, sentence = verified(run)
    assert code == 0
    assert sentence.startswith(f"{run.name}: identical in every number of 41 logged steps and in")
    interrupted = newest(stopped)
    code, sentence = verified(interrupted)
    assert code == 0
    assert sentence.startswith(f"{interrupted.name}: identical in every number of 17 logged steps")


@pytest.mark.parametrize("name", ["loss", "loss_q25", "loss_worst", "lr", "val_loss", "diverged"])
def test_verify_finds_a_changed_number_in_the_log(name: str, run: Path) -> None:
    lines = (run / "metrics.jsonl").read_text().splitlines()
    line = json.loads(lines[6])
    was = line[name]
    line[name] = math.nextafter(was, math.inf)
    lines[6] = json.dumps(line)
    (run / "metrics.jsonl").write_text("\n".join([*lines, ""]))
    code, output = verified(run)
    assert code == 1
    assert f"differs first at step 30: {name} was {line[name]!r}, is {was!r}" in output


@pytest.mark.parametrize(
    ("name", "place", "message"),
    [
        ("loss", (6, 5), "loss of seed 5 at step 30 was 9.5, is "),
        ("loss", (40, 7), "loss of seed 7 at step 199 was 9.5, is nan"),
        ("steps", (40,), "steps[40] was 9, is 199"),
        ("final_loss", (2,), "final_loss of seed 2 was 9.5, is "),
        ("val_accuracy", (0,), "val_accuracy of seed 0 was 9.5, is nan"),
        ("diverged_at", (3,), "diverged_at of seed 3 was 9, is 18"),
        ("seeds", (3,), "seeds[3] was 9, is 3"),
    ],
)
def test_verify_finds_a_changed_number_in_the_seeds(
    name: str, place: tuple[int, ...], message: str, run: Path
) -> None:
    changed = table(run)
    getattr(changed, name)[place] = 9.5
    (run / "seeds.npz").write_bytes(changed.to_bytes())
    code, output = verified(run)
    assert code == 1
    assert f"differs in seeds.npz: {message}" in output


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (Path.unlink, "seeds.npz is missing"),
        (_cut, "seeds.npz is damaged: "),
        (_flip, "seeds.npz is damaged: "),
    ],
)
def test_verify_tells_damaged_seeds(
    damage: Callable[[Path], object], message: str, run: Path
) -> None:
    damage(run / "seeds.npz")
    code, output = verified(run)
    assert code == 1
    assert message in output
    assert output.count("\n") == 1


def test_verify_finds_a_changed_summary(run: Path) -> None:
    run_json = json.loads((run / "run.json").read_text())
    run_json["summary"]["worst_seed"] = 2
    (run / "run.json").write_text(json.dumps(run_json))
    code, output = verified(run)
    assert code == 1
    assert "differs in the summary: worst_seed was 2, is 1" in output


@pytest.mark.parametrize("written", ["", "null", "~"])
def test_an_empty_count_is_refused_and_no_single_seed_trained(
    written: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train.main([XOR, *SHORT, f"--seeds={written}", "--out", str(tmp_path / "runs")]) == 2
    assert "--seeds" in capsys.readouterr().err
    assert not (tmp_path / "runs").exists()


@pytest.mark.usefixtures("without_pictures")
def test_a_whole_train_block_beside_seeds_does_not_lose_them(tmp_path: Path) -> None:
    code, _ = quietly(tmp_path / "runs", XOR, "--seeds", "3", "train={steps: 3}", "expect={}")
    assert code == 2 or facts(tmp_path / "runs")["summary"].get("seeds") == 3


def test_what_was_found_is_told_whole(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert train.main([XOR, "--seeds", "x", "--out", str(tmp_path)]) == 2
    assert capsys.readouterr().err.endswith("found 'x'\n")


@pytest.mark.usefixtures("without_pictures")
def test_when_every_seed_diverges_their_curves_and_counts_are_left(tmp_path: Path) -> None:
    linear = ["model.activation=linear", "optimizer={name: sgd, lr: 1}"]
    assert quietly(tmp_path, SINE, "--seeds", "3", *linear)[0] == 1
    many = table(newest(tmp_path))
    assert (many.diverged_at >= 0).all()
    assert len(many.steps) == many.diverged_at.max()
    assert facts(tmp_path)["summary"]["diverged"] == 3


def test_check_tells_damaged_seeds(run: Path) -> None:
    _flip(run / "seeds.npz")
    code, output = verb(run.parent, "check")
    assert code == 1
    assert "seeds.npz is damaged" in output


def test_the_worst_of_the_picture_is_the_worst_that_is_told(tmp_path: Path) -> None:

    from minigrad.plot import style

    labels: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            style,
            "save",
            lambda figure, path: labels.extend(
                text.get_text() for text in figure.axes[0].get_legend().get_texts()
            ),
        )
        quietly(tmp_path, MOONS, "--seeds", "20", "train.steps=200")  # mini-batches
    assert f"seed {facts(tmp_path)['summary']['worst_seed']}, worst" in labels


def test_one_seed_of_huge_losses_has_its_picture(tmp_path: Path) -> None:
    alone = [*SOME_DIVERGE[:1], *SOME_DIVERGE[3:], "seed=1", "train.engine=numpy"]
    _, lines = quietly(tmp_path, *alone)
    assert lines[-1].startswith(f"plot  {newest(tmp_path)}/loss.png")


def test_datasets_of_unequal_sizes_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "uneven.py"
    path.write_text(
        "import random\n"
        "from minigrad.data import DATASETS, Dataset\n\n"
        "@DATASETS.register\n"
        "def uneven(*, rng: random.Random) -> Dataset:\n"
        '    """of 5 to 9 samples"""\n'
        "    n = rng.randint(5, 9)\n"
        "    return Dataset([[rng.random()] for _ in range(n)], [float(i % 2) for i in range(n)],"
        " 2)\n"
    )
    plugin = f"plugins=[{json.dumps(str(path))}]"
    out = ["--out", str(tmp_path / "runs")]
    try:
        assert train.main([XOR, *SHORT, plugin, "data={name: uneven}", "--seeds", "9", *out]) == 2
    finally:
        DATASETS.pop("uneven", None)
    assert capsys.readouterr().err.removeprefix(NOTE).count("\n") == 1
    assert not (tmp_path / "runs").exists()


@pytest.mark.usefixtures("without_pictures")
def test_a_word_in_another_override_does_not_choose_the_engine(tmp_path: Path) -> None:
    code, _ = quietly(tmp_path / "runs", XOR, "--seeds", "2", "name=my-engine", *SHORT)
    assert code in (0, 1)
    assert facts(tmp_path / "runs")["summary"]["seeds"] == 2


# Very many seeds.


def test_a_run_of_very_many_seeds_says_what_it_needs_and_serves_every_verb(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("minigrad.runner.limits.MANY_SEEDS", 20)
    monkeypatch.setattr("minigrad.runner.limits.MAX_LOSSES", 100)
    monkeypatch.setattr("minigrad.training.packed.MANY", 100)
    assert train.main([XOR, *SHORT, "--seeds", "20", "--out", str(tmp_path)]) == 0
    printed = capsys.readouterr()
    assert re.fullmatch(
        r"20 seeds of 33 parameters: up to \d+ MB of memory; 400 losses would not fit, so their "
        r"quantiles at each step are kept\n",
        printed.err.removeprefix(NOTE),
    )
    run = newest(tmp_path)
    assert (run / "loss.png").read_bytes().startswith(b"\x89PNG")
    many = table(run)
    assert (many.loss.shape, many.loss_quantiles.shape) == ((0, 20), (20, 7))
    assert runs.main(["verify", "latest", "--store", str(tmp_path)]) == 0
    assert "identical in every number" in capsys.readouterr().out
    packed = model_of(load(run), 7)
    assert train.main([XOR, *SHORT, "--resume", "latest", "--out", str(tmp_path)]) == 2
    monkeypatch.undo()
    quietly(tmp_path / "few", XOR, *SHORT, "--seeds", "20")
    few = newest(tmp_path / "few")
    assert model_of(load(few), 7).predict_proba([[0.0, 1.0]]) == packed.predict_proba([[0.0, 1.0]])
    assert table(few).final_loss.tolist() == many.final_loss.tolist()


@pytest.mark.usefixtures("without_pictures")
def test_a_changed_bit_of_a_packed_state_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("minigrad.training.packed.MANY", 100)
    assert quietly(tmp_path, XOR, *SHORT, "--seeds", "40")[0] == 0
    path = newest(tmp_path) / checkpoint.NAME
    state = checkpoint.read(path)
    text = state["parameters"]["float64"]
    state["parameters"]["float64"] = ("B" if text[0] == "A" else "A") + text[1:]
    path.write_bytes(checkpoint.sealed(state))
    assert runs.main(["verify", "latest", "--store", str(tmp_path)]) == 1
    output = capsys.readouterr().out
    assert "differs in checkpoint.json: parameters.float64 was 'a text of" in output
