"""Does XOR always converge? Trains configs/xor.yaml with seeds 0 to 99 and counts.

python experiments/benchmarks/xor_seeds.py [NUMBER_OF_SEEDS]
"""

import statistics
import sys

from minigrad import config, experiment


def final_loss(seed: int) -> float:
    checked = config.load("configs/xor.yaml", [f"seed={seed}"])
    trainer = experiment.build(checked)
    for _ in trainer.train(checked.train.steps):
        pass
    return trainer.evaluate().loss


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    losses = [final_loss(seed) for seed in range(count)]
    below = sum(loss < 0.001 for loss in losses)
    print(
        f"{below} of {count} seeds end below 0.001: median {statistics.median(losses):.2g}, "
        f"worst {max(losses):.2g} (seed {losses.index(max(losses))})"
    )


if __name__ == "__main__":
    main()
