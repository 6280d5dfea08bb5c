"""What does a sweep cost beyond its trainings? 16 cells x 20 seeds of XOR, beside a bare pool.

python experiments/benchmarks/sweep_pool.py [REPEATS]

Whole processes from start to exit, taking turns, two workers each: the command with all it leaves
(320 runs, table, picture), and this script as a bare ProcessPoolExecutor that loads, builds and
trains the same 320 configs and keeps only their last loss. Prints medians and the medians of the
ratios: by the clock, which other work on the machine disturbs, and in processor time.
"""

import ctypes
import itertools
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from pathlib import Path

from minigrad import config, experiment

HERE = Path(__file__).resolve()
ROOT = HERE.parent.parent.parent
GRID = {
    "optimizer": ["sgd", "adam"],
    "optimizer.lr": ["0.03", "0.1", "0.3", "1.0"],
    "model.activation": ["tanh", "relu"],
    "seed": [str(seed) for seed in range(20)],
}


def final_loss(overrides: list[str]) -> float:
    checked = config.load("configs/xor.yaml", overrides)
    trainer = experiment.build(checked)
    for _ in trainer.train(checked.train.steps):
        pass
    return trainer.evaluate().loss


def bare_pool() -> None:
    members = [
        [f"{key}={text}" for key, text in zip(GRID, texts, strict=True)]
        for texts in itertools.product(*GRID.values())
    ]
    with ProcessPoolExecutor(2) as pool:
        losses = list(pool.map(final_loss, members))
    print(f"{len(losses)} trained, median {statistics.median(losses):.4g}")


def adopt_orphans() -> None:
    """The fork server outlives the sweep for a moment: let it, and its time, come to us (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER


def seconds(*command: str) -> tuple[float, float]:
    """From start to exit by the clock, and of processor time in all its processes."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([sys.executable, *command], check=True, capture_output=True, cwd=ROOT)
    wall = time.perf_counter() - start
    with suppress(ChildProcessError):
        while True:
            os.wait()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    adopt_orphans()
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    grid = [f"{key}={','.join(texts)}" for key, texts in GRID.items()]
    pairs = []
    for _ in range(repeats):
        with tempfile.TemporaryDirectory() as out:
            sweep = ("-m", "minigrad.sweep", "configs/xor.yaml", *grid, "--workers", "2")
            pairs.append((seconds(*sweep, "--out", out), seconds(str(HERE), "bare")))
    for kind, name in enumerate(("wall", "processor")):
        mine, bare = (
            statistics.median(one[kind] for one in side) for side in zip(*pairs, strict=True)
        )
        ratio = statistics.median(a[kind] / b[kind] for a, b in pairs)
        print(f"{name:9}  sweep {mine:6.2f} s   bare pool {bare:6.2f} s   sweep / bare {ratio:.2f}")


if __name__ == "__main__":
    bare_pool() if sys.argv[1:] == ["bare"] else main()
