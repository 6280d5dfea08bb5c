"""A training is stopped before each single operation on a file: readers must find nothing damaged.

    python -m tests.stress.every_operation CASE [--engine ENGINE] [--how kill|full]
                                           [--of train|resume] [--share K/N]

For every operation on a file that the command makes, a process is killed right before it (`kill`),
or the operation fails as on a full disk (`full`). After each, `runs check` must call the store
sound, and every verb that reads must end in one line at most without a word of damage. Then
`--resume` must end as a command that was never disturbed, and `check` and `verify` be content. With
`--of resume` the operations are those of a `--resume` that adds steps to a finished run. Prints a
line a fault, and exits 1 if there is one.
"""

import argparse
import contextlib
import io
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from minigrad import runs as stored
from minigrad import train
from minigrad.tracking import environment
from tests.stress import kills
from tests.stress.kills import OPERATIONS, Shared

CASES = {
    "xor": ["configs/xor.yaml", "train.steps=9", "train.checkpoint_every=4"],
    "iris": [
        *("configs/iris.yaml", "train={steps: 14, batch_size: 16, log_every: 2}"),
        *("train.checkpoint_every=5", "train.keep_best=val_loss", "train.patience=8"),
    ],
    "seeds": ["configs/xor.yaml", "--seeds", "3", "train.steps=9", "train.checkpoint_every=4"],
}
READERS = [
    ["list"],
    ["show", "latest"],
    ["compare", "latest"],
    ["diff", "latest", "latest"],
    ["export", "latest", "--to", "csv", "--out", "FOLDER/rows.csv", "--force"],
    ["report", "latest", "--out", "FOLDER/report.html", "--force"],
    ["verify", "latest"],
]


def start(command: Callable[[], int], shared: Shared, errors: Path, how: str, number: int) -> int:
    """The pid of a process that runs the command, to be stopped before that operation."""
    shared.set(OPERATIONS, 0)
    sys.stdout.flush()
    if pid := os.fork():
        return pid
    code = 99
    try:
        with errors.open("w") as sys.stderr, contextlib.redirect_stdout(io.StringIO()):
            kills.stop_at_operation(number, shared, how)
            code = command()
            sys.setprofile(None)
    finally:
        os._exit(code)


def read(store: Path, arguments: list[str]) -> tuple[int, str]:
    """The exit code and all words of a verb."""
    words = io.StringIO()
    filled = [one.replace("FOLDER", str(store.parent)) for one in arguments]
    with contextlib.redirect_stdout(words), contextlib.redirect_stderr(words):
        try:
            code = stored.main([*filled, "--store", str(store)])
        except SystemExit as stop:
            code = int(stop.code or 0)
    return code, words.getvalue()


def complaints(store: Path, *, ended: bool) -> list[str]:
    """What readers say of a store that they must not say; of an `ended` run, all is verified."""
    sentences = []
    code, words = read(store, ["check"])
    if code:
        sentences.append(f"check: {words}")
    if not any(store.glob("2*")):
        return sentences
    for verb in READERS:
        code, words = read(store, verb)
        is_no_result = "no logged steps" in words or "no metric at a common step" in words
        if code not in (0, 2 * is_no_result) or "damage" in words.split("damage\n")[0]:
            sentences.append(f"{' '.join(verb)}: {code} {words}")
        if ended and is_no_result:
            sentences.append(words)
    return sentences


def faults(
    fresh: list[str],
    resume: list[str],
    base: Path | None,
    whole: dict[str, Any],
    how: str,
    number: int,
) -> list[str]:
    """What is wrong after the command was stopped before this operation."""
    with tempfile.TemporaryDirectory() as folder:
        store, errors, shared = Path(folder, "runs"), Path(folder, "errors"), Shared()
        out = ["--out", str(store)]
        if base:
            shutil.copytree(base, store, symlinks=True)
        arguments = [*(resume if base else fresh), *out]
        code = kills.ended(start(lambda: train.main(arguments), shared, errors, how, number))
        sentences = []
        if how == "kill" and code is not None:
            sentences.append(f"exit {code}, not killed: {errors.read_text()}")
        if "Traceback" in errors.read_text():
            sentences.append(errors.read_text())
        sentences += complaints(store, ended=False)
        there = any(store.glob("2*"))
        again = [*(resume if there else fresh), *out]
        code = kills.ended(start(lambda: train.main(again), shared, errors, "count", 0))
        if code == 2 and "is finished" in errors.read_text():  # it was stopped in its pictures
            with contextlib.redirect_stdout(io.StringIO()):
                stored.main(["plot", "latest", "--store", str(store)])
        elif code != 1 and code != 0:
            sentences.append(f"resume: exit {code}: {errors.read_text()}")
        if (result := kills.outcome(store)) != whole:
            sentences.append(f"it ends otherwise: {kills.difference(result, whole)}")
        sentences += complaints(store, ended=True)
        left = [path.name for path in store.glob("2*/.*.new")]
        if left:
            sentences.append(f"left behind: {left}")
        return sentences


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("case", choices=CASES)
    parser.add_argument("--engine", default="numpy")
    parser.add_argument("--how", choices=["kill", "full"], default="kill")
    parser.add_argument("--of", choices=["train", "resume"], default="train")
    parser.add_argument("--share", default="1/1", help="K/N: every Nth operation, from the Kth on")
    parser.add_argument("--pictures", action="store_true", help="draw them too, which takes long")
    arguments = parser.parse_args()
    if not arguments.pictures:
        setattr(train, "draw", lambda _session: iter(()))  # noqa: B010 - of this process alone
    environment.describe()
    fresh = [*CASES[arguments.case], f"train.engine={arguments.engine}", "expect={}"]
    resume, base = ["--resume", "latest"], None
    with tempfile.TemporaryDirectory() as folder:
        undisturbed, errors, shared = Path(folder, "runs"), Path(folder, "errors"), Shared()
        command = [*fresh, "--out", str(undisturbed)]
        code = kills.ended(start(lambda: train.main(command), shared, errors, "count", 0))
        if arguments.of == "resume":
            base = Path(folder, "base")
            shutil.copytree(undisturbed, base, symlinks=True)
            resume = ["--resume", "latest", "train.steps=17"]
            command = [*resume, "--out", str(undisturbed)]
            code = kills.ended(start(lambda: train.main(command), shared, errors, "count", 0))
        if code:
            print(f"the undisturbed command exits {code}: {errors.read_text()}")
            return 1
        operations, whole = shared.get(OPERATIONS), kills.outcome(undisturbed)
        first, step = map(int, arguments.share.split("/"))
        wrong, numbers = 0, range(first, operations + 1, step)
        for number in numbers:
            for fault in (of_this := faults(fresh, resume, base, whole, arguments.how, number)):
                print(f"operation {number}: {fault}", flush=True)
            wrong += bool(of_this)
    name = f"{arguments.case}, {arguments.engine}, {arguments.of}, {arguments.how}"
    which = f"all {operations}" if step == 1 else f"every {step}th"
    print(f"{name}: {which}, {wrong or 'none'} with a fault")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
