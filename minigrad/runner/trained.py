"""Training from Python, and what one asks of the run afterwards."""

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from minigrad.config import Config
from minigrad.config import load as load_config
from minigrad.config.inputs import input_hashes
from minigrad.runner import build
from minigrad.runner.interrupts import Interrupts
from minigrad.runner.model import Model
from minigrad.runner.session import Session
from minigrad.runner.stored_model import model_of
from minigrad.terminal.signals import Stopped
from minigrad.tracking import init
from minigrad.tracking.store import StoredRun, load
from minigrad.training.protocol import TrainerLike


@dataclass(frozen=True)
class TrainedRun:
    """A run that has ended, however it did: `status` says how."""

    stored: StoredRun

    @property
    def id(self) -> str:
        return self.stored.id

    @property
    def path(self) -> Path:
        return self.stored.path

    @property
    def status(self) -> str:
        return self.stored.status

    @property
    def summary(self) -> dict[str, Any]:
        """What came of it, as `run.summary["final_loss"]`."""
        return self.stored.summary

    def history(self) -> Any:
        """The logged numbers by name, one column each: a pandas.DataFrame where pandas is
        installed, else a dict of lists, with None where a number was not measured.
        """
        rows = self.stored.metrics()
        names = dict.fromkeys(name for row in rows for name in row)
        columns = {name: [row.get(name) for row in rows] for name in names}
        if find_spec("pandas") is None:
            return columns
        return import_module("pandas").DataFrame(columns)

    def model(self, seed: int | None = None) -> Model:
        """The trained model; of many seeds that of `seed`, or the best. Raises ModelError."""
        return model_of(self.stored, seed)

    def __repr__(self) -> str:
        return f"TrainedRun {self.path}: {self.status}"

    def _repr_html_(self) -> str:
        return self.stored._repr_html_()


def train_run(config: str | Path | Config, overrides: Iterable[str], store: str) -> TrainedRun:
    """What `runner.train` does."""
    if not isinstance(config, Config):
        config = load_config(config, overrides)
    elif overrides := list(overrides):
        raise ValueError(f"a Config is whole, so it takes no overrides: {overrides}")
    config, note = build.with_available_engine(config)
    if note:
        warnings.warn(note, RuntimeWarning, stacklevel=3)
    trainer = build.trainer_for(config)
    with Interrupts() as interrupts:
        session = new_session(config, trainer, store, quiet=True, watch=True)
        with session.run:
            session.train(interrupts)
    if interrupts.received:
        raise Stopped(interrupts.received)
    return TrainedRun(load(session.run.path))


def new_session(
    config: Config,
    trainer: TrainerLike,
    store: str,
    *,
    quiet: bool = False,
    watch: bool = False,
    tags: Sequence[str] = (),
) -> Session:
    """The training of a config into a new run of `store`. Raises OSError."""
    try:
        run = init(
            config.name,
            config.to_yaml(),
            store=store,
            tags=tags,
            seed=config.seed,
            engine=config.train.engine,
            sha256=input_hashes(config),
        )
    except OSError as error:
        raise OSError(f"{store}: no run can be written there: {error.strerror}") from None
    return Session(config, trainer, run, quiet=quiet, watch=watch)
