"""How small a network still learns XOR? The share of seeds that do, by width and activation.

python experiments/smallest-xor/smallest_xor.py [--seeds N] [--store DIR] [--figure FILE]
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # for experiments.command

from experiments.command import options
from minigrad.plot import style
from minigrad.runner import train
from minigrad.tracking import checkpoint

ACTIVATIONS = ["relu", "sigmoid", "tanh", "leaky_relu", "elu", "gelu", "silu", "sin"]
WIDTHS = [1, 2, 3, 4, 6, 8]
FIXED = ["name=smallest-xor", "optimizer=adam", "optimizer.lr=0.1", "expect={}"]
FIXED += ["train.engine=numpy", "train.steps=500", "train.log_every=500"]


def run(activation: str, width: int, seeds: int, store: str) -> tuple[Any, Any]:
    """Which seeds end with all four answers right, and all seeds' parameters: two arrays."""
    own = [f"model.activation={activation}", f"model.hidden=[{width}]", f"train.seeds={seeds}"]
    trained = train("configs/xor.yaml", [*FIXED, *own], store=store)
    state = checkpoint.read(trained.path / checkpoint.NAME)
    return np.load(trained.path / "seeds.npz")["final_accuracy"] == 1, state["parameters"]


def draw_table(axes: Axes, shares: list[list[float]]) -> None:
    axes.pcolormesh(shares, cmap="Blues", vmin=0, vmax=1.2, edgecolors="white", linewidth=2)
    for (row, column), one in np.ndenumerate(shares):
        color = "white" if one > 0.6 else style.INK
        axes.text(column + 0.5, row + 0.5, f"{one:.0%}", ha="center", va="center", color=color)
    axes.set_xticks(np.arange(len(WIDTHS)) + 0.5, map(str, WIDTHS))
    axes.set_yticks(np.arange(len(ACTIVATIONS)) + 0.5, ACTIVATIONS)
    axes.set_xlabel("hidden units")
    axes.invert_yaxis()
    style.head(axes, "One unit is enough if its curve turns", "seeds that learn XOR")


def draw_unit(axes: Axes, w1: float, w2: float, bias: float, out: float, out_bias: float) -> None:
    """Where the four corners lie on the sine of the one hidden unit."""
    names: dict[float, list[str]] = {}
    for x1, x2 in np.ndindex(2, 2):
        names.setdefault(round(w1 * x1 + w2 * x2 + bias, 1), []).append(f"{x1} xor {x2}")
    z = np.linspace(min(names) - 1, max(names) + 1, 91)
    axes.plot(z, np.sin(z), color=style.COLORS[0])
    axes.plot([*names], np.sin([*names]), "o", color=style.INK, markersize=8)
    for place, those in names.items():
        axes.text(place, np.sin(place) * 0.65, "\n".join(those), ha="center", va="center")
    axes.axhline(-out_bias / out, color=style.INK, linestyle="--", linewidth=1)
    axes.set_xlabel("weighted sum of the inputs")
    style.head(axes, "How one unit does it", "the corners on its sine; dashed: where 0 becomes 1")


def main() -> None:
    arguments = options(__file__, "Count the seeds that learn XOR.", 200)
    print("hidden units" + "".join(f"{width:6}" for width in WIDTHS))
    shares = []
    for activation in ACTIVATIONS:
        runs = [run(activation, width, arguments.seeds, arguments.store) for width in WIDTHS]
        shares.append([float(np.mean(right)) for right, _ in runs])
        print(f"{activation:12}" + "".join(f"{share:6.0%}" for share in shares[-1]), flush=True)
    right, parameters = runs[0]  # of sin
    figure = style.new_figure(11, 4.2)
    table, unit = figure.subplots(1, 2, width_ratios=[1.4, 1])
    draw_table(table, shares)
    draw_unit(unit, *parameters[np.argmax(right)])
    style.save(figure, arguments.figure)


if __name__ == "__main__":
    main()
