"""Whether a run kept the promises of its config's `expect` block."""

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from minigrad.config.models import Expectations

if TYPE_CHECKING:
    from minigrad.training.seed_table import SeedTable


@dataclass(frozen=True)
class Verdict:
    """One promise: what was `expected`, what was `found`, and a sentence that says both.

    None is found where a seed of many has no loss, since JSON knows no infinity.
    """

    name: str
    expected: float | list[float]
    found: float | None
    met: bool
    sentence: str


def judge(expect: Expectations, initial_loss: float, final_loss: float) -> list[Verdict]:
    """A verdict for each promise that `expect` makes."""
    verdicts = []
    if expect.initial_loss is not None:
        low, high = expect.initial_loss
        gap = max(low - initial_loss, initial_loss - high)
        side = "below" if initial_loss < low else "above"
        verdicts.append(
            Verdict(
                "initial_loss",
                [low, high],
                initial_loss,
                low <= initial_loss <= high,
                f"initial loss {initial_loss:.4g} within [{low:g}, {high:g}]"
                if gap <= 0
                else f"initial loss {initial_loss:.4g} lies {gap:.4g} {side} [{low:g}, {high:g}]",
            )
        )
    if expect.final_loss_below is not None:
        bound = expect.final_loss_below
        gap = final_loss - bound
        verdicts.append(
            Verdict(
                "final_loss_below",
                bound,
                final_loss,
                final_loss < bound,
                f"final loss {final_loss:.4g} below {bound:g}"
                if final_loss < bound
                else f"final loss {final_loss:.4g} misses {bound:g} by {gap:.4g}",
            )
        )
    return verdicts


def judge_seeds(expect: Expectations, table: "SeedTable") -> list[Verdict]:
    """A verdict over all seeds for each promise: met if every seed meets it, found the worst.

    A loss that a seed does not have counts as infinite.
    """
    seeds = table.seeds.tolist()
    initials, finals = (
        [math.inf if math.isnan(loss) else loss for loss in losses.tolist()]
        for losses in (table.initial_loss, table.final_loss)
    )
    each = [judge(expect, *pair) for pair in zip(initials, finals, strict=True)]
    verdicts = []
    for promise in zip(*each, strict=True):
        met = sum(verdict.met for verdict in promise)
        worst = max(range(len(promise)), key=lambda index: _excess(promise[index]))
        found = _found(promise[worst])
        told = f"{_promised(promise[0])} in {met:,} of {len(promise):,} seeds"
        said = f"{told}, worst {found:.4g} (seed {seeds[worst]})"
        shown = found if math.isfinite(found) else None
        verdicts.append(
            replace(promise[worst], found=shown, met=met == len(promise), sentence=said)
        )
    return verdicts


def _found(verdict: Verdict) -> float:
    return math.inf if verdict.found is None else verdict.found


def _excess(verdict: Verdict) -> float:
    """How far a number lies beyond its bound; below 0 where it keeps within."""
    found = _found(verdict)
    if isinstance(verdict.expected, list):
        low, high = verdict.expected
        return max(low - found, found - high)
    return found - verdict.expected


def _promised(verdict: Verdict) -> str:
    if isinstance(verdict.expected, list):
        return "initial loss within [{:g}, {:g}]".format(*verdict.expected)
    return f"final loss below {verdict.expected:g}"


def met_by(expect: Expectations, table: "SeedTable") -> int:
    """How many seeds meet every promise; one that diverged does not."""
    losses = zip(table.initial_loss.tolist(), table.final_loss.tolist(), strict=True)
    met = [all(verdict.met for verdict in judge(expect, *pair)) for pair in losses]
    return sum(one and at < 0 for one, at in zip(met, table.diverged_at.tolist(), strict=True))
