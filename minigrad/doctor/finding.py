"""The result of a check."""

from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

Status: TypeAlias = Literal["ok", "warn", "FAIL", "skip"]


@dataclass(frozen=True)
class Finding:
    """A verdict, a sentence with the number measured, and what to do ("" where nothing is wrong).

    `numbers` has the measurements by name, for programs.
    """

    verdict: Status
    sentence: str
    advice: str = ""
    numbers: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return ": ".join(filter(None, [self.sentence, self.advice]))


def counted(count: int, noun: str) -> str:
    """A count and its noun.

    >>> counted(1, "step"), counted(1200, "step")
    ('1 step', '1,200 steps')
    """
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def percent(share: float) -> str:
    """A share in percent.

    >>> percent(0.525)
    '52 %'
    """
    return f"{100 * share:.0f} %"
