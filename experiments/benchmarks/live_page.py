"""How much does the live page slow a training down that it shows?

    python experiments/benchmarks/live_page.py [--rounds N] [--seconds N]

Trains XOR at full speed, every step logged, beside `runs serve`. In turns, nobody looks, and two
pages are open: the table of runs and the curves of this run, which are asked for as a browser asks,
with the pauses that the server tells. Prints medians over neighbouring turns: of the wall clock
and of the training's processor time for a step, with the pages as a multiple of without; and the
server's processor time as a share of the wall clock, which is what a training would lose on a
machine with a single processor. Other programs at work disturb the wall clock: look at it on a
quiet machine. For Linux. Exit codes: 0 all medians are within 3 %, 1 not.
"""

import argparse
import json
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BOUND = 0.03


@dataclass(frozen=True)
class Turn:
    """For a step: seconds of wall clock and of processor; and the server's share of the clock."""

    wall: float
    processor: float
    server: float


def main() -> int:
    parser = argparse.ArgumentParser(description="The cost of the live page to a training.")
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--seconds", type=float, default=3.0, help="of a turn (3)")
    arguments = parser.parse_args()
    pairs = []
    with (
        tempfile.TemporaryDirectory() as folder,
        _training(Path(folder)) as (trainer, run),
        _server(Path(folder)) as (server, address),
    ):
        time.sleep(2)
        for number in range(arguments.rounds):
            turns = {}
            for is_open in (False, True) if number % 2 else (True, False):
                page = address if is_open else None
                turns[is_open] = _turn(trainer, server, run, page, arguments.seconds)
            pairs.append((turns[False], turns[True]))
    losses = {
        "wall clock a step": [beside.wall / alone.wall - 1 for alone, beside in pairs],
        "processor time a step": [
            beside.processor / alone.processor - 1 for alone, beside in pairs
        ],
        "the server's share of a processor": [beside.server for _, beside in pairs],
    }
    for name, values in losses.items():
        low, median, high = statistics.quantiles(values, n=4)
        print(f"{name:<34} {median:+7.2%}  (half of the turns: {low:+.2%} to {high:+.2%})")
    alone = statistics.median(turn.wall for turn, _ in pairs)
    print(f"{1 / alone:,.0f} steps a second without a page, {len(pairs)} pairs of turns")
    return 0 if all(statistics.median(values) <= BOUND for values in losses.values()) else 1


def _turn(trainer: int, server: int, run: Path, address: str | None, seconds: float) -> Turn:
    metrics, stop = run / "metrics.jsonl", threading.Event()
    pages = ["runs.json?", f"curves.json?run={run.name}"] if address else []
    asking = [threading.Thread(target=_ask, args=[f"{address}{page}", stop]) for page in pages]
    size, used, begun = metrics.stat().st_size, _processor(trainer), time.perf_counter()
    served = _processor(server)
    for thread in asking:
        thread.start()
    time.sleep(seconds)
    end, used_then, ended = metrics.stat().st_size, _processor(trainer), time.perf_counter()
    served_then = _processor(server)
    stop.set()
    for thread in asking:
        thread.join()
    with metrics.open("rb") as file:
        file.seek(size)
        steps = file.read(end - size).count(b"\n")
    wall = ended - begun
    return Turn(wall / steps, (used_then - used) / steps, (served_then - served) / wall)


def _ask(question: str, stop: threading.Event) -> None:
    """As a page does; the processor time of this thread is the browser's."""
    version = ""
    while not stop.is_set():
        with urllib.request.urlopen(f"{question}&version={version}") as answer:
            data = json.loads(answer.read())
        version = data.get("version", "")
        stop.wait(data["wait"] / 1000)


def _processor(process: int) -> float:
    """Seconds of processor that all its threads have used
    (https://docs.kernel.org/scheduler/sched-stats.html).
    """
    threads = Path(f"/proc/{process}/task").iterdir()
    return sum(int((one / "schedstat").read_text().split()[0]) for one in threads) / 1e9


@contextmanager
def _training(store: Path) -> Iterator[tuple[int, Path]]:
    command = [sys.executable, "-m", "minigrad.train", "configs/xor.yaml", "train.steps=100000000"]
    child = subprocess.Popen(
        [*command, "expect={}", "--out", str(store)],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while not (store / "latest" / "metrics.jsonl").exists():
            assert child.poll() is None
            time.sleep(0.1)
        yield child.pid, (store / "latest").resolve()
    finally:
        child.kill()
        child.wait()


@contextmanager
def _server(store: Path) -> Iterator[tuple[int, str]]:
    command = [sys.executable, "-m", "minigrad.runs", "serve", "--store", str(store)]
    server = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert server.stdout is not None
    try:
        yield server.pid, server.stdout.readline().split()[1]
    finally:
        server.send_signal(signal.SIGINT)
        server.wait()
        server.stdout.close()


if __name__ == "__main__":
    sys.exit(main())
