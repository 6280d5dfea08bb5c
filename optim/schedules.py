"""Learning-rate schedules: each makes a function step -> factor on the optimizer's lr.

Your own: decorate a function of the same shape with `@SCHEDULES.register`.
"""

from collections.abc import Callable
from typing import TypeAlias

from minigrad.registry import Registry

Schedule: TypeAlias = Callable[[int], float]

SCHEDULES: Registry[Callable[..., Schedule]] = Registry("schedule")


@SCHEDULES.register
def constant() -> Schedule:
    """the optimizer's lr at every step"""
    return lambda _step: 1.0
