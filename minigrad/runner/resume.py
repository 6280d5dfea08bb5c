"""Continues a run that has stopped, as if it had never stopped."""

import json
import platform
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from minigrad.config import Config, ConfigError
from minigrad.config import load as load_config
from minigrad.config.plugins import Provenance
from minigrad.config.source import raw
from minigrad.files.untrusted import read_unlinked
from minigrad.files.whole import Lines
from minigrad.runner import build
from minigrad.tracking import checkpoint, environment, hold, layout
from minigrad.tracking.checkpoint import CheckpointError
from minigrad.tracking.store import StoredRun, StoreError, find, flatten, load
from minigrad.training import seeds

MAY_GROW = "train.steps"
_EPOCHS = "train.epochs"
"""Another way to say how many steps."""


@dataclass(frozen=True)
class Resumed:
    """A run to go on with, which this process alone may write until `held` is closed: its config,
    its last whole state (None: from the start), the last logged step, and notes for the user.
    """

    path: Path
    held: Lines
    config: Config
    state: dict[str, Any] | None
    last_step: int
    notes: list[str]


def resume_run(
    store: str,
    which: str,
    config_path: str | None,
    overrides: Iterable[str],
    *,
    trust_plugins: bool = False,
) -> Resumed:
    """Find the run, lock it for this process, check that its config is unchanged except for more
    steps, and read its last state.

    Its plugins are run after all other checks, and only those that the run recorded and
    that lie outside of its store, unless `trust_plugins` is true.

    Raises StoreError for no such run or one that is running, ConfigError for a changed config,
    CheckpointError where a checkpoint is there and none can be used.
    """
    run = find(store, which)
    run.check_own()
    _check_stopped(run)
    try:
        held = hold(run.path)
    except OSError as error:
        raise StoreError(f"--resume {run.id}: {error.strerror}") from None
    with ExitStack() as stack:
        stack.callback(held.close)
        run = load(run.path)  # again: another process may have written it until now
        _check_stopped(run)
        stored_path, overrides = run.path / layout.CONFIG, list(overrides)
        metrics = run.metrics()
        last_step = int(metrics[-1]["step"]) if metrics else -1
        _last_state(run.path)  # raises here for a checkpoint of no use, before a plugin is run
        _check_alike(raw(stored_path), raw(config_path or stored_path, overrides), run)
        provenance = None if trust_plugins else provenance_of(run)
        stored = load_config(stored_path, provenance=provenance)
        wanted = build.with_steps(load_config(config_path or stored_path, overrides, provenance))
        _check_growth(flatten(stored.model_dump()), flatten(wanted.model_dump()), run)
        state, notes = _usable_state(run, wanted, last_step)
        if run.facts.code != environment.code_hash():
            notes.append("the code is not what it was when the run began: what follows may differ")
        if state:
            notes.append(f"resumed at step {state['step']}")
        stack.pop_all()
    return Resumed(run.path, held, wanted, state, last_step, notes)


def _check_stopped(run: StoredRun) -> None:
    if not run.run_json:
        raise StoreError(f"{run.id} cannot go on: {'; '.join(run.damage)}")
    # the lock is ours by now, so that it says nothing of the process that began the run
    alive = run.alive and not environment.is_gone(run.facts.pid, run.facts.pid_start)
    if alive and run.facts.host == platform.node():
        raise StoreError(f"{run.id} is running (pid {run.facts.pid}): stop it first")
    if run.facts.engine is None:
        raise StoreError(f"{run.id} was logged by a loop of your own: there is nothing to resume")


def _usable_state(
    run: StoredRun, config: Config, last_step: int
) -> tuple[dict[str, Any] | None, list[str]]:
    """The state to continue from, and notes; None if training starts again from step 0."""
    state, notes = _last_state(run.path)
    every = config.train.log_every
    if state and (state["step"] - 1) // every * every > last_step:
        return None, [f"the log ends at step {last_step}, before the checkpoint: training it again"]
    if state and config.train.seeds is not None:
        fault = _seeds_fault(run.path, seeds.parse(config.train.seeds))
        if fault:
            return None, [f"{fault}: training starts again from step 0"]
    return state, notes


def provenance_of(run: StoredRun) -> Provenance:
    """The recorded facts about the plugins in the run's stored config."""
    sha256 = run.run_json.get("sha256")
    return Provenance(run.path.parent, sha256 if isinstance(sha256, dict) else {})


def _check_alike(stored: dict[str, Any], wanted: dict[str, Any], run: StoredRun) -> None:
    """Refuse what can be refused without plugins, where there are some: a default that one of the
    two leaves out is known only with them.
    """
    if stored.get("plugins") or wanted.get("plugins"):
        before, now = flatten(stored), flatten(wanted)
        both = before.keys() & now.keys()
        _check_growth({k: before[k] for k in both}, {k: now[k] for k in both}, run)


def _check_growth(before: dict[str, Any], now: dict[str, Any], run: StoredRun) -> None:
    changed = [
        f"--resume: {key} was {json.dumps(before.get(key))}, now it is {json.dumps(now.get(key))}"
        for key in sorted(before.keys() | now.keys())
        if before.get(key) != now.get(key) and key not in (MAY_GROW, _EPOCHS)
    ]
    if changed:
        raise ConfigError([*changed, f"--resume: only {MAY_GROW} may change, and only grow"])
    if not isinstance(before.get(MAY_GROW), int) or not isinstance(now.get(MAY_GROW), int):
        return  # one of the two leaves it out, or has a fault that is reported later
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
