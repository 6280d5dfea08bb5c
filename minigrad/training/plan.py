"""What a consumer of a training's records needs, so that an engine may take many steps at once."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Plan:
    """`is_recorded` says of a step whether its record is needed; others may be left out, except the
    last of each call. `next_stop` gives the next number of done steps, above the given one, at
    which the trainer's state is to be looked at (None: there is none any more): no call goes past.
    """

    is_recorded: Callable[[int], bool] = lambda _step: True
    next_stop: Callable[[int], int | None] = lambda _done: None


EVERY_STEP = Plan()
