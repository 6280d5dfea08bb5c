"""How many units of a relu net die, how accurate is it then, and does leaky_relu help?

python experiments/dying-relu/dying_relu.py [--seeds N] [--store DIR] [--figure FILE]
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

RATES = [0.01, 0.03, 0.1, 0.3, 1.0, 3.0]
FIXED = ["model.hidden=[8,8,8]", "model.init=he", "optimizer=adam"]
FIXED += ["train.engine=numpy", "train.log_every=20"]


def dead(slopes: Any) -> Any:
    """Which hidden units no sample can move, since all their slopes are 0. [seeds, units]"""
    layers, start = [], 0
    for inputs in (2, 8, 8):  # of 8 units in each layer
        end = start + 8 * (inputs + 1)
        layers.append((slopes[:, start:end].reshape(-1, 8, inputs + 1) == 0).all(axis=-1))
        start = end
    return np.concatenate(layers, axis=1)


def run(activation: str, rate: float, seeds: int, store: str) -> tuple[dict[int, Any], Any]:
    """The dead units by step, and each seed's accuracy at the end."""
    own = [f"model.activation={activation}", f"optimizer.lr={rate}", f"train.seeds={seeds}"]
    config = load_config("configs/moons.yaml", [*FIXED, *own])
    trainer = build.build_replicas(config)
    inputs = np.array([replica.dataset.inputs for replica in trainer.replicas])
    targets = np.array([replica.dataset.targets for replica in trainer.replicas])[..., None]
    by_step = {}
    with tracking.init("dying-relu", config.to_yaml(), store=store) as tracked:
        for record in trainer.train(config.train.steps):
            if config.train.is_logged(record.step):  # then measure the slopes over all samples
                trainer.engine.gradient(inputs[trainer.active], targets[trainer.active])
                units = by_step[record.step] = dead(trainer.engine.parameter.grad)
                tracked.log({"loss": record.loss, "dead": units.mean()}, step=record.step)
        tracked.summary.update(trainer.results(record.loss))
    return by_step, trainer.table().final_accuracy


def main() -> None:
    arguments = options(__file__, "Count the dead units of relu and leaky_relu.", 200)
    figure = style.new_figure(11, 3.8)
    death, toll, cost = figure.subplots(1, 3)
    print("activation    rate   dead units   nets that are cut   median accuracy")
    for activation, color in zip(("relu", "leaky_relu"), style.COLORS, strict=False):
        runs = [run(activation, rate, arguments.seeds, arguments.store) for rate in RATES]
        ends = [units[max(units)] for units, _ in runs]
        low, median, high = np.quantile([right for _, right in runs], [0.25, 0.5, 0.75], axis=1)
        for rate, units, right in zip(RATES, ends, median, strict=True):
            cut = units[:, :8].all(axis=1).mean()  # no slope reaches the first layer
            print(f"{activation:12}{rate:6g}{units.mean():13.0%}{cut:20.0%}{right:18.0%}")
        early = runs[RATES.index(1.0)][0]
        death.plot(list(early), [100 * units.mean() for units in early.values()], color=color)
        toll.semilogx(RATES, [100 * units.mean() for units in ends], "o-", color=color)
        cost.fill_between(RATES, 100 * low, 100 * high, color=color, alpha=0.25, linewidth=0)
        cost.semilogx(RATES, 100 * median, "o-", color=color, label=activation)
    for axes, label in ((death, "step"), (toll, "learning rate"), (cost, "learning rate")):
        axes.set_xlabel(label)
    cost.legend(loc="lower left")
    style.head(death, "Units die early", "dead units in %, at learning rate 1")
    style.head(toll, "Large steps kill more", "dead units in %, after 400 steps")
    style.head(cost, "A net that is cut can only guess", "accuracy in %, median and middle half")
    style.save(figure, arguments.figure)


if __name__ == "__main__":
    main()
