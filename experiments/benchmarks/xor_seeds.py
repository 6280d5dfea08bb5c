"""Does XOR always converge? Trains configs/xor.yaml with seeds 0 to 99 and counts.

python experiments/benchmarks/xor_seeds.py [NUMBER_OF_SEEDS]
"""

import statistics
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # else a script's own folder alone

from experiments.benchmarks.parts.command_line import as_script
from experiments.benchmarks.parts.rows import Row, Section
from experiments.benchmarks.parts.setting import Setting
from experiments.benchmarks.peers.turns import ROOT
from minigrad.config import load as load_config
from minigrad.runner import build

XOR = ROOT / "configs" / "xor.yaml"
SEEDS = 100
ENOUGH = 0.001


def final_loss(overrides: Sequence[str]) -> float:
    config = load_config(XOR, overrides)
    trainer = build.build_trainer(config)
    for _ in trainer.train(config.train.steps):
        pass
    return trainer.evaluate().loss


def measure(setting: Setting) -> Section:
    count = setting.rounds(SEEDS, quick=3)
    losses = [final_loss([f"seed={seed}"]) for seed in range(count)]
    below = sum(loss < ENOUGH for loss in losses)
    rows = [
        Row(f"final loss, median of {count:,} seeds", statistics.median(losses), "nats"),
        Row(f"final loss, worst of {count:,} seeds", max(losses), "nats", at_most=ENOUGH),
    ]
    worst = losses.index(max(losses))
    remark = f"{below:,} of {count:,} seeds end below {ENOUGH:g}, the worst is seed {worst}"
    return Section("Does XOR converge?", rows, 1, clock=None, remarks=[remark])


if __name__ == "__main__":
    sys.exit(as_script(__doc__, lambda: [measure]))
