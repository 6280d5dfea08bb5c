"""What is damaged in a run, file by file, and what can still be read of it."""

import itertools
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from minigrad.tracking import checkpoint, layout
from minigrad.tracking.checkpoint import CheckpointError
from minigrad.tracking.names import LATEST
from minigrad.tracking.reading import CLOCK, read_file
from minigrad.tracking.store import StoredRun, StoreError


@dataclass
class Soundness:
    """Sentences on one run; it is sound if `damage` is empty."""

    id: str
    damage: list[str] = field(default_factory=list)
    readable: list[str] = field(default_factory=list)


def check(run: StoredRun) -> Soundness:
    """Read everything in a run that can be read. Never raises for what it finds there."""
    soundness = Soundness(run.id, list(run.damage))
    if not os.path.isdir(run.path):
        return soundness
    if run.run_json:
        soundness.readable.append(layout.RUN)
    examinations: dict[str, Callable[[StoredRun, Path], tuple[str, list[str]]]] = {
        layout.CONFIG: _check_config,
        layout.METRICS: _check_log,
        layout.CHECKPOINT: _check_checkpoint,
        layout.PREVIOUS_CHECKPOINT: _check_checkpoint,
        layout.SEEDS: _check_seeds,
    }
    for name, examine in examinations.items():
        needed = name == layout.CONFIG or (name == layout.METRICS and run.alive is False)
        if not needed and not os.path.lexists(run.path / name):
            continue
        try:
            contents, damage = examine(run, run.path / name)
        except (StoreError, CheckpointError, ValueError) as error:
            sentence = str(error).removeprefix(f"{run.id}: ")
            if sentence not in soundness.damage:  # that a file is missing was seen at loading
                soundness.damage.append(sentence)
        else:
            soundness.readable.append(contents)
            soundness.damage += damage
    return soundness


def check_store(store: Path) -> list[str]:
    """What is damaged in the store itself."""
    link = store / LATEST
    if link.is_symlink() and not link.exists():
        return [f"latest points to {os.readlink(link)}, which is gone: the next run sets it anew"]
    return []


# Each gives what can be read, and sentences on what is damaged in it, or raises one.


def _check_config(run: StoredRun, path: Path) -> tuple[str, list[str]]:
    return f"{path.name}: {len(run.flat_config())} settings", []


def _check_log(run: StoredRun, path: Path) -> tuple[str, list[str]]:
    rows, damage = run.log.rows, list(run.log.damage)
    for before, row in itertools.pairwise(rows):
        step, last = int(row["step"]), int(before["step"])
        if step < last:
            damage.append(f"{path.name}: step {step} comes after step {last}")
        elif step == last and (twice := (row.keys() & before.keys()) - {"step", "time", CLOCK}):
            names = ", ".join(sorted(twice))
            damage.append(f"{path.name}: step {step} stands there twice, with {names}")
    steps = [int(row["step"]) for row in rows]
    span = f", steps {min(steps)} to {max(steps)}" if steps else ""
    return f"{path.name}: {len(steps)} lines{span}", damage


def _check_checkpoint(run: StoredRun, path: Path) -> tuple[str, list[str]]:  # noqa: ARG001
    checkpoint.read(path)
    return path.name, []


def _check_seeds(run: StoredRun, path: Path) -> tuple[str, list[str]]:
    from minigrad.training.seed_table import SeedTable  # here, since it imports numpy

    table = SeedTable.from_bytes(read_file(run.path, path.name))
    return f"{path.name}: {len(table.seeds):,} seeds", []
