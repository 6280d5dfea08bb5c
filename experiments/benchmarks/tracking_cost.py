"""What does tracking cost? XOR's 500 steps with every step logged, against the steps alone.

python experiments/benchmarks/tracking_cost.py

Takes turns in one process and prints medians of 15 rounds: training alone, with each step logged,
and with all that a run does besides (directory, config, environment, checkpoint, fsync).
"""

import gc
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # else a script's own folder alone

from experiments.benchmarks.parts.command_line import as_script
from experiments.benchmarks.parts.rows import Section, beside
from experiments.benchmarks.parts.setting import Setting
from experiments.benchmarks.peers.turns import ROOT
from minigrad.config import load as load_config
from minigrad.runner import build
from minigrad.runner.interrupts import Interrupts
from minigrad.runner.session import Session
from minigrad.tracking import init

XOR = ROOT / "configs" / "xor.yaml"
ROUNDS = 15


def alone(_store: Path) -> float:
    trainer = build.build_trainer(load_config(XOR))
    start = time.perf_counter()
    for _ in trainer.train(500):
        pass
    return time.perf_counter() - start


def logged(store: Path) -> float:
    config = load_config(XOR)
    trainer = build.build_trainer(config)
    with init("xor", config.to_yaml(), store=store) as run:
        start = time.perf_counter()
        for record in trainer.train(500):
            metrics = dict(vars(record))
            run.log(metrics, step=metrics.pop("step"))
        return time.perf_counter() - start


def whole_run(store: Path) -> float:
    config = load_config(XOR)
    trainer = build.build_trainer(config)
    start = time.perf_counter()
    run = init("xor", config.to_yaml(), store=store)
    with run, Interrupts() as interrupts:
        Session(config, trainer, run).train(interrupts)
    return time.perf_counter() - start


def measure(setting: Setting) -> Section:
    rounds = setting.rounds(ROUNDS)
    ways: list[Callable[[Path], float]] = [alone, logged, whole_run]
    times: list[list[float]] = [[], [], []]
    with tempfile.TemporaryDirectory() as store:
        for _ in range(rounds):
            for way, column in zip(ways, times, strict=True):
                gc.collect()
                column.append(1e3 * way(Path(store)))
    base, log, whole = times
    rows = [
        beside("500 steps of XOR, each logged", "ms", log, "the steps alone", base, 1 / 1.1),
        beside("a whole run of 500 steps", "ms", whole, "the steps alone", base),
    ]
    return Section("The cost of tracking", rows, rounds, "wall")


if __name__ == "__main__":
    sys.exit(as_script(__doc__, lambda: [measure]))
