"""The whole command for a thousand seeds of XOR, beside PyTorch's script for one."""

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass

from experiments.benchmarks.parts.sections import Bound, Section
from experiments.benchmarks.peers.turns import ONE_THREAD, ROOT, Peer

SEEDS = 1000
ROUNDS = 3
TITLE = "The whole command, from start to exit"


@dataclass(frozen=True)
class Finished:
    """Seconds by the clock and of the processor, and what was printed."""

    clock: float
    processor: float
    output: str


def measure(torch: Peer) -> Section:
    """Processes that take turns, each with as many threads as it likes."""
    if "--seeds" not in _run([sys.executable, "-m", "minigrad.train", "--help"]).output:
        return Section(TITLE, remarks=["left out: minigrad.train has no --seeds"])
    with tempfile.TemporaryDirectory() as out:
        train = [sys.executable, "-m", "minigrad.train", "configs/xor.yaml", "--out", out]
        commands = {f"minigrad, {SEEDS:,} seeds": [*train, "--seeds", str(SEEDS)]}
        if torch.is_here():
            script = str(ROOT / "experiments" / "benchmarks" / "xor_torch.py")
            commands["PyTorch, one seed"] = [torch.python, script, out]
        for command in commands.values():
            _run(command)  # files cached, fonts listed
        rounds = [[_run(command) for command in commands.values()] for _ in range(ROUNDS)]
    columns = zip(*rounds, strict=True)
    rows = [[name, *_medians(runs)] for name, runs in zip(commands, columns, strict=True)]
    ratio = None
    if len(commands) > 1:
        ratio = statistics.median(mine.clock / theirs.clock for mine, theirs in rounds)
    bound = Bound(f"{SEEDS:,} seeds / PyTorch's one, whole commands", ratio, 2, at_most=True)
    said = [line for line in rounds[-1][0].output.splitlines() if "seeds" in line]
    return Section(TITLE, ["command", "s by the clock", "s of processors"], rows, [bound], said)


def _medians(runs: Sequence[Finished]) -> tuple[float, float]:
    clocks, processors = [run.clock for run in runs], [run.processor for run in runs]
    return statistics.median(clocks), statistics.median(processors)


def _run(command: list[str]) -> Finished:
    environment = {key: text for key, text in os.environ.items() if key not in ONE_THREAD}
    start, before = time.perf_counter(), _children()
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment)
    if done.returncode:
        sys.exit(f"{' '.join(command)} ended with exit code {done.returncode}\n{done.stdout}")
    return Finished(time.perf_counter() - start, _children() - before, done.stdout)


def _children() -> float:
    """Seconds of the processors that processes which have ended have used."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
