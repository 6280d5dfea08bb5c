"""What does a sweep cost beyond its trainings? 16 cells x 20 seeds of XOR, against a bare pool.

python experiments/benchmarks/sweep_pool.py [REPEATS]

Whole processes from start to exit, taking turns, two workers each: the command with all it leaves
(320 runs, table, picture), and this script as a bare ProcessPoolExecutor that loads, builds and
trains the same 320 configs and keeps only their last loss. Prints medians and the medians of the
ratios: by the clock, which other work on the machine disturbs, and in processor time. Then the same
command on the numpy engine beside eager: whole, with start-up and picture, and the training alone.
"""

import itertools
import math
import re
import statistics
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # else a script's own folder alone

from experiments.benchmarks.parts.command_line import as_script
from experiments.benchmarks.parts.rows import Section, beside
from experiments.benchmarks.parts.setting import Setting
from experiments.benchmarks.parts.whole import Finished, run
from experiments.benchmarks.xor_seeds import final_loss

ROUNDS = 3
GRID = {
    "optimizer": ["sgd", "adam"],
    "optimizer.lr": ["0.03", "0.1", "0.3", "1.0"],
    "model.activation": ["tanh", "relu"],
    "seed": [str(seed) for seed in range(20)],
}
SMALL = {"seed": ["0", "1"], "train.steps": ["5"], "expect": ["{}"]}


def bare_pool(grid: Sequence[str]) -> None:
    """Of arguments as the sweep command takes them, comma lists alone."""
    lists = [argument.split("=") for argument in grid]
    choices = [[f"{key}={text}" for text in texts.split(",")] for key, texts in lists]
    with ProcessPoolExecutor(2) as pool:
        losses = list(pool.map(final_loss, itertools.product(*choices)))
    print(f"{len(losses)} trained, median {statistics.median(losses):.4g}")


def measure(setting: Setting) -> Section:
    rounds = setting.rounds(ROUNDS)
    choices = SMALL if setting.quick else GRID
    grid = [f"{key}={','.join(texts)}" for key, texts in choices.items()]
    bare = [sys.executable, __file__, "bare", *grid]
    sweep = [sys.executable, "-m", "minigrad.sweep", "configs/xor.yaml", *grid, "--workers", "2"]
    turns = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as out:
            lifted = run([*sweep, "train.engine=numpy", "--out", out])
            eager = run([*sweep, "train.engine=eager", "--out", out])
            turns.append((eager, run(bare), lifted))
    mine, theirs, on_numpy = zip(*turns, strict=True)
    what, peer = f"{math.prod(map(len, choices.values()))} trainings of XOR", "a bare process pool"
    sides = (mine, theirs, on_numpy)
    wall = [[turn.clock for turn in side] for side in sides]
    work = [[turn.processor for turn in side] for side in sides]
    seconds = [[_printed_seconds(turn) for turn in side] for side in (mine, on_numpy)]
    rows = [
        beside(f"{what}, by the clock", "s", wall[0], peer, wall[1], 1 / 1.2),
        beside(f"{what}, of processors", "s", work[0], peer, work[1]),
        beside(f"{what}, lifted, whole command", "s", wall[2], "eager", wall[0]),
        beside(f"{what}, lifted, training", "s", seconds[1], "eager", seconds[0], 20),
    ]
    return Section("A sweep", rows, rounds, "wall", "two workers")


def _printed_seconds(turn: Finished) -> float:
    """The seconds from the first training's start to the last one's end, as the command says."""
    match = re.search(r" in ([\d.]+) s:", turn.output)
    return float(match[1]) if match else math.nan


if __name__ == "__main__":
    if sys.argv[1:2] == ["bare"]:
        bare_pool(sys.argv[2:])
    else:
        sys.exit(as_script(__doc__, lambda: [measure]))
