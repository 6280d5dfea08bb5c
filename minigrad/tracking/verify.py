"""Does a stored run reproduce? Train again from its config and compare all numbers, bit for bit."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from minigrad import config, experiment
from minigrad.config import ConfigError
from minigrad.tracking import environment
from minigrad.tracking.store import StoredRun, StoreError
from minigrad.trainer import Trainer

_SUMMARY = ("initial_loss", "final_loss", "final_accuracy", "val_loss", "val_accuracy")


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
    """Train the run's config again, in memory, and hold every logged number against it.

    Raises StoreError for a run that cannot be trained again: made by a loop of the user's own, or
    with a config that is damaged.
    """
    stored = run.metrics()
    changed = list(_changed(run))
    try:
        checked = config.load(run.path / "config.yaml")
        trainer = experiment.build(checked)
    except ConfigError as error:
        raise StoreError(f"{run.id} cannot be trained again: {error.faults[0]}") from None
    if not stored:
        raise StoreError(f"{run.id} has no logged steps: there is nothing to verify")
    initial = trainer.evaluate().loss
    difference = _first_difference(stored, trainer) or _summary_difference(run, trainer, initial)
    if difference is None:
        since = f", though it was made with {'; '.join(changed)}" if changed else ""
        said = f"{run.id}: identical in every number of {len(stored)} logged steps{since}"
        return Verification(True, said, changed=changed)
    step, sentence = difference
    cause = (
        f"likely cause: {'; '.join(changed)}"
        if changed
        else "code, packages, python and platform are as they were: the stored number was changed"
    )
    return Verification(False, f"{run.id}: {sentence}; {cause}", step, changed)


def _first_difference(stored: list[dict[str, float]], trainer: Trainer) -> tuple[int, str] | None:
    steps = int(stored[-1]["step"]) + 1
    records = trainer.train(steps)
    for line in stored:
        step = int(line["step"])
        try:
            record = next(record for record in records if record.step == step)
        except StopIteration:
            return step, f"step {step} is stored, and this training has no such step"
        except ArithmeticError as error:
            return step, f"step {step} is stored, and this {error}"
        for name, now in vars(record).items():
            if name in ("step", "time"):
                continue
            before = line.get(name)
            if before != now and not (before != before and now != now):
                return step, f"differs first at step {step}: {name} was {before!r}, is {now!r}"
    return None


def _summary_difference(run: StoredRun, trainer: Trainer, initial: float) -> tuple[int, str] | None:
    if run.status != "finished":
        return None
    final = trainer.evaluate()
    val = trainer.evaluate(trainer.validation) if trainer.validation else None
    now = {
        "initial_loss": initial,
        "final_loss": final.loss,
        "final_accuracy": final.accuracy,
        "val_loss": val.loss if val else None,
        "val_accuracy": val.accuracy if val else None,
    }
    for name in _SUMMARY:
        if run.summary.get(name) != now[name]:
            said = f"differs in the summary: {name} was {run.summary.get(name)!r}, is {now[name]!r}"
            return trainer.step, said
    return None


def _changed(run: StoredRun) -> Iterator[str]:
    """What is not as it was when the run was made, as "numpy 2.4.1, now 2.4.6"."""
    now = environment.describe()
    for name in ("python", "platform"):
        if run.facts.get(name) != now[name]:
            yield f"{name} {run.facts.get(name)}, now {now[name]}"
    before = run.facts.get("packages") or {}
    for name, version in now["packages"].items():
        if before.get(name) != version:
            yield f"{name} {before.get(name)}, now {version}"
    if run.facts.get("code") != now["code"]:
        commit = (run.facts.get("git") or {}).get("commit")
        made_by = f" of commit {commit[:8]}" if commit else ""
        yield f"other code of minigrad{made_by}"
