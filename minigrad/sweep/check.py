"""What a stored sweep says that is not so: members beside their runs, the table beside both."""

import csv
import io
import os
from collections.abc import Iterator
from pathlib import Path

from minigrad.files.untrusted import read_unlinked
from minigrad.sweep import member, report
from minigrad.sweep.ranking import rank
from minigrad.sweep.store import Ended, StoredSweep, read_sweep
from minigrad.tracking import layout
from minigrad.tracking.check import picture_fault
from minigrad.tracking.facts import excerpt
from minigrad.tracking.names import StoreError
from minigrad.tracking.reading import read_file
from minigrad.tracking.store import StoredRun, load

_PICTURES = ("sweep.png", "importance.png")
_MAX_BYTES = 256_000_000
_LISTED = 20  # sentences


def check_sweep(path: Path) -> list[str]:
    """Sentences on what is damaged in a sweep, or contradicts its runs; none for a sound one. Runs
    that were deleted say nothing. Never raises for what it finds.
    """
    try:
        sweep = read_sweep(path)
        faults = [*_members(sweep), *_table(sweep), *_pictures(path)]
    except StoreError as error:
        return [str(error).removeprefix(f"sweep {path.name}: ")]
    except (TypeError, ValueError, KeyError, AttributeError, OverflowError) as error:
        return [f"its files are damaged: {type(error).__name__}: {excerpt(str(error))}"]
    more = len(faults) - _LISTED
    return faults[:_LISTED] + ([f"and {more:,} more"] if more > 0 else [])


def _members(sweep: StoredSweep) -> Iterator[str]:
    """Where members.jsonl says of a member what its run does not say."""
    by_run: dict[str, list[Ended]] = {}
    for one in sweep.ended:
        by_run.setdefault(one.run, []).append(one)
    for name, ended in by_run.items():
        run = load(sweep.path.parent.parent / name)
        if run.damage or run.facts.resumed:
            continue  # which is that of the run; or it was trained on since
        if run.facts.group != sweep.id:
            yield f"{name} is named as one of its runs, and is of the group {run.facts.group}"
            continue
        try:
            claimed = {one.seed: one for one in _of_run(sweep, ended[0], run)}
        except (StoreError, ValueError) as error:
            yield f"{name}: {error}"
            continue
        for one in ended:
            if claimed.get(one.member.seed) != one.member:
                yield f"members.jsonl has other results for seed {one.member.seed} than {name}"


def _of_run(sweep: StoredSweep, one: Ended, run: StoredRun) -> list[member.Member]:
    """The members as the run has them. Raises ValueError where the run is of another config."""
    cell = sweep.plan.cells[one.cell].config
    config = cell if cell["train"].get("seeds") else {**cell, "seed": one.member.seed}
    stored = run.config
    for key, value in config.items():
        if stored.get(key) != value:
            raise ValueError(f"its {key} is not that of its cell, {excerpt(value)}")
    is_there = os.path.lexists(run.path / layout.SEEDS)
    files = {layout.SEEDS: read_file(run.path, layout.SEEDS)} if is_there else {}
    return member.members(config, run.facts, files)


def _table(sweep: StoredSweep) -> Iterator[str]:
    """Where sweep.csv is not the ranking of the members, all of which are there."""
    path = sweep.path / "sweep.csv"
    if len(sweep.ended) != sweep.plan.members or sweep.status != "finished":
        return
    try:
        stored = read_unlinked(path, _MAX_BYTES).decode()
    except FileNotFoundError:
        yield "sweep.csv is missing"
        return
    except (OSError, UnicodeError) as error:
        yield f"sweep.csv cannot be read: {error}"
        return
    now = report.csv_text(sweep.plan, rank(sweep.plan, sweep.ended))
    before, after = (list(csv.DictReader(io.StringIO(text))) for text in (stored, now))
    if len(before) != len(after):
        yield f"sweep.csv has {len(before):,} rows, and {len(after):,} cells have ended"
    for old, new in zip(before, after, strict=False):
        # another version may have had other columns
        differ = [key for key in new if key in old and old[key] != new[key]]
        if differ or not new.keys() & old.keys():
            key = differ[0] if differ else "rank"
            yield f"sweep.csv: rank {new['rank']} has the {key} {excerpt(old.get(key))}"
            return


def _pictures(path: Path) -> list[str]:
    names = [name for name in _PICTURES if os.path.lexists(path / name)]
    return [fault for name in names if (fault := picture_fault(path, name))]
