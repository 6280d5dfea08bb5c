"""From a config to a finished run, and to the model that it has trained."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import minigrad.neighbours  # noqa: F401 - says which file hides nn or optim

if TYPE_CHECKING:
    from pathlib import Path

    from minigrad.config import Config
    from minigrad.runner.model import Model
    from minigrad.runner.trained import TrainedRun

# What these need is imported when they are called: a room of this one needs no other.


def train(
    config: "str | Path | Config", overrides: Iterable[str] = (), *, store: "str | Path" = "runs"
) -> "TrainedRun":
    """Train a config into a new run of `store`, as the command does, and give the run.

    Nothing is printed and no picture drawn; `run.status` says how it ended, `run.history()` and
    `run.summary` hold its numbers, and `run.model()` is what it learned. Raises ConfigError, and
    OSError where no run can be written.

        run = runner.train("configs/xor.yaml", ["optimizer.lr=0.3"])
        run.model().predict([[0.0, 1.0]])
    """
    from minigrad.runner.trained import train_run

    return train_run(config, overrides, str(store))


def load(
    run: str = "latest",
    *,
    store: "str | Path" = "runs",
    seed: int | None = None,
    trust_plugins: bool = False,
) -> "Model":
    """The trained model of a stored run, which is named as in the commands: by its id, its last
    letters, its path, or "latest".

    Of a run of many seeds it is that of `seed`, or the best one's. A plugin that the model needs is
    run where it is the one that the run recorded and lies outside of its store, or else with
    `trust_plugins`. Raises StoreError for no such run, and ModelError and CheckpointError for one
    without a model to use.
    """
    from minigrad.runner.stored_model import model_of
    from minigrad.tracking.store import find

    return model_of(find(store, run), seed, trust_plugins=trust_plugins)
