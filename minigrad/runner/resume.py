"""Going on with a run that has stopped, as if it never had."""

import json
import platform
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from minigrad import config
from minigrad.config import Config, ConfigError
from minigrad.files.untrusted import read_unlinked
from minigrad.tracking import checkpoint, environment, layout
from minigrad.tracking.checkpoint import CheckpointError
from minigrad.tracking.store import StoredRun, StoreError, find, flatten
from minigrad.training import seeds

MAY_GROW = "train.steps"


@dataclass(frozen=True)
class Resumed:
    """A run to go on with: its config, its last whole state (None: from the start), the last
    logged step, and what the user should know about it.
    """

    path: Path
    config: Config
    state: dict[str, Any] | None
    last_step: int
    notes: list[str]


def resume(store: str, which: str, config_path: str | None, overrides: Iterable[str]) -> Resumed:
    """Find the run and check that its config is unchanged but for more steps.

    Raises StoreError for no such run or one that is running, ConfigError for a changed config,
    CheckpointError where a checkpoint is there and none can be used.
    """
    run = find(store, which)
    if not run.run_json:
        raise StoreError(f"{run.id} cannot go on: {'; '.join(run.damage)}")
    if run.alive and run.facts.host == platform.node():
        raise StoreError(f"{run.id} is running (pid {run.facts.pid}): stop it first")
    if run.facts.engine is None:
        raise StoreError(f"{run.id} was logged by a loop of your own: there is nothing to resume")
    stored = config.load(run.path / "config.yaml")
    wanted = config.load(config_path or run.path / "config.yaml", overrides)
    _check_unchanged(stored, wanted, run)
    state, notes = _last_state(run.path)
    metrics = run.metrics() if (run.path / "metrics.jsonl").exists() else []
    last_step = int(metrics[-1]["step"]) if metrics else -1
    every = wanted.train.log_every
    if state and (state["step"] - 1) // every * every > last_step:
        state = None
        notes = [f"the log ends at step {last_step}, before the checkpoint: training it again"]
    if (
        state
        and wanted.train.seeds is not None
        and (fault := _seeds_fault(run.path, seeds.parse(wanted.train.seeds)))
    ):
        state, notes = None, [f"{fault}: training starts again from step 0"]
    if run.facts.code != environment.code_hash():
        notes.append("the code is not what it was when the run began: what follows may differ")
    if state:
        notes.append(f"resumed at step {state['step']}")
    return Resumed(run.path, wanted, state, last_step, notes)


def _check_unchanged(stored: Config, wanted: Config, run: StoredRun) -> None:
    before, now = flatten(stored.model_dump()), flatten(wanted.model_dump())
    changed = [
        f"--resume: {key} was {_shown(before.get(key))}, now it is {_shown(now.get(key))}"
        for key in sorted(before.keys() | now.keys())
        if before.get(key) != now.get(key) and key != MAY_GROW
    ]
    if changed:
        raise ConfigError([*changed, f"--resume: only {MAY_GROW} may change, and only grow"])
    if now[MAY_GROW] < before[MAY_GROW]:
        raise ConfigError(
            [f"--resume: {MAY_GROW} was {before[MAY_GROW]}, and {now[MAY_GROW]} is fewer"]
        )
    if run.status == "finished" and now[MAY_GROW] == before[MAY_GROW]:
        steps = 2 * now[MAY_GROW]
        raise ConfigError([f"--resume: {run.id} is finished: to go on, say {MAY_GROW}={steps}"])


def _last_state(path: Path) -> tuple[dict[str, Any] | None, list[str]]:
    newest, previous = path / checkpoint.NAME, path / checkpoint.PREVIOUS
    if not newest.exists() and not previous.exists():
        return None, ["no checkpoint was saved yet: training starts again from step 0"]
    try:
        return checkpoint.read(newest), []
    except CheckpointError as error:
        try:
            state = checkpoint.read(previous)
        except CheckpointError as worse:
            raise CheckpointError(f"{error}; {worse}: there is no state to go on from") from None
        return state, [f"{error}: going on from {previous.name}, step {state['step']}"]


def _seeds_fault(path: Path, wanted: list[int]) -> str:
    """Why each seed's numbers up to the checkpoint cannot be used; "" if they can."""
    from minigrad.training.seed_table import NAME, SeedTable  # here, since it imports numpy

    try:
        table = SeedTable.from_bytes(read_unlinked(path / NAME, layout.MAX_BYTES[NAME]))
    except OSError as error:
        return f"{NAME} cannot be read: {error.strerror}"
    except ValueError as error:
        return str(error)
    return "" if table.seeds.tolist() == wanted else f"{NAME} holds other seeds"


def _shown(value: object) -> str:
    return json.dumps(value)
