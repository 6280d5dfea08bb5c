"""The result of a check."""

from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

Status: TypeAlias = Literal["ok", "warn", "FAIL", "skip"]


@dataclass(frozen=True)
class Finding:
    """A verdict, a sentence with the measured number, and advice ("" if nothing is wrong).

    `numbers` has the measurements by name, for use by programs.
    """

    verdict: Status
    sentence: str
    advice: str = ""
    numbers: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return ": ".join(filter(None, [self.sentence, self.advice]))


def percent(share: float) -> str:
    """A share in percent.

    >>> percent(0.525)
    '52 %'
    """
    return f"{100 * share:.0f} %"
