"""How runs of one's own begin and end: whole or not at all, and never left as if crashed."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from minigrad.tracking import init, reopen
from minigrad.tracking.destination import Directory
from minigrad.tracking.store import StoredRun, load, runs

BEGIN = """
import os, signal, sys
from minigrad.tracking import init
run = init("own", {"lr": 0.1}, store=sys.argv[1])
run.log({"loss": 0.5})
run.summary["best"] = 0.5
"""


def ended(store: Path, script: str) -> StoredRun:
    """The one run of a program that begins one and goes on so."""
    subprocess.run([sys.executable, "-c", BEGIN + script, store], capture_output=True)
    (run,) = runs(store)
    return run


@pytest.mark.parametrize(
    ("script", "status", "error"),
    [
        ("", "finished", None),
        ("sys.exit(0)", "finished", None),
        ("sys.exit()", "finished", None),
        ("sys.exit(3)", "failed", "SystemExit: 3"),
        ("sys.exit('no data')", "failed", "SystemExit: no data"),
        ("import threading; threading.Thread(target=sys.exit, args=[3]).start()", "finished", None),
        (
            "init('two', store=sys.argv[1] + '-two'); sys.exit(3)",
            "failed",
            "SystemExit: 3",
        ),
        (
            "try:\n    sys.exit(3)\nexcept SystemExit:\n    run.summary['best'] = 0.5",
            "finished",
            None,
        ),
        ("del run", "finished", None),
        ("raise ValueError('no')", "failed", "ValueError: no"),
        ("raise KeyboardInterrupt", "interrupted", "KeyboardInterrupt"),
        ("with run: sys.exit(0)", "finished", None),
        ("with run: sys.exit()", "finished", None),
        ("with run: sys.exit(3)", "failed", "SystemExit: 3"),
        ("with run: sys.exit('no')", "failed", "SystemExit: no"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "crashed", None),
    ],
)
def test_a_run_ends_as_its_program_did(
    tmp_path: Path, script: str, status: str, error: str | None
) -> None:
    run = ended(tmp_path, script)
    assert (run.status, run.facts.error, run.summary) == (status, error, {"best": 0.5})
    assert [row["loss"] for row in run.metrics()] == [0.5]


@pytest.mark.parametrize(
    "child", ["sys.exit(1)", "os._exit(1)", "raise ValueError", "run.finish('failed')", ""]
)
def test_a_forked_child_leaves_the_run_to_its_parent(tmp_path: Path, child: str) -> None:
    script = f"""
with run:
    if os.fork() == 0:
        print("of the child")
        run.log({{"loss": -1.0}})
        run.summary["best"] = -1
        run.save_checkpoint({{"step": 0}})
        {child or "pass"}
    else:
        os.wait()
        print("of the parent", flush=True)
        run.log({{"loss": 0.25}})
        os.kill(os.getpid(), signal.SIGKILL)
"""
    run = ended(tmp_path, script)
    assert run.status == "crashed"
    assert [row["loss"] for row in run.metrics()] == [0.5, 0.25]
    assert run.summary == {"best": 0.5}
    assert not (run.path / "checkpoint.json").exists()
    assert (run.path / "output.log").read_text() == "of the parent\n"


def test_a_run_that_is_killed_while_it_is_made_is_not_there(tmp_path: Path) -> None:
    script = """
import os, signal, sys
from minigrad.tracking import init
init("warm", store=sys.argv[1] + "/warm").finish()  # all imports are done before the forks
for operation in range(1, 100):
    left, store = operation, f"{sys.argv[1]}/{operation}"
    def trace(event, arguments):
        global left
        changes = ("open", "os.mkdir", "os.rename", "os.symlink", "os.remove")
        if event in changes and store in str(arguments):
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
    child = os.fork()
    if child == 0:
        sys.addaudithook(trace)
        init("own", store=store)
        os._exit(0)
    end = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    print(end, flush=True)
    if end != -signal.SIGKILL:
        break
"""
    command = [sys.executable, "-c", script, str(tmp_path)]
    program = subprocess.run(command, capture_output=True, text=True)
    assert (program.returncode, program.stderr) == (0, "")
    *killed, last = map(int, program.stdout.split())
    assert len(killed) > 5
    assert {*killed} == {-signal.SIGKILL}
    assert last == 0
    for operation in range(1, len(killed) + 2):
        listed = runs(tmp_path / str(operation))
        assert [run.damage for run in listed] in ([], [[]])
        assert len(listed) == 1 or operation <= len(killed)


def test_a_run_that_cannot_be_named_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_directory: Directory) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Directory, "publish", refuse)
    stdout = sys.stdout
    with pytest.raises(OSError, match="No space"):
        init("a", store=tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert sys.stdout is stdout


@pytest.mark.parametrize("planted", ["metrics.jsonl", "output.log"])
def test_a_handed_run_that_leads_outside_is_not_gone_on_with(tmp_path: Path, planted: str) -> None:
    with init("a", store=tmp_path / "runs") as run:
        run.log({"loss": 1.0})
    outside = tmp_path / "outside"
    outside.write_text("precious\n")
    (run.path / planted).unlink()
    (run.path / planted).symlink_to(outside)
    with pytest.raises(OSError):
        reopen(run.path, last_step=0, config="lr: 1\n")
    assert outside.read_text() == "precious\n"
    assert load(run.path).facts.status == "finished"


@pytest.mark.parametrize(
    "planted", ["run.json", "config.yaml", ".run.json.new", ".config.yaml.new", "checkpoint.json"]
)
@pytest.mark.parametrize("link", [Path.symlink_to, Path.hardlink_to])
def test_going_on_with_a_handed_run_writes_nothing_outside(
    tmp_path: Path, planted: str, link: object
) -> None:
    with init("a", {"lr": 0.1}, store=tmp_path / "runs") as run:
        run.log({"loss": 1.0})
    path, outside = run.path / planted, tmp_path / "outside"
    content = path.read_bytes() if path.exists() else b"precious\n"
    if planted == "run.json" and link is Path.symlink_to:
        pytest.skip("it is not read, and so not gone on with")
    outside.write_bytes(content)
    path.unlink(missing_ok=True)
    link(path, outside)  # type: ignore[operator]
    with reopen(run.path, last_step=0, config="lr: 1\n") as again:
        again.save_checkpoint({"step": 1})
    assert outside.read_bytes() == content
    assert sorted(os.listdir(tmp_path)) == ["outside", "runs"]


@pytest.mark.parametrize("plant", [Path.touch, Path.mkdir])
def test_what_is_called_latest_and_is_no_link_stays(tmp_path: Path, plant: object) -> None:
    plant(tmp_path / "latest")  # type: ignore[operator]
    with init("a", store=tmp_path):
        pass
    assert not (tmp_path / "latest").is_symlink()


def test_lines_have_a_clock_that_goes_on(tmp_path: Path) -> None:
    with init("a", store=tmp_path) as run:
        for _ in range(3):
            run.log({"loss": 1.0})
        run.log({"time": 3e9})
    times = load(run.path).series("time")[1]
    assert 0 <= times[0] <= times[1] <= times[2]
    assert times[3] == 3e9
    assert load(run.path).series("_time")[1][0] >= times[2]
