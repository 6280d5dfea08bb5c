"""Twelve test digits with the answers of the network, and all its mistakes.

python experiments/digits/figure.py
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # else a script's own folder alone

from experiments.digits.digits import TESTED, digits, train

SHOWN = 12


def draw(images: Any, labels: Any, answers: Any, sure: Any) -> Figure:
    wrong = np.flatnonzero(answers != labels)[:SHOWN]
    figure = Figure(figsize=(9, 4.6), layout="constrained")
    halves: Any = figure.subfigures(2, 1, height_ratios=[2, 1.15])
    top, bottom = halves
    top.suptitle("What it says of twelve digits that it has never seen", x=0.01, ha="left")
    bottom.suptitle(
        f"Its {len(wrong)} mistakes on {len(labels)}: what it says, and what it is",
        x=0.01,
        ha="left",
    )
    cells = top.subplots(2, SHOWN // 2).ravel()
    places = [*zip(cells, range(SHOWN), strict=True)]
    places += zip(np.ravel(bottom.subplots(1, len(wrong))), wrong, strict=True)
    for axes, place in places:
        axes.imshow(images[place].reshape(8, 8), cmap="gray_r", vmin=0, vmax=1)
        answer, label = answers[place], labels[place]
        mistake = "" if answer == label else f", is {label}"
        axes.set_title(
            f"{answer}{mistake}  ({sure[place]:.0%})",
            color="#1f2933" if answer == label else "#b91c1c",
            fontsize=9,
        )
        axes.set(xticks=[], yticks=[])
    return figure


if __name__ == "__main__":
    images, labels = digits()
    model = train(images[TESTED:], labels[TESTED:])
    shares = model(images[:TESTED]).softmax().data
    figure = draw(images[:TESTED], labels[:TESTED], shares.argmax(axis=1), shares.max(axis=1))
    figure.savefig(Path(__file__).with_name("digits.png"), dpi=100)
