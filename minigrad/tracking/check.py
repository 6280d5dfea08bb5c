"""Finds damage in a run, file by file, and reads what can still be read."""

import itertools
import os
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from minigrad.files.untrusted import parse_json, read_unlinked
from minigrad.tracking import checkpoint, layout
from minigrad.tracking.checkpoint import CheckpointError
from minigrad.tracking.facts import excerpt
from minigrad.tracking.names import LATEST
from minigrad.tracking.reading import CLOCK, read_file
from minigrad.tracking.store import StoredRun, StoreError, command, load


@dataclass
class Soundness:
    """Sentences on one run; it is sound if `damage` is empty."""

    id: str
    damage: list[str] = field(default_factory=list)
    readable: list[str] = field(default_factory=list)


def check_soundness(
    run: StoredRun, more: Callable[[StoredRun], Iterable[str]] = lambda _: ()
) -> Soundness:
    """Read everything in a run that can be read; where nothing is damaged, ask `more` too. Never
    raises for what it finds there.

    Its files are read one after the other, and a process may write them meanwhile. So damage is
    what is still there when nobody has written the run since it was loaded.
    """
    before: list[str] = []
    while True:
        soundness = _examine(run)
        soundness.damage += [] if soundness.damage else more(run)
        if not soundness.damage:
            return soundness
        again = load(run.path)
        if again.state == run.state and (again.alive is False or soundness.damage == before):
            return soundness
        run, before = again, soundness.damage


def _examine(run: StoredRun) -> Soundness:
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
        layout.TEST: _check_test,
        layout.SEEDS: _check_seeds,
        **dict.fromkeys(layout.PICTURES, _check_picture),
    }
    for name, examine in examinations.items():
        needed = name == layout.CONFIG or (name == layout.METRICS and run.alive is False)
        needed = needed or (name == layout.TEST and _was_tested(run))
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
    soundness.damage += _lost_pictures(run)
    return soundness


def check_store(store: Path) -> list[str]:
    """What is damaged in the store itself."""
    link = store / LATEST
    while link.is_symlink():
        target = os.readlink(link)
        if link.exists():
            break
        with suppress(OSError):
            if os.readlink(link) == target:  # nobody has moved it since
                return [f"latest points to {target}, which is gone: the next run sets it again"]
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
            damage.append(f"{path.name}: step {step} is there twice, with {names}")
    steps = [int(row["step"]) for row in rows]
    if not damage:
        damage += [f"{path.name}: {sentence}" for sentence in _unlike_the_plan(run, steps)]
    span = f", steps {min(steps)} to {max(steps)}" if steps else ""
    return f"{path.name}: {len(steps)} lines{span}", damage


def _unlike_the_plan(run: StoredRun, steps: list[int]) -> Iterator[str]:
    """How the logged steps differ from those that the run was to log."""
    if run.facts.engine is None:
        if run.facts.lines not in (None, len(steps)):
            yield f"{len(steps):,} lines, and the run logged {run.facts.lines:,}"
        return
    try:
        train = run.config.get("train")
    except StoreError:  # which is damage of its own
        return
    settings = train if isinstance(train, dict) else {}
    every, total = settings.get("log_every", 1), settings.get("steps")
    if type(every) is not int or type(total) is not int or min(every, total) < 1:
        return
    if settings.get("patience") is not None and type(done := run.summary.get("steps")) is int:
        total = min(total, done)  # it may have stopped early
    on_grid = {step for step in steps if step < total and (step % every == 0 or step == total - 1)}
    beyond = [step for step in steps if step >= total]
    between = [] if run.facts.resumed else sorted(set(steps) - on_grid)  # a last step, once
    for step in (beyond or between)[:1]:
        yield f"step {step} was not to be logged: {total:,} steps, and every {_nth(every)} is"
    last = total - 1 if run.facts.status == "finished" else max(steps, default=-1)
    last = min(last, total - 1)
    planned = len(range(0, last + 1, every)) + (last == total - 1 and last % every != 0)
    if missing := planned - len(on_grid):
        first = next((s for s in range(0, last + 1, every) if s not in on_grid), last)
        yield f"{missing:,} of {planned:,} lines are missing, the first of step {first}"


def _nth(number: int) -> str:
    return "one" if number == 1 else f"{number:,}th"


def _check_checkpoint(run: StoredRun, path: Path) -> tuple[str, list[str]]:
    state = checkpoint.read(path)
    step = state.get("step")
    damage = []
    if run.facts.engine is not None:
        if type(step) is not int or step < 0:
            damage.append(f"{path.name}: step must be a whole number, found {excerpt(step)}")
        elif run.alive is False:
            damage += _not_logged(run, path, step)
    return path.name, damage


def _not_logged(run: StoredRun, path: Path, step: int) -> list[str]:
    """Whether the log ends before the checkpoint, which is written after it."""
    try:
        rows, train = run.log.rows, run.config.get("train")
    except StoreError:
        return []
    every = train.get("log_every", 1) if isinstance(train, dict) else 1
    last = max((int(row["step"]) for row in rows), default=-1)
    if type(every) is int and every > 0 and (step - 1) // every * every > last:
        return [f"{path.name} is of {step} steps, and the log ends at step {last}"]
    return []


def _check_seeds(run: StoredRun, path: Path) -> tuple[str, list[str]]:
    from minigrad.training.seed_table import SeedTable  # here, since it imports numpy

    table = SeedTable.from_bytes(read_file(run.path, path.name))
    return f"{path.name}: {len(table.seeds):,} seeds", []


TESTED = ("loss", "accuracy", "mean_absolute_error", "r_squared", "root_mean_squared_error")
"""The numbers of test.json that a run's summary repeats, as test_loss and so on."""


def _was_tested(run: StoredRun) -> bool:
    return run.facts.engine is not None and "test_loss" in run.summary


def _check_test(run: StoredRun, path: Path) -> tuple[str, list[str]]:
    test, damage = read_test(run), []
    # it is written before the run is finished, which a kill or an error may come between
    is_claimed = run.facts.status == "finished" or _was_tested(run)
    if is_claimed and run.summary.get("test_loss") is None:
        damage.append(f"{path.name} is there, and the summary has no test_loss")
    elif is_claimed:
        for name in TESTED:
            there, claimed = test.get(name), run.summary.get(f"test_{name}")
            if there != claimed:
                damage.append(
                    f"{path.name} has the {name} {excerpt(there)}, the summary {excerpt(claimed)}"
                )
    matrix = test.get("confusion") or []
    right = sum(row[place] for place, row in enumerate(matrix))
    if matrix and test.get("accuracy") != right / test["rows"]:
        damage.append(f"{path.name}: its accuracy is not that of its confusion")
    return f"{path.name}: {test['rows']:,} rows", damage


def read_test(run: StoredRun) -> dict[str, Any]:
    """What test.json holds. Raises StoreError for another file."""
    try:
        test = parse_json(read_file(run.path, layout.TEST))
    except ValueError as error:
        raise StoreError(f"{layout.TEST} is damaged: {error}") from None
    if not isinstance(test, dict) or type(test.get("rows")) is not int:
        raise StoreError(f"{layout.TEST} is damaged: it has no rows")
    matrix, names = test.get("confusion", []), test.get("classes", [])
    sizes = [len(row) if isinstance(row, list) else -1 for row in matrix]
    is_square = isinstance(names, list) and sizes == [len(names)] * len(names)
    if not is_square or not all(type(n) is int and n >= 0 for row in matrix for n in row):
        raise StoreError(f"{layout.TEST} is damaged: its confusion is no table of its classes")
    if matrix and sum(map(sum, matrix)) != test["rows"]:
        raise StoreError(f"{layout.TEST} is damaged: its confusion has other rows than it says")
    return test


def _check_picture(run: StoredRun, path: Path) -> tuple[str, list[str]]:
    if fault := picture_fault(run.path, path.name):
        raise StoreError(f"{fault}: {command('plot', run.path.parent, run.id)} draws it again")
    return path.name, []


def _lost_pictures(run: StoredRun) -> Iterator[str]:
    """What was drawn with loss.png and is gone. Runs from before checkpoints described the model
    may have had no such picture.
    """
    if not os.path.lexists(run.path / layout.LOSS_PICTURE) or run.alive is not False:
        return
    try:
        model = checkpoint.read(run.path / layout.CHECKPOINT).get("model")
        train = run.config["train"]
        if not isinstance(model, dict) or train.get("seeds") is not None:
            return
        if run.config.get("plugins"):  # an error of one may have come between, at any time
            return
        count, is_regression = len(model["features"]), model["task"] is None
    except (StoreError, CheckpointError, KeyError, TypeError, AttributeError):
        return  # which is damage of its own
    name = {1: layout.FIT_PICTURE if is_regression else "", 2: layout.BOUNDARY_PICTURE}.get(count)
    if name and not os.path.lexists(run.path / name):
        yield f"{name} is missing: {command('plot', run.path.parent, run.id)} draws it again"


def picture_fault(folder: Path, name: str) -> str:
    """What is wrong with a picture of a run or a sweep, as that it is missing; "" if nothing is."""
    try:
        content = read_unlinked(folder / name, layout.MAX_BYTES[layout.LOSS_PICTURE])
    except FileNotFoundError:
        return f"{name} is missing"
    except OSError as error:
        return f"{name} cannot be read: {error.strerror}"
    return "" if is_whole_png(content) else f"{name} is no whole picture"


def is_whole_png(content: bytes) -> bool:
    """Whether all chunks of a PNG are there with their checksums
    (https://www.w3.org/TR/png-3/#5DataRep).
    """
    if not content.startswith(b"\x89PNG\r\n\x1a\n"):
        return False
    place = 8
    while place + 12 <= len(content):
        length, kind = int.from_bytes(content[place : place + 4], "big"), content[place + 4 :][:4]
        body = content[place + 4 : place + 8 + length]
        if content[place + 8 + length : place + 12 + length] != zlib.crc32(body).to_bytes(4, "big"):
            return False
        place += 12 + length
        if kind == b"IEND":
            return place == len(content)
    return False
