"""Kills at random moments and at single file operations: nothing is lost, nothing is doubled.

    python -m tests.stress.kills train|seeds|sweep|operations [--rounds 60] [--seed 0]

A round starts a command in a process of its own, kills it with SIGKILL, resumes it, kills that
too, and resumes it to its end. After each kill every line that was logged must be there, and no run
may be called running; at the end the log, the checkpoint, the summary and the tables must be those
of a command that was never disturbed. `operations` kills a training right before one operation on
a file (open, write, flush, fsync, rename, link, ...), at another one each round. Prints a line a
fault, and exits 1 if there is one.
"""

import argparse
import contextlib
import io
import json
import mmap
import os
import random
import signal
import struct
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from minigrad import runs as stored
from minigrad import train
from minigrad.sweep import __main__ as sweep
from minigrad.tracking import Run, checkpoint
from minigrad.tracking.store import runs
from tests.stored_runs import metrics

# mini-batches, shuffling, a schedule with a memory, moments, validation: all that must be resumed
MOONS = [
    "configs/moons.yaml",
    "optimizer={name: adam, lr: 0.02}",
    "scheduler={name: plateau, patience: 3, factor: 0.7}",
    "data.val_fraction=0.2",
    "model.hidden=[6]",
    "train={steps: 300, batch_size: 16, checkpoint_every: 7}",
    "expect={}",
]
SHORT = ["configs/xor.yaml", "train.steps=12", "train.checkpoint_every=5", "expect={}"]
SEEDS = ["configs/xor.yaml", "--seeds", "200", "train.checkpoint_every=20", "expect={}"]
GRID = ["configs/xor.yaml", "optimizer.lr=0.3,1.0", "seed=range(0,8)", "model.hidden=[4]"]
GRID += ["train.steps=100", "--workers", "2"]
COMMANDS: dict[str, tuple[Callable[[list[str]], int], list[str]]] = {
    "train": (train.main, MOONS),
    "operations": (train.main, SHORT),
    "seeds": (train.main, SEEDS),
    "sweep": (sweep.main, GRID),
}
IN_A_FILE = {"write", "writelines", "flush", "truncate"}
IN_A_FOLDER = {"open", "write", "fsync", "rename", "replace", "link", "unlink", "remove"}
IN_A_FOLDER |= {"mkdir", "rmdir", "symlink", "ftruncate", "truncate"}


class Shared:
    """Two counts that a process leaves behind when it is killed."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, 16)

    def set(self, place: int, count: int) -> None:
        struct.pack_into("q", self._memory, 8 * place, count)

    def get(self, place: int) -> int:
        count: int = struct.unpack_from("q", self._memory, 8 * place)[0]
        return count


LOGGED, OPERATIONS = 0, 1


def count_logged(shared: Shared) -> None:
    """Note after each call of `Run.log` the lines that it has promised to keep."""
    log = Run.log

    def counted(self: Run, *arguments: Any, **named: Any) -> Any:
        result = log(self, *arguments, **named)
        shared.set(LOGGED, shared.get(LOGGED) + 1)
        return result

    setattr(Run, "log", counted)  # noqa: B010 - this process ends soon


def kill_at_operation(number: int, shared: Shared) -> None:
    """Count the operations on files from here, and die right before this one."""
    screens = {id(sys.stdout), id(sys.stderr)}

    def before_a_call(_frame: FrameType, event: str, function: Any) -> None:
        if event != "c_call":
            return
        owner, name = getattr(function, "__self__", None), function.__name__
        in_a_file = name in IN_A_FILE and isinstance(owner, io.IOBase) and id(owner) not in screens
        if isinstance(owner, io.BytesIO | io.StringIO):
            return
        if in_a_file or (name in IN_A_FOLDER and getattr(owner, "__name__", "") == "posix"):
            shared.set(OPERATIONS, shared.get(OPERATIONS) + 1)
            if shared.get(OPERATIONS) == number:
                os.kill(os.getpid(), signal.SIGKILL)

    threading.setprofile(before_a_call)
    sys.setprofile(before_a_call)


def start(kind: str, arguments: list[str], shared: Shared, errors: Path, operation: int) -> int:
    """The pid of a process that runs the command."""
    shared.set(LOGGED, 0)
    shared.set(OPERATIONS, 0)
    if pid := os.fork():
        return pid
    code = 99
    try:
        with errors.open("w") as sys.stderr, contextlib.redirect_stdout(io.StringIO()):
            count_logged(shared)
            if operation:
                kill_at_operation(operation, shared)
            code = COMMANDS[kind][0](arguments)
            sys.setprofile(None)
    finally:
        os._exit(code)


def outcome(store: Path) -> dict[str, Any]:
    """Everything that must not depend on kills."""
    every = {}
    for run in runs(store):
        name = json.dumps([run.config["seed"], run.config["optimizer"], run.config["data"]])
        state: Any = None
        if (run.path / checkpoint.NAME).exists():
            state = dict(checkpoint.read(run.path / checkpoint.NAME))
            state.pop("seconds", None)
        summary = {k: v for k, v in run.summary.items() if k != "seconds"}
        every[name] = [run.status, summary, metrics(run.path), state]
        for file in ("seeds.npz", "boundary.png"):
            if (run.path / file).exists():
                every[name].append((run.path / file).read_bytes())
    tables = [path.read_text() for path in sorted(store.glob("sweeps/2*/sweep.csv"))]
    return {"count": len(runs(store)), "runs": every, "tables": tables}


def ended(pid: int, deadline: float | None = None) -> int | None:
    """The exit code, or None if it was killed, at the deadline at the latest."""
    while deadline is not None and time.monotonic() < deadline:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            code = os.waitstatus_to_exitcode(status)
            return None if code == -signal.SIGKILL else code
        time.sleep(0.001)
    if deadline is not None:
        os.kill(pid, signal.SIGKILL)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return None if code == -signal.SIGKILL else code


def after_a_kill(kind: str, store: Path, logged: int) -> list[str]:
    """What is wrong in the store."""
    sentences = [
        f"{run.id} is called {run.status}" for run in runs(store) if run.status == "running"
    ]
    if kind != "sweep":
        lines = sum(len(metrics(run.path)) for run in runs(store))
        if lines < logged:
            sentences.append(f"{logged} lines were logged, and {lines} are there")
    return sentences


def faults(kind: str, store: Path, whole: dict[str, Any], moments: list[float]) -> list[str]:
    """What is wrong after a round; `moments` are the seconds, or operations, until each kill."""
    fresh = [*COMMANDS[kind][1], "--out", str(store)]
    resume = ["--resume", "latest", "--out", str(store)] + fresh[-4:-2] * (kind == "sweep")
    sentences: list[str] = []
    shared, errors = Shared(), store.parent / f"{store.name}.errors"
    before = 0
    for moment in [*moments, None]:
        there = any(store.glob("sweeps/2*/sweep.json")) if kind == "sweep" else bool(runs(store))
        operation = int(moment) if moment is not None and kind == "operations" else 0
        pid = start(kind, resume if there else fresh, shared, errors, operation)
        deadline = None
        if moment is not None and kind != "operations":
            deadline = time.monotonic() + moment
        code = ended(pid, deadline)
        if code is None:
            # a resume trains some steps again, and only those that are new add lines
            sentences += after_a_kill(kind, store, max(before, shared.get(LOGGED)))
            before = sum(len(metrics(run.path)) for run in runs(store))
        elif code == 2 and "is finished" in errors.read_text():  # killed while it drew pictures
            nowhere = io.StringIO()  # where no picture is missing, it would open a window
            with contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere):
                stored.main(["plot", "latest", "--store", str(store)])
            break
        elif code:
            sentences.append(f"exit {code}: {errors.read_text()}")
            break
    result = outcome(store)
    if result != whole:
        sentences.append(f"it ends otherwise: {_difference(result, whole)}")
    # a directory that was never published is deleted by a run that begins an hour later
    published = [run.path for run in runs(store)]
    left = [path.name for run in published for path in run.glob(".*.new")]
    left += [path.name for path in store.rglob(".drafts")]
    if left:
        sentences.append(f"left behind: {left}")
    return sentences


def _difference(result: dict[str, Any], whole: dict[str, Any]) -> str:
    if result["count"] != whole["count"] or result["runs"].keys() != whole["runs"].keys():
        return f"{result['count']} runs, not {whole['count']}"
    for name, parts in whole["runs"].items():
        for number, (now, then) in enumerate(zip(result["runs"][name], parts, strict=False)):
            if now != then:
                shown = (str(now)[:300], str(then)[:300]) if number < 2 else (len(now), len(then))
                return f"{name}, part {number}: {shown}"
        if len(result["runs"][name]) != len(parts):
            return f"{name}: other files"
    return "the tables differ"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=COMMANDS)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    kind, rng = arguments.kind, random.Random(arguments.seed)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["TMPDIR"] = tempfile.tempdir = folder  # where killed pools leave their sockets
        undisturbed, shared = Path(folder, "undisturbed"), Shared()
        command = [*COMMANDS[kind][1], "--out", str(undisturbed)]
        begin = time.monotonic()
        operation = 10**9 if kind == "operations" else 0
        code = ended(start(kind, command, shared, Path(folder, "errors"), operation))
        if code:
            print(f"the undisturbed command exits {code}: {Path(folder, 'errors').read_text()}")
            return 1
        seconds, operations = time.monotonic() - begin, shared.get(OPERATIONS)
        whole = outcome(undisturbed)
        wrong = 0
        every = rng.sample(range(1, operations + 1), operations)
        for number in range(arguments.rounds):
            if operations:
                moments = [float(every[number % operations]), float(rng.randint(1, operations))]
            else:
                moments = [rng.random() * seconds, rng.random() * seconds]
            of_this_round = faults(kind, Path(folder, str(number)), whole, moments)
            wrong += bool(of_this_round)
            for fault in of_this_round:
                print(f"round {number}, {moments}: {fault}", flush=True)
    print(f"{kind}: {arguments.rounds} rounds of two kills, {wrong or 'none'} with a fault")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
