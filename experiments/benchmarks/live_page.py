"""How much does the live page slow a training down that it shows?

    python experiments/benchmarks/live_page.py [--rounds N] [--steps N]

Trains XOR at full speed, every step logged, in turns alone and beside `runs serve`, which is asked
for its curves and its table as often as an open page asks. Prints the ratio of the least and of the
median times, wall clock and processor. Exit codes: 0 at most 3 % slower, 1 slower.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BOUND = 1.03
PAUSE = 1.5  # seconds between two questions of an open page


def main() -> int:
    parser = argparse.ArgumentParser(description="The cost of the live page to a training.")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--steps", type=int, default=20_000)
    arguments = parser.parse_args()
    times: dict[bool, list[tuple[float, float]]] = {False: [], True: []}
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder)
        for number in range(arguments.rounds):
            for watched in (False, True) if number % 2 else (True, False):
                if watched:
                    with _open_page(store):
                        times[watched].append(_train(store, arguments.steps))
                else:
                    times[watched].append(_train(store, arguments.steps))
    ratios = []
    for place, name in enumerate(("wall clock", "processor")):
        alone, beside = ([one[place] for one in times[watched]] for watched in (False, True))
        least = min(beside) / min(alone)
        median = statistics.median(beside) / statistics.median(alone)
        print(f"{name:<10}  least {least:.3f}  median {median:.3f}  (alone {min(alone):.2f} s)")
        ratios.append(least)
    return 0 if max(ratios) <= BOUND else 1


def _train(store: Path, steps: int) -> tuple[float, float]:
    """Seconds of wall clock and of processor."""
    command = [sys.executable, "-m", "minigrad.train", "configs/xor.yaml", f"train.steps={steps}"]
    begun = time.perf_counter()
    child = subprocess.Popen(
        [*command, "expect={}", "--out", str(store)], cwd=ROOT, stdout=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode == 0
    return time.perf_counter() - begun, usage.ru_utime + usage.ru_stime


@contextmanager
def _open_page(store: Path) -> Iterator[None]:
    command = [sys.executable, "-m", "minigrad.runs", "serve", "--store", str(store)]
    server = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert server.stdout is not None
    address = server.stdout.readline().split()[1]
    stop = threading.Event()
    asking = threading.Thread(target=_ask, args=[store, address, stop])
    asking.start()
    try:
        yield
    finally:
        stop.set()
        asking.join()
        server.terminate()
        _, _, usage = os.wait4(server.pid, 0)
        server.returncode = 0
        print(f"the server used {usage.ru_utime + usage.ru_stime:.2f} s, its start included")


def _ask(store: Path, address: str, stop: threading.Event) -> None:
    while not stop.wait(PAUSE):
        newest = store / "latest"
        questions = [f"curves.json?run={newest.resolve().name}"] if newest.exists() else []
        for path in ("runs.json", *questions):
            with urllib.request.urlopen(address + path) as answer:
                answer.read()


if __name__ == "__main__":
    sys.exit(main())
