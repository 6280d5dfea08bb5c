"""Does every config keep its promises, or was it luck? Trains each with seeds 0 to 9.

python experiments/all-configs/all_configs.py [CONFIG ...]
"""

import statistics
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from minigrad.config import load as load_config
from minigrad.runner import build
from minigrad.runner.expectations import judge

SEEDS = range(10)


@dataclass(frozen=True)
class Result:
    initial: float
    final: float
    accuracy: float | None
    met: bool
    seconds: float


def train(path: str, seed: int) -> Result:
    started = time.perf_counter()
    config = load_config(path, [f"seed={seed}"])
    trainer = build.build_trainer(config)
    initial = trainer.evaluate().loss
    for _ in trainer.train(config.train.steps):
        pass
    final = trainer.evaluate()
    met = all(verdict.met for verdict in judge(config.expect, initial, final.loss))
    return Result(initial, final.loss, final.accuracy, met, time.perf_counter() - started)


def row(path: str, results: list[Result]) -> str:
    finals = [result.final for result in results]
    accuracies = [result.accuracy for result in results if result.accuracy is not None]
    starts = f"{min(r.initial for r in results):.2f} to {max(r.initial for r in results):.2f}"
    return (
        f"{Path(path).stem:14}{sum(r.met for r in results):3} of {len(results)}   {starts:14}"
        f"{statistics.median(finals):9.2g}{max(finals):9.2g}"
        f"{f'{min(accuracies):8.0%}' if accuracies else '       -'}"
        f"{statistics.median(r.seconds for r in results):7.1f} s"
    )


def main() -> int:
    paths = sys.argv[1:] or sorted(map(str, Path("configs").glob("*.yaml")))
    print("config        met        initial loss     final    worst  accuracy  time")
    missed = 0
    with ProcessPoolExecutor() as pool:
        for path in paths:
            results = list(pool.map(train, [path] * len(SEEDS), SEEDS))
            missed += sum(not result.met for result in results)
            print(row(path, results), flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
