"""Runs of the numpy engine: their files, kills, resumption, verification."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from minigrad import runs
from minigrad import train as train_command
from minigrad.config import load as load_config
from minigrad.runner import build
from minigrad.tracking import checkpoint
from minigrad.tracking.store import load
from tests.calling import call
from tests.stored_runs import final_state, metrics, the_run
from tests.waiting import until

TRAIN = [sys.executable, "-m", "minigrad.train"]
CONFIGS = sorted(path for path in Path("configs").glob("*.yaml") if path.stem != "digits")  # slow

# mini-batches, shuffling, both kinds of clipping, a schedule with a memory, moments, validation
FULL = [
    "configs/moons.yaml",
    "optimizer={name: adam, lr: 0.02}",
    "scheduler={name: plateau, patience: 30, factor: 0.9}",
    "data.val_fraction=0.2",
    "model.hidden=[6]",
    "train={steps: 1500, batch_size: 16, checkpoint_every: 20, engine: numpy, clip_norm: 1.0, "
    "clip_value: 0.5}",
    "expect={}",
]


def train(out: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return call(train_command, *arguments, "--out", str(out))


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """For every config the store that the command left, and one of FULL, undisturbed."""
    commands = {path.stem: [str(path), "train.engine=numpy"] for path in CONFIGS} | {"full": FULL}
    outs = {name: tmp_path_factory.mktemp(name) for name in commands}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(train_command, "draw", lambda _session: [])  # takes longer than most of them
        for name, arguments in commands.items():
            result = train(outs[name], *arguments)
            assert (result.returncode, result.stderr) == (0, ""), f"{name}: {result.stdout}"
    return outs


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_the_command_logs_what_eager_would(stores: dict[str, Path], path: Path) -> None:
    lines = metrics(the_run(stores[path.stem]))
    config = load_config(path)
    logged = [step for step in range(config.train.steps) if config.train.is_logged(step)]
    assert [line["step"] for line in lines] == logged[: len(lines)]
    assert len(lines) == len(logged) or config.train.patience
    by_step = {line["step"]: line for line in lines}
    for record in build.build_trainer(config).train(25):
        if (line := by_step.get(record.step)) is None:
            continue
        assert line["loss"] == pytest.approx(record.loss, rel=1e-12)
        assert line["grad_norm"] == pytest.approx(record.grad_norm, rel=1e-11)
        assert (line["lr"], line.get("accuracy")) == (record.lr, record.accuracy)
        if record.val_loss is not None:
            assert line["val_loss"] == pytest.approx(record.val_loss, rel=1e-12)


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_the_deviation_from_eager_is_in_run_json(stores: dict[str, Path], path: Path) -> None:
    facts = json.loads((the_run(stores[path.stem]) / "run.json").read_text())
    assert facts["engine"] == "numpy"
    (agreement,) = [
        fact for fact in facts.values() if isinstance(fact, dict) and "deviation" in fact
    ]
    assert 0 <= agreement["deviation"] < 1e-14
    assert 1 <= agreement["samples"] <= 16
    assert agreement["where"]


@pytest.mark.parametrize("name", ["xor", "blobs", "full"])
def test_verify_finds_every_number_again_to_the_bit(stores: dict[str, Path], name: str) -> None:
    result = call(runs, "verify", "latest", "--store", str(stores[name]))
    assert result.returncode == 0, result.stdout + result.stderr
    assert "identical in every number" in result.stdout


def killed(out: Path, *arguments: str) -> bool:
    """Kill a training once its first checkpoint is there; whether it was still under way."""
    process = subprocess.Popen(
        [*TRAIN, *arguments, "--out", str(out)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    until(lambda: process.poll() is not None or list(out.glob(f"2*/{checkpoint.NAME}")))
    process.send_signal(signal.SIGKILL)
    return process.wait() == -signal.SIGKILL


def test_a_killed_run_resumes_to_the_bit(stores: dict[str, Path], tmp_path: Path) -> None:
    undisturbed = the_run(stores["full"])
    attempts = (tmp_path / str(number) for number in range(100))
    store = next(out for out in attempts if killed(out, *FULL))
    logged = metrics(the_run(store))
    assert load(the_run(store)).status == "crashed"
    resumed = train(store, "--resume", "latest")
    assert (resumed.returncode, resumed.stderr) == (0, "")
    lines = metrics(the_run(store))
    assert lines[: len(logged)] == logged
    assert lines == metrics(undisturbed)
    assert final_state(the_run(store)) == final_state(undisturbed)
    verified = call(runs, "verify", "latest", "--store", str(store))
    assert "identical in every number" in verified.stdout


def test_a_run_does_not_change_its_engine_on_the_way(stores: dict[str, Path]) -> None:
    result = train(stores["xor"], "--resume", "latest", "train.engine=eager", "train.steps=600")
    assert result.returncode == 2
    assert result.stderr.splitlines()[0] == (
        '--resume: train.engine was "numpy", now it is "eager"'
    )


@pytest.mark.parametrize(
    "settings",
    [
        ["optimizer.lr=1e300", "model.activation=relu", "loss=mse"],
        ["optimizer={name: adam, eps: 0}", "model.activation=relu"],
    ],
    ids=["overflow", "0 / 0"],
)
def test_a_diverging_run_prints_no_warnings(tmp_path: Path, settings: list[str]) -> None:
    result = train(tmp_path, "configs/xor.yaml", "train.engine=numpy", *settings)
    assert (result.returncode, result.stderr) == (1, "")
    message, advice = result.stdout.splitlines()[:2]
    assert message.startswith(
        "training diverged at step 1: the loss is nan: the first operation to "
    )
    assert advice.startswith("try a smaller step, as optimizer.lr=")
    assert load(the_run(tmp_path)).status == "diverged"


MINE = """\
from nn.activations import ACTIVATIONS

@ACTIVATIONS.register
def compares(x):
    return x if x > 0 else 0.1 * x

@ACTIVATIONS.register
def reads(x):
    return x * 1.0 if x.data > 0 else 0.1 * x
"""


def test_a_loss_that_cannot_be_lifted_ends_the_command_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(MINE)
    path = tmp_path / "mine.yaml"
    text = Path("configs/xor.yaml").read_text().replace("engine: eager", "engine: numpy")
    path.write_text(f"{text}plugins: [mine.py]\n")
    refused = train(tmp_path / "runs", str(path), "model.activation=compares")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.count("\n") == 1
    assert "train.engine: the loss cannot be lifted: it compares a Value" in refused.stderr
    assert not (tmp_path / "runs").exists()

    stopped = train(tmp_path / "runs", str(path), "model.activation=reads")
    assert (stopped.returncode, stopped.stderr) == (1, "")
    assert stopped.stdout.startswith("lifted and eager disagree: ")
    assert "does the loss branch on its data?" in stopped.stdout
    assert "Traceback" not in stopped.stdout
    assert load(the_run(tmp_path / "runs")).status == "failed"
    assert metrics(the_run(tmp_path / "runs")) == []
