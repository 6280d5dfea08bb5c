"""Data of one's own, and runs on them, for tests of what is done with a trained model."""

import random
from pathlib import Path
from typing import Any

from minigrad import runner
from minigrad.files import yaml12
from minigrad.runner.trained import TrainedRun
from minigrad.tracking import checkpoint

NAMES = ["height", "width", "weight, kg"]


def write_data(path: Path, *, rows: int = 60, target: str = "classes") -> list[list[float]]:
    """A CSV file of three features, far from mean 0, and a target "kind"; gives its features."""
    rng = random.Random(3)
    lines, inputs = ['height,kind,width,"weight, kg"'], []
    for i in range(rows):
        kind = i % 3
        features = [rng.gauss(170 + 9 * kind, 4), rng.gauss(0.02, 0.01), rng.gauss(70, 9 - kind)]
        answer = {"classes": kind, "binary": kind % 2, "numbers": features[0] / 7}[target]
        lines.append(",".join(map(repr, [features[0], answer, *features[1:]])))
        inputs.append(features)
    path.write_text("\n".join(lines) + "\n")
    return inputs


def config(folder: Path, **changed: Any) -> Path:
    """A config on `data.csv` beside it."""
    settings = {
        "name": "own",
        "data": {"name": "csv", "path": "data.csv", "target": "kind", "standardize": True},
        "model": {"hidden": [5]},
        "loss": "cross_entropy",
        "optimizer": {"name": "adam", "lr": 0.05},
        "train": {"steps": 12, "batch_size": 16},
        **changed,
    }
    path = folder / "own.yaml"
    path.write_text(yaml12.dump(settings))
    return path


def trained(folder: Path, *overrides: str, target: str = "classes", **changed: Any) -> TrainedRun:
    """A run in `folder`/runs on data written there."""
    write_data(folder / "data.csv", target=target)
    return runner.train(config(folder, **changed), overrides, store=folder / "runs")


def change_state(run: Path, **changed: Any) -> None:
    """Write the checkpoint anew, with a right checksum; a key that becomes None is left out."""
    state = checkpoint.read(run / checkpoint.NAME) | changed
    checkpoint.write(run, {key: value for key, value in state.items() if value is not None})


def change_model(run: Path, **changed: Any) -> None:
    """The same of the description of the model."""
    model = checkpoint.read(run / checkpoint.NAME)["model"] | changed
    change_state(run, model={key: value for key, value in model.items() if value != "cut out"})
