"""python -m minigrad.train: files, exit codes; in whole processes a training, and signals."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from minigrad import train as command
from nn.initialisers import INITIALISERS
from tests.calling import call
from tests.stored_runs import facts, metrics, newest, the_run
from tests.terminals import at_a_terminal, left_by_its_reader
from tests.waiting import until

COMMAND = [sys.executable, "-m", "minigrad.train"]
XOR = "configs/xor.yaml"


def train(out: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return call(command, *arguments, "--out", str(out))


def test_xor_trains_meets_its_expectations_and_leaves_a_run(tmp_path: Path) -> None:
    process = [*COMMAND, XOR, "--out", str(tmp_path)]
    result = subprocess.run(process, capture_output=True, text=True)
    assert (result.returncode, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    run = the_run(tmp_path)
    assert lines[0].startswith("loss 0.6995 -> 0.00015")
    assert "in 500 steps" in lines[0]
    assert lines[1].startswith("expectations met: ")
    assert lines[2:] == [f"run   {run}", f"plot  {run}/loss.png {run}/boundary.png"]
    assert (run / "loss.png").read_bytes().startswith(b"\x89PNG")
    assert newest(tmp_path) == run
    logged = metrics(run)
    assert [line["step"] for line in logged] == list(range(500))
    assert 0.6 < logged[0]["loss"] < 0.8
    assert logged[-1]["loss"] < 0.001
    first = json.loads((run / "metrics.jsonl").read_text().splitlines()[0])
    assert set(first) == {"step", "loss", "lr", "grad_norm", "accuracy", "time"}
    summary = facts(run)["summary"]
    assert isinstance(summary, dict)
    assert facts(run)["status"] == "finished"
    assert summary["final_loss"] < 0.001
    assert summary["final_accuracy"] == 1.0


@pytest.mark.usefixtures("without_pictures")
def test_a_stored_config_trains_again_to_the_same_bits(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    train(first, "configs/moons.yaml", "train.steps=30", "expect={}")
    stored = the_run(first) / "config.yaml"
    assert train(second, str(stored)).returncode == 0

    def numbers(out: Path) -> list[tuple[float, ...]]:
        return [(m["loss"], m["grad_norm"], m["accuracy"]) for m in metrics(the_run(out))]

    assert numbers(first) == numbers(second)
    assert len(numbers(first)) == 30


@pytest.mark.usefixtures("without_pictures")
def test_one_step_and_one_seed_are_in_the_singular(tmp_path: Path) -> None:
    alone = train(tmp_path, XOR, "train.steps=1", "expect={}")
    assert " in 1 step, " in alone.stdout
    among = train(tmp_path, XOR, "train.steps=1", "expect={}", "--seeds", "1")
    assert among.stdout.startswith("1 seed: loss ")
    assert " in 1 step (" in among.stdout


@pytest.mark.usefixtures("without_pictures")
def test_a_missed_expectation_exits_1_and_says_by_how_much(tmp_path: Path) -> None:
    result = train(tmp_path, XOR, "expect.final_loss_below=1e-9")
    assert result.returncode == 1
    line = result.stdout.splitlines()[1]
    assert line == "expectation missed: final loss 0.0001501 is not below 1e-09"
    assert facts(the_run(tmp_path))["status"] == "finished"
    (_, verdict) = facts(the_run(tmp_path))["expectations"]
    assert verdict["met"] is False


@pytest.mark.usefixtures("without_pictures")
def test_overrides_swap_activation_and_learning_rate(tmp_path: Path) -> None:
    result = train(tmp_path, XOR, "model.activation=relu", "optimizer.lr=0.3", "expect={}")
    assert result.returncode == 0
    assert "no expectations" in result.stdout
    assert metrics(the_run(tmp_path))[0]["lr"] == 0.3
    assert "activation: relu" in (the_run(tmp_path) / "config.yaml").read_text()


@pytest.mark.usefixtures("without_pictures")
def test_log_every_thins_the_log_and_keeps_the_last_step(tmp_path: Path) -> None:
    train(tmp_path, XOR, "train.log_every=100", "train.steps=250")
    assert [line["step"] for line in metrics(the_run(tmp_path))] == [0, 100, 200, 249]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nmae: xor", "c.yaml:1:1: nmae: unknown key 'nmae'"),
        ("data: {name: xro}", "c.yaml:3:14: data: unknown name 'xro': did you mean 'xor'"),
        ("seed: zero", "c.yaml:2:7: seed: must be a whole number, found 'zero'"),
    ],
)
def test_a_misspelled_key_name_or_number_exits_2_in_one_line_and_leaves_no_run(
    tmp_path: Path, text: str, message: str
) -> None:
    lines = {
        "name": "name: xor",
        "seed": "seed: 0",
        "data": "data:  {name: xor}",
        "loss": "loss: bce",
        "optimizer": "optimizer: {name: sgd, lr: 1.0}",
    }
    key = text.split(":")[0]
    lines[key if key in lines else "name"] = text.replace("data: {", "data:  {")
    config = tmp_path / "c.yaml"
    config.write_text("\n".join(lines.values()) + "\n")
    result = train(tmp_path / "runs", str(config))
    assert result.returncode == 2
    assert message.split(": ", 1)[1] in result.stderr
    assert "Traceback" not in result.stderr
    assert all(line.startswith(f"{tmp_path}/c.yaml:") for line in result.stderr.splitlines())
    assert not (tmp_path / "runs").exists()


LONG = "x" * 300
"""Longer than the name of any file may be."""


@pytest.mark.parametrize(
    "words",
    [
        ["--resume", "latest", f"name={LONG}"],
        ["--resume", "latest", f"{LONG}=3"],
        ["--resume", "latest", LONG],
        ["--resume", LONG],
        [LONG],
        [f"{LONG}.yaml"],
        [XOR, LONG],
        [XOR, f"plugins=[{LONG}.py]"],
        [XOR, f"data={{name: csv, path: {LONG}, target: y}}"],
    ],
    ids=lambda words: " ".join(words).replace(LONG, "LONG"),
)
def test_a_word_longer_than_a_file_name_is_refused_in_a_line(
    words: list[str], tmp_path: Path
) -> None:
    result = train(tmp_path / "runs", XOR, "train.steps=2", "expect={}")
    assert result.returncode == 0
    result = train(tmp_path / "runs", *words)
    assert result.returncode == 2
    assert len(result.stderr.splitlines()) == 1
    assert "Error" not in result.stderr


def test_bad_usage_exits_2(tmp_path: Path) -> None:
    assert train(tmp_path).returncode == 2
    assert train(tmp_path, XOR, "--nonsense").returncode == 2
    result = train(tmp_path, "configs/none.yaml")
    assert result.returncode == 2
    assert result.stderr == "configs/none.yaml: cannot be read: No such file or directory\n"


def test_a_store_that_cannot_be_written_exits_2_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = train(tmp_path / "file", XOR)
    assert result.returncode == 2
    assert "no run can be written there" in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.usefixtures("without_pictures")
def test_divergence_exits_1_and_the_run_says_so(tmp_path: Path) -> None:
    result = train(tmp_path, XOR, "optimizer.lr=1e300", "model.activation=relu", "loss=mse")
    assert result.returncode == 1
    assert result.stdout.startswith("training diverged at step ")
    assert "first operation to break" in result.stdout
    assert "try a smaller step, as optimizer.lr=1e+299" in result.stdout
    run = the_run(tmp_path)
    assert facts(run)["status"] == "diverged"
    assert str(facts(run)["error"]).startswith("training diverged at step")


@pytest.mark.parametrize(
    ("number", "code", "cause"),
    [
        pytest.param(signal.SIGINT, 130, "Ctrl-C", marks=pytest.mark.slow),
        (signal.SIGTERM, 143, "SIGTERM"),
    ],
)
def test_an_interrupt_marks_the_run_and_keeps_what_was_logged(
    tmp_path: Path, number: signal.Signals, code: int, cause: str
) -> None:
    process = subprocess.Popen(
        [*COMMAND, XOR, "train.steps=1000000", "--out", str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    until(lambda: any(log.stat().st_size for log in tmp_path.glob("2*/metrics.jsonl")), process)
    process.send_signal(number)
    out, err = process.communicate()
    assert (process.returncode, err) == (code, "")
    assert f"interrupted by {cause} after step" in out
    run = the_run(tmp_path)
    assert facts(run)["status"] == "interrupted"
    steps = [line["step"] for line in metrics(run)]
    assert steps == list(range(len(steps)))
    assert steps


def test_a_reader_that_leaves_early_does_not_break_the_run(tmp_path: Path) -> None:
    command = [*COMMAND, XOR, "train.steps=50", "expect={}", "--out", str(tmp_path)]
    assert left_by_its_reader(command) == (0, "")


def test_a_bar_with_the_loss_is_drawn_at_a_terminal_only(tmp_path: Path) -> None:
    command = [*COMMAND, XOR, "train.steps=900", "--out", str(tmp_path)]
    code, screen = at_a_terminal(command)
    assert code == 0
    assert "/900 [" in screen
    assert "loss 0." in screen
    assert "step/s" in screen


def test_a_picture_that_fails_is_told_in_a_line_and_the_run_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def draw(_session: object) -> list[Path]:
        raise KeyError("too far out")  # as an activation of one's own may, off the data

    monkeypatch.setattr("minigrad.train.draw", draw)
    assert command.main([XOR, "--out", str(tmp_path)]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "plot  none: KeyError: 'too far out'"


def test_an_initialiser_that_raises_is_a_fault_of_the_config(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(_fan_in: int, _fan_out: int, _rng: object) -> float:
        raise KeyError("gain")

    monkeypatch.setitem(INITIALISERS, "broken", broken)
    assert command.main([XOR, "model.init=broken", "--out", str(tmp_path)]) == 2
    assert capsys.readouterr().err == "command line: model.init: KeyError: 'gain'\n"
    assert list(tmp_path.iterdir()) == []
