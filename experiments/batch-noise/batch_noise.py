"""What does the batch size change? The noise of the gradient, the way down, and the best rate.

python experiments/batch-noise/batch_noise.py [--seeds N] [--store DIR] [--figure FILE]
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # for experiments.command

from experiments.command import options
from minigrad import tracking
from minigrad.config import load as load_config
from minigrad.plot import style
from minigrad.runner import build

POINTS, SEEN = 256, 256 * 32  # samples of the data, and samples that each training sees
BATCHES, RATES = [1, 4, 16, 64, 256], [0.03, 0.1, 0.3, 1.0, 3.0, 10.0]
SIZES = np.geomspace(1, 200, 40)
FIXED = [f"data.n={POINTS}", "data.noise=0.3", "optimizer=sgd", "train.engine=numpy", "expect={}"]


def run(batch: int, rate: float, seeds: int, store: str) -> tuple[float, dict[int, Any]]:
    """The noise before training, and each seed's loss over its whole data, by samples seen."""
    own = [f"train.batch_size={batch}", f"optimizer.lr={rate}", f"train.seeds={seeds}"]
    own += [f"train.steps={SEEN // batch}", f"train.log_every={SEEN // batch // 32}"]
    config = load_config("configs/moons.yaml", [*FIXED, *own])
    trainer = build.build_replicas(config)
    inputs = np.array([replica.dataset.inputs for replica in trainer.replicas])
    targets = np.array([replica.dataset.targets for replica in trainer.replicas])[..., None]

    def gradient(chosen: Any = slice(None)) -> tuple[Any, Any]:  # [seeds], [seeds, parameters]
        step = trainer.engine.gradient(inputs[:, chosen], targets[:, chosen])
        return step.losses.copy(), trainer.engine.parameter.grad.copy()

    rng, (_, whole), losses = np.random.default_rng(0), gradient(), {}
    errors = [gradient(rng.permutation(POINTS)[:batch])[1] - whole for _ in range(100)]
    noise = np.linalg.norm(errors, axis=-1) / np.linalg.norm(whole, axis=-1)
    with tracking.init("batch-noise", config.to_yaml(), store=store) as tracked:
        for record in trainer.train(config.train.steps):
            if config.train.is_logged(record.step):
                seen = (record.step + 1) * batch
                losses[seen] = gradient()[0]
                tracked.log({"loss": np.median(losses[seen])}, step=record.step)
    return float(np.median(np.sqrt(np.mean(noise**2, axis=0)))), losses


def main() -> None:
    arguments = options(__file__, "Compare batch sizes over many seeds.", 50)
    figure = style.new_figure(11, 3.8)
    spread, way, ends = figure.subplots(1, 3)
    print("batch   noise   best rate   loss there   loss at rate 0.3")
    for batch, color in zip(BATCHES, style.COLORS, strict=False):
        runs = [run(batch, rate, arguments.seeds, arguments.store) for rate in RATES]
        noise, by_seen = runs[2]
        spread.loglog(batch, noise, "o", color=color, markersize=8)
        if batch == 1:  # theory gives the others: means drawn without replacement
            spread.plot(SIZES, noise * np.sqrt((POINTS / SIZES - 1) / (POINTS - 1)), "k", lw=1)
        low, median, high = np.quantile([*by_seen.values()], [0.25, 0.5, 0.75], axis=1)
        way.fill_between([*by_seen], low, high, color=color, alpha=0.25, linewidth=0)
        way.semilogy([*by_seen], median, color=color, label=f"batch of {batch}")
        last = [np.median(losses[SEEN]) for _, losses in runs]
        ends.loglog(np.divide(RATES, batch), last, "o-", color=color)
        best = int(np.argmin(last))
        print(f"{batch:5}{noise:8.2f}{RATES[best]:12g}{last[best]:13.3f}{last[2]:19.3f}")
    spread.set(ylim=(0.1, 4), xlabel="batch size")
    way.set(xlabel="samples seen")
    ends.set(ylim=(0.2, 2), xlabel="learning rate / batch size")
    way.legend()
    style.head(spread, "4 times the batch, half the noise", "a gradient's error over its norm")
    style.head(way, "Few steps, or noisy ones", "loss at learning rate 0.3")
    style.head(ends, "Rate over batch size decides", "loss at the end")
    style.save(figure, arguments.figure)


if __name__ == "__main__":
    main()
