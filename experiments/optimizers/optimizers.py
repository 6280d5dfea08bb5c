"""Which optimizer? Each at its best learning rate, on XOR and on the spiral.

python experiments/optimizers/optimizers.py [--seeds N] [--store DIR] [--figure FILE]
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # for experiments.command

from experiments.command import options
from minigrad.config import load as load_config
from minigrad.plot import style
from minigrad.runner import train

OPTIMIZERS = {
    "SGD": ["optimizer=sgd"],
    "momentum": ["optimizer=sgd", "optimizer.momentum=0.9"],
    "Adagrad": ["optimizer=adagrad"],
    "RMSprop": ["optimizer=rmsprop"],
    "Adam": ["optimizer=adam"],
}
RATES = [0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0]
PLAIN = FuncFormatter(lambda loss, _: f"{loss:.6f}".rstrip("0").rstrip("."))  # as 0.00001
FIXED = ["scheduler=constant", "train.engine=numpy", "train.steps=300", "train.log_every=10"]


def run(problem: str, name: str, rate: float, seeds: str, store: str) -> Any:
    """The run's numbers by seed; one that diverged has an infinite loss."""
    own = ["name=optimizers", f"optimizer.lr={rate}", f"train.seeds={seeds}", "expect={}"]
    config = load_config(f"configs/{problem}.yaml", [*OPTIMIZERS[name], *FIXED, *own])
    table = dict(np.load(train(config, store=store).path / "seeds.npz"))
    return table | {key: np.nan_to_num(table[key], nan=np.inf) for key in ("loss", "final_loss")}


def study(problem: str, seeds: int, store: str, curves: Axes, rates: Axes) -> None:
    print(f"{problem:9}best rate    loss at the end    a tenth of the rate    seeds above 0.1")
    ends = {}
    others = f"1000..{999 + min(seeds, 20)}"  # to choose rates with
    for name, color in zip(OPTIMIZERS, style.COLORS, strict=False):
        tried = [np.median(run(problem, name, rate, others, store)["final_loss"]) for rate in RATES]
        best = int(np.argmin(tried))
        rates.plot(RATES, tried, "o-", color=color)
        table = run(problem, name, RATES[best], f"0..{seeds - 1}", store)
        low, median, high = np.quantile(table["loss"], [0.25, 0.5, 0.75], axis=1)
        curves.fill_between(table["steps"], low, high, color=color, alpha=0.2, linewidth=0)
        curves.plot(table["steps"], median, color=color, label=f"{name} at {RATES[best]:g}")
        ends[name] = float(np.median(table["final_loss"]))
        tenth = f"{tried[best - 2]:.2g}" if best > 1 else "-"  # rates go by half decades
        above = np.sum(table["final_loss"] > 0.1)
        print(f"{name:9}{RATES[best]:9g}{ends[name]:19.2g}{tenth:>23}{above:12} of {seeds}")
    winner = f"{problem}: {min(ends, key=ends.__getitem__)} ends lowest"
    style.head(curves, winner, f"loss by step: median and middle half of {seeds} seeds")
    style.head(rates, "what each learning rate gives", "median loss after 300 steps, other seeds")


def main() -> None:
    arguments = options(__file__, "Compare optimizers over many seeds.", 200)
    figure = style.new_figure(9, 8)
    for problem, row in zip(("xor", "spiral"), figure.subplots(2, 2), strict=True):
        study(problem, arguments.seeds, arguments.store, *row)
        row[0].legend()
        row[0].set(yscale="log", xlabel="step")
        row[1].set(yscale="log", xscale="log", xlabel="learning rate")
        for axes in row:
            axes.minorticks_off()
            axes.yaxis.set_major_formatter(PLAIN)
    style.save(figure, arguments.figure)


if __name__ == "__main__":
    main()
