"""A training that is killed, interrupted or out of disk: nothing is lost, and it can go on."""

import os
import random
import re
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from minigrad import train as command
from minigrad.tracking import checkpoint
from minigrad.tracking.store import load
from tests import unmeasured
from tests.calling import call
from tests.stored_runs import final_state, metrics, the_run
from tests.stress.kills import MOONS as CONFIG
from tests.waiting import HANG, until

TRAIN = [sys.executable, "-m", "minigrad.train"]
# the same command but for its pictures, which take longer than the training here
DRAWING_NOTHING = (
    "import sys; from minigrad import train; train.draw = lambda _: []; sys.exit(train.main())"
)


def train(out: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """In this process and without pictures; those that are killed are others."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(command, "draw", lambda _: [])
        return call(command, *arguments, "--out", str(out))


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("undisturbed")
    assert train(out, *CONFIG).returncode == 0
    run = the_run(out)
    assert len(metrics(run)) == 300
    return run


def start(out: Path, *arguments: str) -> subprocess.Popen[str]:
    """A training in a process of its own, once it has logged its first line."""
    process = subprocess.Popen(
        [*TRAIN, *arguments, "--out", str(out)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    until(lambda: process.poll() is not None or logged_lines(out))
    return process


def logged_lines(out: Path) -> int:
    return sum(path.read_bytes().count(b"\n") for path in out.glob("2*/metrics.jsonl"))


def signalled(
    out: Path, when: Callable[[Path], object], *numbers: signal.Signals
) -> tuple[int, str]:
    """Exit code and words of a training that got these signals as soon as `when(out)` held."""
    process = start(out, *CONFIG)
    until(lambda: process.poll() is not None or when(out))
    for number in numbers:
        process.send_signal(number)
    output, err = process.communicate(timeout=HANG)
    assert err == "" or len(numbers) > 1  # the second signal is reported
    return process.returncode, output


def stopped(
    folder: Path, when: Callable[[Path], object], *numbers: signal.Signals
) -> tuple[Path, int, str]:
    """A store whose training was under way when it was signalled, its exit code and its words.

    One that is quicker than the signals ends with 0, and another is started.
    """
    for attempt in range(100):
        out = folder / str(attempt)
        code, output = signalled(out, when, *numbers)
        if code != 0:
            return out, code, output
    raise AssertionError("no signal hit a training that was under way")


def killed(folder: Path, when: Callable[[Path], object] = logged_lines) -> Path:
    out, code, _ = stopped(folder, when, signal.SIGKILL)
    assert code == -signal.SIGKILL
    return out


def killed_and_resumed(folder: Path, lines: int) -> tuple[Path, int]:
    """Kill a training when so many lines are there; the store, and how many were there then. Resume
    it, and kill it again halfway to its end, or let it end where the kill comes too late.
    """
    out = killed(folder, lambda out: logged_lines(out) >= lines)
    run = the_run(out)
    logged = metrics(run)
    assert load(run).status == "crashed"
    again = subprocess.Popen(
        [*TRAIN, "--resume", "latest", "--out", str(out)],
        text=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    until(lambda: again.poll() is not None or logged_lines(out) >= (len(logged) + 300) // 2)
    again.send_signal(signal.SIGKILL)
    again.wait()
    assert metrics(run)[: len(logged)] == logged
    if load(run).status != "finished":
        last = subprocess.run(
            [sys.executable, "-c", DRAWING_NOTHING, "--resume", run.name, "--out", str(out)],
            capture_output=True,
            text=True,
            timeout=HANG,
        )
        assert last.returncode == 0, last.stderr + last.stdout
    return out, len(logged)


def check_kills(folder: Path, undisturbed: Path, lines: list[int]) -> list[int]:
    """Each kill loses nothing; how many lines were logged at each."""
    folders = [folder / str(number) for number in range(len(lines))]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(killed_and_resumed, folders, lines))
    for out, _ in results:
        run = the_run(out)
        assert load(run).status == "finished"
        assert metrics(run) == metrics(undisturbed)
        assert final_state(run) == final_state(undisturbed)
    return [logged for _, logged in results]


def test_a_kill_early_and_one_late_lose_nothing(undisturbed: Path, tmp_path: Path) -> None:
    assert check_kills(tmp_path, undisturbed, [20])[0] >= 20


@pytest.mark.slow
def test_thirty_kills_at_random_moments_lose_nothing(undisturbed: Path, tmp_path: Path) -> None:
    rng = random.Random(0)
    logged = check_kills(tmp_path, undisturbed, [rng.randint(1, 240) for _ in range(30)])
    assert len(set(logged)) >= 10


@pytest.mark.parametrize(
    ("number", "code"),
    [pytest.param(signal.SIGINT, 130, marks=pytest.mark.slow), (signal.SIGTERM, 143)],
)
def test_an_interrupted_run_resumes_as_if_never_stopped(
    undisturbed: Path, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    store, exit_code, out = stopped(tmp_path, logged_lines, number)
    assert exit_code == code
    run = the_run(store)
    assert load(run).status == "interrupted"
    saved = checkpoint.read(run / checkpoint.NAME)
    assert saved["step"] == metrics(run)[-1]["step"] + 1
    assert f"--resume {run.name}" in out
    assert train(store, "--resume", "latest").returncode == 0
    assert metrics(run) == metrics(undisturbed)
    assert final_state(run) == final_state(undisturbed)


@pytest.mark.slow
def test_a_run_that_two_signals_ended_resumes_as_if_never_stopped(
    undisturbed: Path, tmp_path: Path
) -> None:
    store, exit_code, _ = stopped(tmp_path, logged_lines, signal.SIGTERM, signal.SIGTERM)
    assert exit_code == 143
    run = the_run(store)
    assert load(run).status == "interrupted"
    assert train(store, "--resume", "latest").returncode == 0
    assert metrics(run) == metrics(undisturbed)
    assert final_state(run) == final_state(undisturbed)


def test_a_finished_run_may_grow(undisturbed: Path, tmp_path: Path) -> None:
    shorter = [a.replace("steps: 300", "steps: 120") for a in CONFIG]
    assert train(tmp_path, *shorter).returncode == 0
    run = the_run(tmp_path)
    assert len(metrics(run)) == 120
    refused = train(tmp_path, "--resume", "latest")
    assert refused.returncode == 2
    assert "is finished: to go on, say train.steps=240" in refused.stderr
    assert train(tmp_path, "--resume", "latest", "train.steps=300").returncode == 0
    assert metrics(run) == metrics(undisturbed)
    assert "steps: 300" in (run / "config.yaml").read_text()
    assert "is fewer" in train(tmp_path, "--resume", "latest", "train.steps=50").stderr


def test_a_changed_config_is_refused_by_what_changed(tmp_path: Path) -> None:
    train(tmp_path, *CONFIG, "train.steps=3")
    refused = train(tmp_path, "--resume", "latest", "optimizer.lr=0.5", "train.steps=9")
    assert refused.returncode == 2
    assert refused.stderr.splitlines() == [
        "--resume: optimizer.lr was 0.02, now it is 0.5",
        "--resume: only train.steps may change, and only grow",
    ]
    other = train(tmp_path, "configs/xor.yaml", "--resume", "latest")
    assert other.returncode == 2
    assert '--resume: data.name was "moons", now it is "xor"' in other.stderr


def test_a_damaged_checkpoint_is_refused_and_the_previous_one_used_only_when_said(
    undisturbed: Path, tmp_path: Path
) -> None:
    store = killed(tmp_path, lambda out: list(out.glob(f"2*/{checkpoint.PREVIOUS}")))
    run = the_run(store)
    newest, previous = run / checkpoint.NAME, run / checkpoint.PREVIOUS
    step = checkpoint.read(previous)["step"]
    cut = newest.read_bytes()[:-10]
    newest.unlink()  # a kill may have left it as a second name of the previous one
    newest.write_bytes(cut)
    resumed = train(store, "--resume", "latest")
    assert resumed.returncode == 0
    first = resumed.stdout.splitlines()[0]
    assert first == (
        f"{newest} is damaged: its checksum does not match its content: "
        f"going on from checkpoint.previous.json, step {step}"
    )
    assert metrics(run) == metrics(undisturbed)
    newest.write_bytes(b"{}")
    previous.write_bytes(b"")
    refused = train(store, "--resume", "latest", "train.steps=400")
    assert refused.returncode == 2
    assert "there is no state to go on from" in refused.stderr
    assert refused.stderr.count("\n") == 1


def test_a_full_disk_ends_the_run_in_one_line_and_keeps_what_was_written(tmp_path: Path) -> None:
    def small_files() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))

    result = subprocess.run(
        [*TRAIN, *CONFIG, "train.steps=3000", "--out", str(tmp_path)],
        capture_output=True,
        text=True,
        env=unmeasured.environment(),
        preexec_fn=small_files,
    )
    assert result.returncode == 1
    assert result.stderr == ""
    assert result.stdout.splitlines()[0] == "the run cannot be written: File too large"
    run = the_run(tmp_path)
    lines = metrics(run)
    assert len(lines) > 100
    assert [line["step"] for line in lines] == list(range(len(lines)))
    assert load(run).status == "failed"
    assert checkpoint.read(run / checkpoint.NAME)["step"] > 0


def test_no_such_run_is_told_in_one_line(tmp_path: Path) -> None:
    result = train(tmp_path, "--resume", "latest")
    assert result.returncode == 2
    assert result.stderr.count("\n") == 1


@pytest.mark.slow
def test_two_processes_cannot_go_on_with_one_run(undisturbed: Path, tmp_path: Path) -> None:
    store = killed(tmp_path)
    run = the_run(store)
    both = [
        subprocess.Popen(
            [*TRAIN, "--resume", "latest", "--out", str(store)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    errors = [process.communicate()[1] for process in both]
    assert sorted(process.returncode for process in both) in ([0, 2], [0, 0])
    for process, err in zip(both, errors, strict=True):
        if process.returncode == 2:
            assert re.search(r"process \d+ is writing it|is running|is finished", err)
    assert metrics(run) == metrics(undisturbed)


def test_a_log_that_ends_before_the_checkpoint_is_trained_again(
    undisturbed: Path, tmp_path: Path
) -> None:
    assert train(tmp_path, *CONFIG, "train.steps=60").returncode == 0
    log = the_run(tmp_path) / "metrics.jsonl"
    log.write_text("".join(log.read_text().splitlines(keepends=True)[:50]))
    resumed = train(tmp_path, "--resume", "latest", "train.steps=300")
    assert resumed.returncode == 0
    assert resumed.stdout.startswith("the log ends at step 49, before the checkpoint")
    assert metrics(the_run(tmp_path)) == metrics(undisturbed)


@pytest.mark.parametrize("damage", ["{bad", "", "[]"])
def test_a_run_whose_facts_are_damaged_cannot_go_on_and_says_why(
    tmp_path: Path, damage: str
) -> None:
    train(tmp_path, *CONFIG, "train.steps=3")
    (the_run(tmp_path) / "run.json").write_text(damage)
    refused = train(tmp_path, "--resume", the_run(tmp_path).name)
    assert refused.returncode == 2
    assert "run.json" in refused.stderr
    assert refused.stderr.count("\n") == 1


def test_output_log_holds_what_the_training_said(tmp_path: Path) -> None:
    train(tmp_path, *CONFIG, "train.steps=3")
    assert "in 3 steps" in (the_run(tmp_path) / "output.log").read_text()
