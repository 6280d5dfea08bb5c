"""The native engine in a run: eager's numbers, the same bits again, and what happens without it."""

import json
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from minigrad import native, runs, train
from minigrad.config import load
from minigrad.runner import build
from minigrad.tracking import checkpoint
from minigrad.training.trainer import Diverged
from tests.stored_runs import facts, metrics, newest
from tests.waiting import until

needs_machine = pytest.mark.skipif(not native.available(), reason="the native machine is not built")
pytestmark = pytest.mark.usefixtures("without_pictures")


def losses(config: str, engine: str, steps: int, *overrides: str) -> list[float]:
    trainer = build.build_trainer(load(config, [f"train.engine={engine}", *overrides]))
    return [record.loss for record in trainer.train(steps)]


def trained(store: Path, *arguments: str) -> int:
    return train.main([*arguments, "--out", str(store)])


@needs_machine
@pytest.mark.parametrize("name", ["xor", "moons", "spiral", "sine", "blobs"])
def test_its_losses_are_those_of_eager(name: str) -> None:
    path = f"configs/{name}.yaml"
    expected = losses(path, "eager", 20)
    assert losses(path, "native", 20) == pytest.approx(expected, rel=1e-9)


@needs_machine
def test_a_run_records_its_deviation_and_verifies_to_the_bit(tmp_path: Path) -> None:
    assert trained(tmp_path, "configs/xor.yaml", "train.engine=native") == 0
    recorded = facts(newest(tmp_path))
    assert recorded["engine"] == "native"
    assert recorded["lifted"]["deviation"] < 1e-9
    assert runs.main(["verify", "latest", "--store", str(tmp_path)]) == 0


@needs_machine
def test_a_resumed_run_has_the_bits_of_one_that_never_stopped(tmp_path: Path) -> None:
    arguments = ("configs/moons.yaml", "train.engine=native", "expect={}")
    assert trained(tmp_path / "once", *arguments, "train.steps=60") == 0
    assert trained(tmp_path / "parts", *arguments, "train.steps=25") == 0
    assert trained(tmp_path / "parts", "--resume", "latest", "train.steps=60") == 0
    at_once, in_parts = (
        [
            json.loads(line)["loss"]
            for line in (tmp_path / part / "latest/metrics.jsonl").read_text().splitlines()
        ]
        for part in ("once", "parts")
    )
    assert in_parts == at_once


@needs_machine
def test_what_has_no_finite_answer_is_named_as_eager_names_it() -> None:
    overrides = ["optimizer.lr=1e200", "loss=mse", "expect={}"]
    messages = []
    for engine in ("eager", "native"):
        with pytest.raises(Diverged) as diverged:
            losses("configs/xor.yaml", engine, 50, *overrides)
        messages.append(str(diverged.value).partition(" of ")[0])
    assert messages[0] == messages[1]
    assert "the first operation to break was" in messages[0]


def without_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("minigrad.native", "minigrad.engines.native"):
        monkeypatch.setattr(f"{module}.reason", lambda: "the native engine was not built")


def test_without_the_machine_a_new_run_says_so_and_is_one_of_numpy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    without_machine(monkeypatch)
    assert trained(tmp_path, "configs/xor.yaml", "train.engine=native") == 0
    note = "the native engine was not built; this run is on train.engine=numpy\n"
    assert capsys.readouterr().err == note
    assert facts(newest(tmp_path))["engine"] == "numpy"
    assert load(tmp_path / "latest" / "config.yaml").train.engine == "numpy"


SEEDS = ["configs/xor.yaml", "--seeds", "3"]


def test_without_the_machine_seeds_are_trained_on_numpy_and_one_line_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    without_machine(monkeypatch)
    assert trained(tmp_path, *SEEDS) == 0
    printed = capsys.readouterr()
    assert printed.err == "the native engine was not built; this is trained on train.engine=numpy\n"
    assert " s on numpy\n" in printed.out
    assert facts(newest(tmp_path))["engine"] == "numpy"


@needs_machine
def test_seeds_are_trained_on_native_where_no_engine_is_chosen(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert trained(tmp_path, *SEEDS) == 0
    printed = capsys.readouterr()
    assert (printed.err, facts(newest(tmp_path))["engine"]) == ("", "native")
    assert " s on native\n" in printed.out
    assert runs.main(["verify", "latest", "--store", str(tmp_path)]) == 0


@pytest.mark.parametrize("where", ["command line", "file"])
def test_an_engine_that_is_chosen_for_seeds_is_taken(where: str, tmp_path: Path) -> None:
    path, overrides = "configs/xor.yaml", ["train.engine=numpy"]
    if where == "file":
        text = Path(path).read_text().replace("engine: eager", "engine: numpy")
        path, overrides = str(tmp_path / "c.yaml"), []
        Path(path).write_text(text)
    assert trained(tmp_path / "runs", path, "--seeds", "3", *overrides) == 0
    assert facts(newest(tmp_path / "runs"))["engine"] == "numpy"


@needs_machine
def test_a_run_of_seeds_goes_on_with_its_own_engine(tmp_path: Path) -> None:
    assert trained(tmp_path, *SEEDS, "train.engine=numpy") == 0
    again = ["--resume", "latest", *SEEDS, "train.steps=600"]
    assert trained(tmp_path, *again) == 0
    assert facts(newest(tmp_path))["engine"] == "numpy"
    assert facts(newest(tmp_path))["summary"]["steps"] == 600


@needs_machine
@pytest.mark.parametrize("verb", ["verify", "resume"])
def test_without_the_machine_a_stored_run_of_seeds_is_refused(
    verb: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert trained(tmp_path, *SEEDS) == 0
    without_machine(monkeypatch)
    capsys.readouterr()
    if verb == "verify":
        code = runs.main(["verify", "latest", "--store", str(tmp_path)])
    else:
        code = trained(tmp_path, "--resume", "latest", "train.steps=1000")
    printed = capsys.readouterr()
    assert code == 2
    assert "the native engine was not built" in printed.err
    assert printed.err.count("\n") == 1


# Runs that stop on the way.

LONG = {
    "one seed": ["configs/spiral.yaml", "train.engine=native", "train.log_every=50"],
    "seeds": ["configs/xor.yaml", "train.log_every=50", "--seeds", "40"],
}


def started(out: Path, *arguments: str) -> "subprocess.Popen[str]":
    """A training in a process of its own, once its first checkpoint is there."""
    process = subprocess.Popen(
        [sys.executable, "-m", "minigrad.train", *arguments, "--out", str(out)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    until(lambda: process.poll() is not None or list(out.glob(f"2*/{checkpoint.NAME}")))
    return process


@needs_machine
@pytest.mark.parametrize(
    ("case", "number"),
    [
        *(("one seed", signal.SIGKILL), ("one seed", signal.SIGINT), ("seeds", signal.SIGTERM)),
        *(
            pytest.param(case, number, marks=pytest.mark.slow)
            for case, number in (
                *(("one seed", signal.SIGTERM), ("seeds", signal.SIGKILL)),
                ("seeds", signal.SIGINT),
            )
        ),
    ],
)
def test_a_run_that_is_stopped_goes_on_to_the_bit(
    case: str, number: signal.Signals, tmp_path: Path
) -> None:
    given = [*LONG[case], "expect={}", "train.checkpoint_every=300"]
    process = started(tmp_path / "stopped", *given, "train.steps=10000000")
    process.send_signal(number)
    output, _ = process.communicate()
    if number == signal.SIGKILL:
        assert process.returncode == -number
    else:
        assert process.returncode == 128 + number, output
        assert "goes on from there" in output
    run = newest(tmp_path / "stopped")
    done = metrics(run)[-1]["step"] + 100
    state = checkpoint.read(run / checkpoint.NAME)
    assert state["step"] <= done
    config = run / "config.yaml"
    config.write_text(config.read_text().replace("10000000", str(done)))
    assert trained(tmp_path / "stopped", "--resume", "latest") == 0
    assert trained(tmp_path / "once", *given, f"train.steps={done}") == 0
    once = newest(tmp_path / "once")
    assert metrics(run) == metrics(once)
    states = [checkpoint.read(one / checkpoint.NAME) for one in (run, once)]
    for one in states:
        del one["seconds"]
    assert states[0] == states[1]


@needs_machine
@pytest.mark.parametrize("verb", ["verify", "resume"])
def test_without_the_machine_a_stored_run_is_refused(
    verb: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert trained(tmp_path, "configs/xor.yaml", "train.engine=native") == 0
    without_machine(monkeypatch)
    capsys.readouterr()
    store: Sequence[str] = ["--store", str(tmp_path)]
    if verb == "verify":
        code = runs.main(["verify", "latest", *store])
    else:
        code = trained(tmp_path, "--resume", "latest", "train.steps=1000")
    assert code == 2
    assert "the native engine was not built" in capsys.readouterr().err
