"""Can one short run find a good learning rate? The range test, compared with trainings.

python experiments/lr-range/lr_range.py [--seeds N] [--store DIR] [--figure FILE]
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # for experiments.command

from experiments.command import options
from minigrad.plot import curves, style
from minigrad.runner import train

OPTIMIZERS = {"momentum": ["optimizer=sgd", "optimizer.momentum=0.9"], "Adam": ["optimizer=adam"]}
STEPS, LOWEST, HIGHEST = 300, 0.001, 10.0
GROWTH = (HIGHEST / LOWEST) ** (1 / STEPS)  # of the rate, from step to step of the test
TEST = ["name=lr-range-test", "scheduler.name=exponential", f"scheduler.gamma={GROWTH}"]
FIXED = ["name=lr-fixed", "scheduler=constant"]
RATES = np.geomspace(LOWEST, HIGHEST, 13)


def run(optimizer: list[str], rate: float, schedule: list[str], seeds: int, store: str) -> Any:
    """The run's numbers by seed; one that diverged has an infinite loss."""
    own = [f"optimizer.lr={rate}", f"train.seeds={seeds}", f"train.steps={STEPS}"]
    overrides = [*optimizer, *own, *schedule, "train.engine=numpy"]
    trained = train("configs/spiral.yaml", overrides, store=store)
    table = dict(np.load(trained.path / "seeds.npz"))
    return table | {key: np.nan_to_num(table[key], nan=np.inf) for key in ("loss", "final_loss")}


def band(axes: Axes, rates: Any, losses: Any, **look: Any) -> Any:
    """Draws the median and the middle half of losses [rates, seeds], and gives the medians."""
    low, median, high = np.quantile(losses, [0.25, 0.5, 0.75], axis=1)
    axes.fill_between(rates, low, high, color=look["color"], alpha=0.25, linewidth=0)
    axes.plot(rates, median, **look)
    return median


def study(name: str, seeds: int, store: str, color: str, test: Axes, trainings: Axes) -> None:
    table = run(OPTIMIZERS[name], LOWEST, TEST, seeds, store)
    rates = LOWEST * GROWTH ** table["steps"]
    smooth = np.array([curves.smoothed(losses, 0.9) for losses in table["loss"].T.tolist()]).T
    low, lowest, high = np.quantile(rates[np.argmin(smooth, axis=0)], [0.25, 0.5, 0.75])
    band(test, rates[::5], smooth[::5], color=color)
    tried = [*RATES, lowest, lowest / 3]
    ends = [run(OPTIMIZERS[name], rate, FIXED, seeds, store)["final_loss"] for rate in tried]
    medians = band(trainings, RATES, ends[:-2], color=color, marker="o")
    there, third = np.median(ends[-2:], axis=1)
    print(f"{name:10}{low:.2g} to {high:.2g}{there:16.2g}{third:15.2g}", end="")
    print(f"{min(medians):14.2g} at {RATES[np.argmin(medians)]:.2g}")
    style.head(test, f"{name}: one run, growing steps", "loss of the range test")
    style.head(trainings, f"{STEPS} steps at one rate each", "loss at the end")
    for axes in (test, trainings):
        axes.axvline(lowest / 3, color=style.INK, linestyle="--", linewidth=1)
    test.text(lowest / 3.3, 0.13, "a third of where\nthe test is lowest", ha="right")


def main() -> None:
    arguments = options(__file__, "Compare learning-rate range tests with training.", 50)
    figure = style.new_figure(9, 7.2)
    panels = figure.subplots(2, 2, sharex=True, sharey="row")
    panels[0, 0].set(xscale="log", yscale="log", ylim=(0.1, 3))
    panels[1, 0].set(xscale="log", yscale="log", ylim=(0.01, 3))
    print("          lowest at   training there   at a third of it   best of 13 rates")
    for name, color, column in zip(OPTIMIZERS, style.COLORS, panels.T, strict=False):
        study(name, arguments.seeds, arguments.store, color, *column)
        column[1].set(xlabel="learning rate")
    style.save(figure, arguments.figure)


if __name__ == "__main__":
    main()
