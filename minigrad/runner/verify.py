"""Can a stored run be reproduced? Train again from its config and compare all its claims."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from minigrad.config import ConfigError, load
from minigrad.config.inputs import input_hashes
from minigrad.runner import build
from minigrad.runner.claims import Claims, Contradiction
from minigrad.runner.resume import provenance_of
from minigrad.tracking import environment, layout
from minigrad.tracking.store import StoredRun, StoreError
from minigrad.tracking.store import load as load_run


@dataclass(frozen=True)
class Verification:
    """Whether all claims of the run were reproduced, and a sentence with the result.

    `step` is the first step that differs (None: none does), `changed` what is not as it was
    recorded (python, the processor, a package, the data), and `unchecked` what nothing can check.
    """

    identical: bool
    sentence: str
    step: int | None = None
    changed: list[str] = field(default_factory=list)
    unchecked: list[str] = field(default_factory=list)


def verify_claims(run: StoredRun, *, trust_plugins: bool = False) -> Verification:
    """Train the run's config again, in memory, and compare what the run claims: its lines, summary,
    verdicts, status, table of seeds and checkpoints, numbers to the last bit.

    Its plugins are run as by `--resume`. Raises StoreError for a run that cannot be trained again:
    made by a loop of the user's own, or with a config or plugins that are of no use.
    """
    if not run.run_json:
        raise StoreError(f"{run.id} cannot be trained again: {'; '.join(run.damage)}")
    if run.facts.engine is None:
        raise StoreError(f"{run.id} was logged by a loop of your own: it cannot be trained again")
    if not run.metrics():
        raise StoreError(f"{run.id} has no logged steps: there is nothing to verify")
    try:
        config = load(
            run.path / layout.CONFIG, provenance=None if trust_plugins else provenance_of(run)
        )
        config = build.with_steps(config)
        trainer = build.trainer_for(config)
    except ConfigError as error:
        raise StoreError(f"{run.id} cannot be trained again: {error.faults[0]}") from None
    now = {**environment.describe(), "sha256": input_hashes(config)}
    claims = Claims(run, config, trainer)
    changed = list(dict.fromkeys(_changed(run, now)))
    try:
        claims.check()
    except Contradiction as difference:
        if load_run(run.path).state != run.state:
            raise StoreError(
                f"{run.id} was written while it was verified: verify it again"
            ) from None
        cause = _cause(run, changed, now)
        sentence = f"{run.id}: {difference}; {cause}"
        return Verification(False, sentence, difference.step, changed, claims.unchecked)
    unchecked = [*claims.unchecked, *_NEVER_CHECKED]
    since = f", though it was made with {'; '.join(changed)}" if changed else ""
    sentence = (
        f"{run.id}: identical in every number of {len(run.metrics())} logged steps and in all else "
        f"that it claims{since} (not checked: {', '.join(unchecked)})"
    )
    return Verification(True, sentence, changed=changed, unchecked=unchecked)


_NEVER_CHECKED = ("dates and times", "command, group, host and git", "output.log", "pictures")


def _cause(run: StoredRun, changed: list[str], now: Mapping[str, Any]) -> str:
    """The likely cause of the difference; none if all recorded facts are the same."""
    if changed:
        return f"likely cause: {'; '.join(changed)}"
    missing = environment.unrecorded(run.run_json)
    recorded = [_WORDS.get(name, name) for name in environment.RECORDED if name not in missing]
    recorded = [name for name in recorded if name != _WORDS["arrays"] or "arrays" in now]
    sentence = f"all that was recorded is as it was: {', '.join(recorded)}"
    if missing:
        sentence += f"; not recorded: {', '.join(_WORDS.get(name, name) for name in missing)}"
    return sentence


_WORDS = {"arrays": "BLAS and numpy's vector extensions", "sha256": "data and plugins"}


def _changed(run: StoredRun, now: Mapping[str, Any]) -> Iterator[str]:
    """The facts that have changed since the run was made, as "numpy 2.4.1, now 2.4.6"."""
    segments = [one for one in run.facts.resumed or [] if isinstance(one, dict)]
    earlier = [segment.get("made_with") for segment in segments]
    for made_with in [*(one for one in earlier if isinstance(one, dict)), run.run_json]:
        for one in environment.differences(made_with, now):
            if one.name == environment.CODE:
                yield "other code of minigrad"
            else:
                yield f"{one.name} {one.before}, now {one.now}"
