"""What does tracking cost? XOR's 500 steps with every step logged, beside the same steps alone.

python experiments/benchmarks/tracking_cost.py

Takes turns in one process and prints medians of 15 pairs: training alone, with each step logged,
and with all that a run does besides (directory, config, environment, checkpoint, fsync).
"""

import gc
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from minigrad import config, experiment
from minigrad.interrupts import Interrupts
from minigrad.session import Session
from minigrad.tracking import init

PAIRS = 15


def alone(_store: Path) -> float:
    trainer = experiment.build(config.load("configs/xor.yaml"))
    start = time.perf_counter()
    for _ in trainer.train(500):
        pass
    return time.perf_counter() - start


def logged(store: Path) -> float:
    checked = config.load("configs/xor.yaml")
    trainer = experiment.build(checked)
    with init("xor", checked.to_yaml(), store=store) as run:
        start = time.perf_counter()
        for record in trainer.train(500):
            metrics = dict(vars(record))
            run.log(metrics, step=metrics.pop("step"))
        return time.perf_counter() - start


def whole_run(store: Path) -> float:
    checked = config.load("configs/xor.yaml")
    trainer = experiment.build(checked)
    start = time.perf_counter()
    run = init("xor", checked.to_yaml(), store=store)
    with run, Interrupts() as interrupts:
        Session(checked, trainer, run).train(interrupts)
    return time.perf_counter() - start


def main() -> None:
    with tempfile.TemporaryDirectory() as store:
        ways: list[Callable[[Path], float]] = [alone, logged, whole_run]
        times: list[list[float]] = [[], [], []]
        for _ in range(PAIRS):
            for way, column in zip(ways, times, strict=True):
                gc.collect()
                column.append(way(Path(store)))
    base = times[0]
    for way, column in zip(ways, times, strict=True):
        share = statistics.median(t / b - 1 for t, b in zip(column, base, strict=True))
        print(f"{way.__name__:10} {statistics.median(column) * 1e3:7.1f} ms   {share:+6.1%}")


if __name__ == "__main__":
    main()
