"""Many processes in one store at once: every run is whole, and readers are never disturbed.

    python -m tests.stress.one_store [--processes 16] [--rounds 5]

In each round half of the processes train a config or log a loop of their own, a quarter does so and
kills itself, and a quarter lists, checks, shows, compares and deletes. Prints a line a fault, and
exits 1 if there is one.
"""

import argparse
import contextlib
import functools
import io
import os
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from minigrad import runs as stored
from minigrad import tracking, train
from minigrad.tracking.store import runs
from tests.stress.two_resumes import in_a_fork

STEPS = 40
TRAIN = ["configs/xor.yaml", f"train.steps={STEPS}", "expect={}"]


def trains(store: Path, _number: int) -> int:
    return train.main([*TRAIN, "--out", str(store)])


def logs(store: Path, number: int) -> int:
    with tracking.init(name=f"mine {number}", config={"number": number}, store=store) as run:
        for step in range(STEPS):
            run.log({"loss": 1 / (1 + step), "number": number}, step=step)
    return 0


def dies(store: Path, number: int) -> int:
    run = tracking.init(name="dies", store=store)
    for step in range(number % STEPS):
        run.log({"loss": 1 / (1 + step)}, step=step)
    os.kill(os.getpid(), signal.SIGKILL)
    return 1


def reads(store: Path, _number: int) -> int:
    code = 0
    for _ in range(5):
        for verb in (["list"], ["check"], ["show", "latest"], ["list", "--json"]):
            code = max(code, stored.main([*verb, "--store", str(store)]))
    return code


def worked(work: Callable[[Path, int], int], store: Path, number: int) -> int:
    with contextlib.redirect_stdout(io.StringIO()):
        return work(store, number)


def faults(store: Path, processes: int) -> list[str]:
    """What is wrong after one round in this store, which has a run already."""
    kinds = [trains, logs, dies, reads]
    errors = [store.parent / f"{store.name}.{number}" for number in range(processes)]
    pids = [
        in_a_fork(functools.partial(worked, kinds[number % 4], store, number), errors[number])
        for number in range(processes)
    ]
    codes = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids]
    sentences = []
    for number, code in enumerate(codes):
        work = kinds[number % 4]
        if code != (-signal.SIGKILL if work is dies else 0):
            sentences.append(f"{work.__name__} exits {code}: {errors[number].read_text()[-500:]}")
    for run in runs(store):
        lines = len(run.metrics())
        whole = "crashed" if run.name == "dies" else "finished"
        if run.status != whole or (whole == "finished" and lines != STEPS):
            sentences.append(f"{run.id} is {run.status} with {lines} lines")
        numbers = {row["number"] for row in run.metrics() if "number" in row}
        if len(numbers) > 1:
            sentences.append(f"{run.id} holds lines of {len(numbers)} loops")
    expected = 1 + sum(kinds[number % 4] is not reads for number in range(processes))
    if len(runs(store)) != expected:
        sentences.append(f"{len(runs(store))} runs, not {expected}")
    if (store / "latest").resolve() not in {run.path.resolve() for run in runs(store)}:
        sentences.append("latest is none of the runs")
    return sentences


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--processes", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    setattr(train, "draw", lambda _session: iter(()))  # noqa: B010 - pictures take long
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        for number in range(arguments.rounds):
            store = Path(folder, str(number))
            worked(logs, store, 0)
            faults_of_round = faults(store, arguments.processes)
            wrong += bool(faults_of_round)
            for fault in faults_of_round:
                print(f"round {number}: {fault}")
    rounds = f"{arguments.rounds} rounds of {arguments.processes} processes"
    print(f"{rounds}, {wrong or 'none'} with a fault")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
