"""Does a stored run reproduce? Train again from its config and compare all numbers, bit by bit."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from minigrad.config import Config, ConfigError, load
from minigrad.engines import Disagreement
from minigrad.files.untrusted import read_unlinked
from minigrad.runner import build
from minigrad.tracking import environment, layout
from minigrad.tracking.compare import same_bits
from minigrad.tracking.store import StoredRun, StoreError
from minigrad.training.trainer import Diverged, Record, Trainer

if TYPE_CHECKING:
    from minigrad.training.replicas import ReplicaRecord, ReplicaTrainer

AnyTrainer: TypeAlias = "Trainer | ReplicaTrainer"


@dataclass(frozen=True)
class Verification:
    """Whether all stored numbers came out again, and the sentence that says so or where not.

    `step` is the first step that differs (None: none does), and `changed` what is not as it was:
    python, platform, a package, the code.
    """

    identical: bool
    sentence: str
    step: int | None = None
    changed: list[str] = field(default_factory=list)


def verify(run: StoredRun) -> Verification:
    """Train the run's config again, in memory, and compare every logged number.

    A line that should be there and is not is a difference too. Raises StoreError for a run that
    cannot be trained again: made by a loop of the user's own, or with a config that is damaged.
    """
    if not run.run_json:
        raise StoreError(f"{run.id} cannot be trained again: {'; '.join(run.damage)}")
    if run.facts.engine is None:
        raise StoreError(f"{run.id} was logged by a loop of your own: it cannot be trained again")
    stored = {int(line["step"]): line for line in run.metrics()}
    changed = list(dict.fromkeys(_changed(run)))
    try:
        config = load(run.path / layout.CONFIG)
        trainer = build.trainer_for(config)
    except ConfigError as error:
        raise StoreError(f"{run.id} cannot be trained again: {error.faults[0]}") from None
    if not stored:
        raise StoreError(f"{run.id} has no logged steps: there is nothing to verify")
    difference = _difference(run, stored, config, trainer)
    if difference is None:
        since = f", though it was made with {'; '.join(changed)}" if changed else ""
        sentence = f"{run.id}: identical in every number of {len(stored)} logged steps{since}"
        return Verification(True, sentence, changed=changed)
    step, sentence = difference
    cause = f"likely cause: {'; '.join(changed)}" if changed else _NOTHING_RECORDED
    return Verification(False, f"{run.id}: {sentence}; {cause}", step, changed)


_NOTHING_RECORDED = (
    "python, platform, packages and code are as they were: "
    "the stored numbers, the data file or a plugin may have been changed"
)


def _difference(
    run: StoredRun, stored: dict[int, dict[str, float]], config: Config, trainer: AnyTrainer
) -> tuple[int, str] | None:
    """The first step that differs and what differs there; None if nothing does."""
    if run.log.damage:
        return 0, f"its log is damaged: {run.log.damage[0]}"
    steps = config.train.steps
    if max(stored) >= steps:
        return max(stored), f"step {max(stored)} is stored, and the config has {steps} steps"
    last = steps - 1 if run.status == "finished" else max(stored)
    try:
        initial = trainer.evaluate().loss
        for record in trainer.train(last + 1):
            if not config.train.is_logged(record.step):
                continue
            if sentence := _line_difference(record, stored.get(record.step)):
                return record.step, sentence
        if run.status != "finished":
            return None
        return _summary_difference(run, trainer, initial) or _files_difference(run, trainer)
    except (Diverged, Disagreement) as error:
        return trainer.step, f"this time {error}"


def _line_difference(record: "Record | ReplicaRecord", line: dict[str, float] | None) -> str:
    if line is None:
        return f"step {record.step} is missing from the log"
    for name, now in vars(record).items():
        if name not in ("step", "time") and not same_bits(line.get(name), now):
            return f"differs first at step {record.step}: {name} was {line.get(name)!r}, is {now!r}"
    return ""


def _summary_difference(
    run: StoredRun, trainer: AnyTrainer, initial: float
) -> tuple[int, str] | None:
    before, now = run.summary, trainer.results(initial)
    for name in [*now, *(name for name in before if name not in (*now, "seconds", "met"))]:
        if not same_bits(before.get(name), now.get(name)):
            was = before.get(name)
            return trainer.step, f"differs in the summary: {name} was {was!r}, is {now.get(name)!r}"
    return None


def _files_difference(run: StoredRun, trainer: AnyTrainer) -> tuple[int, str] | None:
    """Where each seed's numbers differ, in a run of many."""
    for name, now in trainer.files().items():
        try:
            before = read_unlinked(run.path / name, layout.MAX_BYTES[name])
        except OSError as error:
            return trainer.step, f"{name} cannot be read: {error.strerror}"
        if before != now:
            from minigrad.training.seed_table import SeedTable  # here, since it imports numpy

            try:
                where = SeedTable.from_bytes(before).difference(SeedTable.from_bytes(now))
            except ValueError as error:
                return trainer.step, str(error)
            return trainer.step, f"differs in {name}: {where or 'its bytes'}"
    return None


def _changed(run: StoredRun) -> Iterator[str]:
    """What is not as it was when the run was made, as "numpy 2.4.1, now 2.4.6"."""
    now = environment.describe()
    earlier = [segment.get("made_with", {}) for segment in run.facts.resumed or []]
    for made_with in [*earlier, run.run_json]:
        for one in environment.differences(made_with, now):
            if one.name == environment.CODE:
                yield "other code of minigrad"
            else:
                yield f"{one.name} {one.before}, now {one.now}"
