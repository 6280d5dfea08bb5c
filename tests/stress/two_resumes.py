"""Two `--resume` of one run at once, with pauses where they may meet: nothing is lost or doubled.

    python -m tests.stress.two_resumes [--rounds 200] [--seed 0]

Each round trains a run to step 30 or stops it there, then two processes go on with it to step 60.
Whichever way they meet, the log must hold each step once, with the numbers of an undisturbed run;
a process that is refused ends with 2 and one line. Prints a line a fault, and exits 1 if there is
one.
"""

import argparse
import contextlib
import functools
import io
import json
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from minigrad import train
from minigrad.files import whole
from minigrad.runner import resume
from minigrad.tracking import Run
from minigrad.tracking.reading import read_log

CONFIG = ["configs/xor.yaml", "train.checkpoint_every=7", "expect={}"]
PAUSED: list[tuple[Any, str, float]] = [  # owner, name, the longest pause in seconds
    *((resume, name, 0.6) for name in ("find", "hold", "load", "load_config", "_last_state")),
    *((train, name, 0.1) for name in ("resume_run", "reopen", "input_hashes")),
    *((whole, name, 0.02) for name in ("_lock", "replace")),
    *((Run, name, 0.02) for name in ("log", "save_checkpoint", "finish")),
]


def with_pauses(rng: random.Random) -> None:
    """Wait before some calls of the functions at which two processes may meet; while the run is
    being read, for as long as the other one may need to go on with it and finish.
    """
    for owner, name, longest in PAUSED:
        function: Callable[..., Any] = getattr(owner, name)

        @functools.wraps(function)
        def paused(
            *arguments: Any,
            _function: Callable[..., Any] = function,
            _longest: float = longest,
            **named: Any,
        ) -> Any:
            if rng.random() < 0.3:
                time.sleep(rng.random() * _longest)
            return _function(*arguments, **named)

        setattr(owner, name, paused)


def quietly(arguments: list[str]) -> int:
    with contextlib.redirect_stdout(io.StringIO()):
        return train.main(arguments)


def in_a_fork(work: Callable[[], int], errors: Path) -> int:
    """The pid of a process that exits with what `work` returns."""
    if pid := os.fork():
        return pid
    code = 99
    try:
        with errors.open("w") as sys.stderr:
            code = work()
    finally:
        os._exit(code)


def faults(store: Path, undisturbed: list[dict[str, float]], rng: random.Random) -> list[str]:
    """What is wrong after one round in a store of its own."""
    quietly([*CONFIG, "train.steps=30", "--out", str(store)])
    run = (store / "latest").resolve()
    if rng.random() < 0.5:  # as if it had been killed
        facts = json.loads((run / "run.json").read_text())
        dead = {**facts, "status": "running", "pid": 2**22 - 1, "pid_start": 1}
        (run / "run.json").write_text(json.dumps(dead))
    command = ["--resume", "latest", "train.steps=60", "--out", str(store)]
    seeds = [rng.random() for _ in range(2)]

    def resumed(seed: float) -> int:
        with_pauses(random.Random(seed))
        return quietly(command)

    errors = [store / f"errors{number}" for number in range(2)]
    pids = [
        in_a_fork(functools.partial(resumed, seed), path)
        for seed, path in zip(seeds, errors, strict=True)
    ]
    codes = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids]
    messages = [path.read_text() for path in errors]
    sentences = []
    if sorted(codes) != [0, 2]:
        sentences.append(f"exit codes {codes}: {messages}")
    if any(code == 2 and text.count("\n") != 1 for code, text in zip(codes, messages, strict=True)):
        sentences.append(f"not one line: {messages}")
    log = read_log(run)
    rows = [{key: row[key] for key in row if key != "time"} for row in log.rows]
    if log.damage or rows != undisturbed:
        sentences.append(f"{len(rows)} lines of {len(undisturbed)}, or other numbers: {log.damage}")
    facts = json.loads((run / "run.json").read_text())
    if (facts["status"], facts["summary"]["steps"]) != ("finished", 60):
        sentences.append(f"run.json says {facts['status']}, {facts['summary']}")
    OUTCOMES.update([text.split(": ", 2)[-1].strip()[:60] for text in messages if text])
    return sentences


OUTCOMES: Counter[str] = Counter()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)
    setattr(train, "draw", lambda _session: iter(()))  # noqa: B010 - pictures take long
    with tempfile.TemporaryDirectory() as folder:
        whole_store = Path(folder, "undisturbed")
        quietly([*CONFIG, "train.steps=60", "--out", str(whole_store)])
        undisturbed = [
            {key: row[key] for key in row if key != "time"}
            for row in read_log((whole_store / "latest").resolve()).rows
        ]
        wrong = 0
        for number in range(arguments.rounds):
            faults_of_round = faults(Path(folder, str(number)), undisturbed, rng)
            wrong += bool(faults_of_round)
            for fault in faults_of_round:
                print(f"round {number}: {fault}")
    refusals = sum(OUTCOMES.values())
    print(f"{arguments.rounds} rounds, {refusals} refusals, {wrong or 'none'} with a fault")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
