"""Which digit is it? A network of Tensors, 64-32-10, recognises handwriting, with nothing hidden.

python experiments/digits/digits.py
"""

import random
import sys
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # else a script's own folder alone

import nn
import optim

ROOT, EPOCHS, BATCH, TESTED = Path(__file__).resolve().parents[2], 40, 64, 360


def digits() -> tuple[Any, Any]:
    """Images (1797, 64) with ink from 0 to 1, and the digits (1797,), shuffled."""
    table = np.loadtxt(ROOT / "configs" / "data" / "digits.csv", delimiter=",", skiprows=1)
    table = table[np.random.default_rng(0).permutation(len(table))]
    return table[:, :64] / 16, table[:, 64].astype(int)


def train(images: Any, labels: Any) -> nn.Sequential:
    rng = random.Random(0)
    model = nn.Sequential(nn.Linear(64, 32, "tanh", rng=rng), nn.Linear(32, 10, rng=rng))
    optimizer = optim.Adam(model.parameters(), lr=0.01)
    for epoch in range(EPOCHS):
        order = np.random.default_rng(epoch).permutation(len(images))
        for start in range(0, len(order), BATCH):
            batch = order[start : start + BATCH]
            loss: Any = nn.losses.cross_entropy(model(images[batch]), labels[batch])
            optimizer.zero_grad()
            loss.mean().backward()
            optimizer.step()
        if epoch % 10 == 9:
            print(f"epoch {epoch + 1:2}  loss {float(loss.mean()):.4f}")
    return model


if __name__ == "__main__":
    images, labels = digits()
    model = train(images[TESTED:], labels[TESTED:])
    answers = model(images[:TESTED]).data.argmax(axis=1)
    right = (answers == labels[:TESTED]).sum()
    print(f"right on {right} of {TESTED} digits that it has never seen: {right / TESTED:.1%}")
