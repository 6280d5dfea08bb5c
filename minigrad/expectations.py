"""Whether a run kept the promises of its config's `expect` block."""

from dataclasses import dataclass

from minigrad.config import Expectations


@dataclass(frozen=True)
class Verdict:
    """One promise: what was `expected`, what was `found`, and a sentence that says both."""

    name: str
    expected: float | list[float]
    found: float
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
