"""Whether a run met the expectations of its config's `expect` block."""

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from minigrad.config.models import Expectations

if TYPE_CHECKING:
    from minigrad.training.seed_table import SeedTable


@dataclass(frozen=True)
class Verdict:
    """One expectation: the bound `expected`, the loss `found`, and a sentence with both.

    `found` is None where a seed of many has no loss, since JSON has no infinity.
    """

    name: str
    expected: float | list[float]
    found: float | None
    met: bool
    sentence: str


def judge(expect: Expectations, initial_loss: float, final_loss: float) -> list[Verdict]:
    """A verdict for each expectation in `expect`."""
    verdicts = []
    if expect.initial_loss is not None:
        low, high = expect.initial_loss
        gap = max(low - initial_loss, initial_loss - high)
        side = "below" if initial_loss < low else "above"
        place = "within" if gap <= 0 else f"lies {gap:.4g} {side}"
        sentence = f"initial loss {initial_loss:.4g} {place} [{low:g}, {high:g}]"
        met = low <= initial_loss <= high
        verdicts.append(Verdict("initial_loss", [low, high], initial_loss, met, sentence))
    if (bound := expect.final_loss_below) is not None:
        met = final_loss < bound
        sentence = f"final loss {final_loss:.4g} {'below' if met else 'is not below'} {bound:g}"
        verdicts.append(Verdict("final_loss_below", bound, final_loss, met, sentence))
    return verdicts


def judge_seeds(expect: Expectations, table: "SeedTable") -> list[Verdict]:
    """A verdict over all seeds for each expectation: met if every seed meets it.

    `found` is the worst loss; a missing loss counts as infinite.
    """
    seeds = table.seeds.tolist()
    initials, finals = (
        [math.inf if math.isnan(loss) else loss for loss in losses.tolist()]
        for losses in (table.initial_loss, table.final_loss)
    )
    by_seed = [judge(expect, *pair) for pair in zip(initials, finals, strict=True)]
    verdicts = []
    for promise in zip(*by_seed, strict=True):
        met = sum(verdict.met for verdict in promise)
        worst = max(range(len(promise)), key=lambda index: _excess(promise[index]))
        loss = _loss(promise[worst])
        share = f"{_promised(promise[0])} in {met:,} of {len(promise):,} seeds"
        verdicts.append(
            replace(
                promise[worst],
                found=loss if math.isfinite(loss) else None,
                met=met == len(promise),
                sentence=f"{share}, worst {loss:.4g} (seed {seeds[worst]})",
            )
        )
    return verdicts


def _loss(verdict: Verdict) -> float:
    return math.inf if verdict.found is None else verdict.found


def _excess(verdict: Verdict) -> float:
    """How far a loss is beyond its bound; negative if it is within."""
    loss = _loss(verdict)
    if isinstance(verdict.expected, list):
        low, high = verdict.expected
        return max(low - loss, loss - high)
    return loss - verdict.expected


def _promised(verdict: Verdict) -> str:
    if isinstance(verdict.expected, list):
        return "initial loss within [{:g}, {:g}]".format(*verdict.expected)
    return f"final loss below {verdict.expected:g}"


def met_by(expect: Expectations, table: "SeedTable") -> int:
    """How many seeds meet every expectation; one that diverged does not."""
    losses = zip(table.initial_loss.tolist(), table.final_loss.tolist(), strict=True)
    met = [all(verdict.met for verdict in judge(expect, *pair)) for pair in losses]
    return sum(one and at < 0 for one, at in zip(met, table.diverged_at.tolist(), strict=True))
