"""Which initialisation keeps a deep tanh net alive? Outputs and slopes, layer by layer.

python experiments/initialisation/initialisation.py [--seeds N] [--store DIR] [--figure FILE]
"""

import sys
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # for experiments.command

import nn
from experiments.command import options
from minigrad import Value, tracking
from minigrad.config import load as load_config
from minigrad.plot import style
from minigrad.runner import build, train

DEEP = Path(__file__).with_name("deep.yaml")
INITS = {"small": "N(0, 0.1)", "glorot": "U(-0.35, 0.35)", "he": "N(0, 0.29)", "normal": "N(0, 1)"}
TICKS = {"output": [-1, 0, 1], "log10 of |slope|": [-6, -3, 0, 3], "loss by step": [0, 100, 200]}


def look(init: str, store: str) -> NDArray[np.float64]:
    """Outputs of hidden units and their slopes in the loss, untrained: [2, layers, numbers]."""
    config = load_config(DEEP, [f"model.init={init}"])
    data, _ = build.build_dataset(config)
    model = build.build_model(config, data)
    layers: list[list[Value]] = [[] for _ in model.layers]
    for x, target in zip(data.inputs[::8], data.targets[::8], strict=True):
        signal = [Value(number) for number in x]
        for layer, units in zip(model.layers, layers, strict=True):
            signal = layer(signal)
            units += signal
        nn.losses.bce(signal[0], target).backward()
    numbers = np.array([[(unit.data, unit.grad) for unit in units] for units in layers[:-1]])
    with tracking.init("initialisation-layers", config.to_yaml(), store=store) as run:
        for output, slope in np.median(abs(numbers), axis=1):
            run.log({"output": output, "slope": slope})
    return numbers.transpose(2, 0, 1)


def study(init: str, seeds: int, store: str, axes: list[Axes]) -> None:
    signals = look(init, store)
    drawn = signals[0], np.log10(np.maximum(abs(signals[1]), 1e-30))
    for ridges, layers, ends in zip(axes, drawn, [(-1, 1), (-6, 3)], strict=False):
        for place, numbers in enumerate(layers[::3]):
            counts, edges = np.histogram(numbers, 15, ends)
            heights = 0.9 * counts / counts.max() - place
            ridges.stairs(heights, edges, baseline=-place, fill=True, color=style.COLORS[0])
        ridges.set_yticks([0, -1, -2, -3], [f"layer {number}" for number in (1, 4, 7, 10)])
    own = ["name=initialisation", f"model.init={init}", f"train.seeds={seeds}"]
    table = np.load(train(DEEP, own, store=store).path / "seeds.npz")
    low, median, high = np.quantile(table["loss"], [0.25, 0.5, 0.75], axis=1)
    axes[2].fill_between(table["steps"], low, high, color=style.COLORS[0], alpha=0.25, linewidth=0)
    axes[2].semilogy(table["steps"], median, color=style.COLORS[0])
    sizes = [np.median(abs(layers[place])) for layers in signals for place in (0, -1)]
    print(f"{init:7}", *(f"{size:13.2g}" for size in [*sizes, np.median(table["final_loss"])]))
    style.head(axes[0], init, INITS[init])


def main() -> None:
    arguments = options(__file__, "Compare first weights of a deep tanh net.", 40)
    figure = style.new_figure(10, 8.4)
    panels = figure.subplots(3, len(INITS), sharex="row", sharey="row")
    print("        output, first          last  slope, first          last    final loss")
    for init, axes in zip(INITS, panels.T, strict=True):
        study(init, arguments.seeds, arguments.store, list(axes))
        for ax, (label, ticks) in zip(axes, TICKS.items(), strict=True):
            ax.set(xlabel=label, xticks=ticks)
    panels[2][0].minorticks_off()
    style.save(figure, arguments.figure)


if __name__ == "__main__":
    main()
