"""What is damaged in a run, file by file, and what can still be read of it."""

import itertools
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from minigrad.tracking import checkpoint
from minigrad.tracking.store import StoredRun, StoreError, flatten, read_config, read_log
from minigrad.training import seeds


@dataclass
class Report:
    """Sentences on one run; it is sound if `damage` is empty."""

    id: str
    damage: list[str] = field(default_factory=list)
    readable: list[str] = field(default_factory=list)


def check(run: StoredRun) -> Report:
    """Read everything in a run that can be read. Never raises for what it finds there."""
    report = Report(run.id, list(run.damage))
    if not os.path.isdir(run.path):
        return report
    if run.facts:
        report.readable.append("run.json")
    _attempt(report, lambda: _check_config(run.path, report))
    begins = run.alive and not os.path.exists(run.path / "metrics.jsonl")
    if not begins:
        _attempt(report, lambda: _check_log(run.path, report))
    for name in (checkpoint.NAME, checkpoint.PREVIOUS):
        if os.path.lexists(run.path / name):
            _check_checkpoint(run.path / name, report)
    if os.path.lexists(run.path / seeds.FILE):
        _check_seeds(run.path / seeds.FILE, report)
    return report


def check_store(store: Path) -> list[str]:
    """What is damaged in the store itself."""
    link = store / "latest"
    if link.is_symlink() and not link.exists():
        return [f"latest points to {os.readlink(link)}, which is gone: the next run sets it anew"]
    return []


def _attempt(report: Report, examine: Callable[[], None]) -> None:
    try:
        examine()
    except StoreError as error:
        if str(error) not in report.damage:  # that a file is missing was seen at loading
            report.damage.append(str(error))


def _check_config(run: Path, report: Report) -> None:
    report.readable.append(f"config.yaml: {len(flatten(read_config(run)))} settings")


def _check_log(run: Path, report: Report) -> None:
    log = read_log(run)
    report.damage += log.damage
    for before, row in itertools.pairwise(log.rows):
        step, last = int(row["step"]), int(before["step"])
        if step < last:
            report.damage.append(f"metrics.jsonl: step {step} comes after step {last}")
        elif step == last and (twice := (row.keys() & before.keys()) - {"step", "time"}):
            names = ", ".join(sorted(twice))
            report.damage.append(f"metrics.jsonl: step {step} stands there twice, with {names}")
    steps = [int(row["step"]) for row in log.rows]
    told = f", steps {min(steps)} to {max(steps)}" if steps else ""
    report.readable.append(f"metrics.jsonl: {len(steps)} lines{told}")


def _check_seeds(path: Path, report: Report) -> None:
    from minigrad.training.seed_table import SeedTable  # here, since it imports numpy

    try:
        table = SeedTable.from_bytes(path.read_bytes())
    except OSError as error:
        report.damage.append(f"{path.name} cannot be read: {error.strerror}")
    except ValueError as error:
        report.damage.append(str(error))
    else:
        report.readable.append(f"{path.name}: {len(table.seeds):,} seeds")


def _check_checkpoint(path: Path, report: Report) -> None:
    try:
        checkpoint.read(path)
    except checkpoint.CheckpointError as error:
        report.damage.append(str(error))
    else:
        report.readable.append(path.name)
