"""Learning-rate schedules: functions (step, lr) -> the rate for this step, counted from 0.

`lr` is the rate that the optimizer, or the group, was made with. Each function here makes a
schedule from its settings, which have PyTorch's names and defaults:

    optimizer.set_lr(cosine(T_max=500), step)        # before each step

To add your own, decorate such a function with `@SCHEDULES.register`.
"""

import bisect
import itertools
import math
from collections.abc import Callable
from typing import Annotated, Literal, TypeAlias

from minigrad.registry import Registry
from minigrad.settings import Range, check
from optim.settings import Factor, NonNegative, Share

Schedule: TypeAlias = Callable[[int, float], float]

Count: TypeAlias = Annotated[int, Range("[1, 1000000000]")]
Whole: TypeAlias = Annotated[int, Range("[0, 1000000000]")]

SCHEDULES: Registry[Callable[..., Schedule]] = Registry("schedule")


@SCHEDULES.register
def constant() -> Schedule:
    """the optimizer's lr at every step

    >>> constant()(7, 0.1)
    0.1
    """
    return lambda _step, lr: lr


@SCHEDULES.register
def step(*, step_size: Count, gamma: Factor = 0.1) -> Schedule:
    """lr times gamma after every step_size steps

        rate = lr * gamma^floor(step / step_size)

    As torch.optim.lr_scheduler.StepLR.

    >>> rate = step(step_size=10)
    >>> rate(9, 1.0), rate(10, 1.0)
    (1.0, 0.1)
    """
    check(step, locals())
    return lambda step, lr: lr * gamma ** (step // step_size)


@SCHEDULES.register
def multistep(
    *, milestones: Annotated[list[int], Range("[0, 1000000000]")], gamma: Factor = 0.1
) -> Schedule:
    """lr times gamma at every milestone

        rate = lr * gamma^(number of milestones up to step)

    As torch.optim.lr_scheduler.MultiStepLR.

    >>> rate = multistep(milestones=[2, 5], gamma=0.5)
    >>> [rate(step, 1.0) for step in range(6)]
    [1.0, 1.0, 0.5, 0.5, 0.5, 0.25]
    """
    check(multistep, locals())
    steps = list(milestones)
    if any(later <= earlier for earlier, later in itertools.pairwise(steps)):
        raise ValueError(
            "milestones must be one or more whole numbers in [0, 1000000000], "
            f"each above the one before, found {milestones!r}"
        )
    return lambda step, lr: lr * gamma ** bisect.bisect_right(steps, step)


@SCHEDULES.register
def exponential(*, gamma: Factor) -> Schedule:
    """lr times gamma after every step

        rate = lr * gamma^step

    As torch.optim.lr_scheduler.ExponentialLR.

    >>> exponential(gamma=0.5)(3, 1.0)
    0.125
    """
    check(exponential, locals())
    return lambda step, lr: lr * gamma**step


@SCHEDULES.register
def linear(
    *,
    start_factor: Annotated[float, Range("(0, 1]")] = 1 / 3,
    end_factor: Share = 1.0,
    total_iters: Count = 5,
) -> Schedule:
    """a straight line from start_factor * lr to end_factor * lr in total_iters steps

        rate = lr * (start_factor + (end_factor - start_factor) * min(1, step / total_iters))

    As torch.optim.lr_scheduler.LinearLR.

    >>> rate = linear(start_factor=0.5, total_iters=2)
    >>> [rate(step, 1.0) for step in range(4)]
    [0.5, 0.75, 1.0, 1.0]
    """
    check(linear, locals())

    def schedule(step: int, lr: float) -> float:
        share = min(step, total_iters) / total_iters
        return lr * (start_factor + (end_factor - start_factor) * share)

    return schedule


@SCHEDULES.register
def cosine(*, T_max: Count, eta_min: NonNegative = 0.0) -> Schedule:  # noqa: N803 - PyTorch's name
    """a half cosine wave from lr to eta_min in T_max steps, and back

        rate = eta_min + (lr - eta_min) * (1 + cos(pi * step / T_max)) / 2

    After T_max steps the rate rises again, to lr at 2 * T_max, and so on. As
    torch.optim.lr_scheduler.CosineAnnealingLR; Loshchilov and Hutter 2017, "SGDR: stochastic
    gradient descent with warm restarts", without the restarts.

    >>> rate = cosine(T_max=100, eta_min=0.2)
    >>> rate(0, 1.0), rate(100, 1.0), rate(200, 1.0)
    (1.0, 0.2, 1.0)
    """
    check(cosine, locals())
    return lambda step, lr: _cosine(lr, eta_min, step / T_max)


@SCHEDULES.register
def warmup_cosine(
    *, warmup_steps: Whole, total_steps: Count, eta_min: NonNegative = 0.0
) -> Schedule:
    """a straight line up to lr in warmup_steps, then a cosine down to eta_min at total_steps

        rate = lr * (step + 1) / warmup_steps                              step < warmup_steps
        rate = eta_min + (lr - eta_min) * (1 + cos(pi * t)) / 2            else, where
        t = min(1, (step - warmup_steps) / (total_steps - warmup_steps))

    The rate is lr at the steps warmup_steps - 1 and warmup_steps, and eta_min from total_steps on.
    Up to there as torch.optim.lr_scheduler.SequentialLR with milestones=[warmup_steps] of
    LinearLR(start_factor=1 / warmup_steps, total_iters=warmup_steps - 1) and
    CosineAnnealingLR(T_max=total_steps - warmup_steps).

    >>> rate = warmup_cosine(warmup_steps=4, total_steps=100)
    >>> [rate(step, 1.0) for step in (0, 1, 3, 4, 52, 100, 101)]
    [0.25, 0.5, 1.0, 1.0, 0.5, 0.0, 0.0]
    """
    check(warmup_cosine, locals())
    if total_steps <= warmup_steps:
        raise ValueError(
            f"total_steps must be a whole number in ({warmup_steps}, inf), above warmup_steps, "
            f"found {total_steps!r}"
        )

    def schedule(step: int, lr: float) -> float:
        if step < warmup_steps:
            return lr * (step + 1) / warmup_steps
        return _cosine(lr, eta_min, min(1, (step - warmup_steps) / (total_steps - warmup_steps)))

    return schedule


@SCHEDULES.register
def one_cycle(
    *,
    total_steps: Count,
    pct_start: Share = 0.3,
    div_factor: Factor = 25.0,
    final_div_factor: Factor = 1e4,
    anneal_strategy: Literal["cos", "linear"] = "cos",
) -> Schedule:
    """up to lr in the first pct_start of total_steps, then down to nearly 0

        from lr / div_factor                           at step 0
        to   lr                                        at step pct_start * total_steps - 1
        to   lr / (div_factor * final_div_factor)      at step total_steps - 1, and after

    Between these points the rate follows a half cosine wave or a straight line. The
    optimizer's lr is the peak, max_lr in PyTorch. As torch.optim.lr_scheduler.OneCycleLR with
    cycle_momentum=False; Smith and Topin 2018, "Super-convergence".

    >>> rate = one_cycle(total_steps=10)
    >>> [round(rate(step, 1.0), 6) for step in (0, 1, 2, 3, 9)]
    [0.04, 0.52, 1.0, 0.950485, 4e-06]
    """
    check(one_cycle, locals())
    between = _cosine if anneal_strategy == "cos" else _line
    last = total_steps - 1
    peak = pct_start * total_steps - 1  # rarely a whole number; below 0 there is no first part

    def schedule(step: int, lr: float) -> float:
        step = min(step, last)
        first, final = lr / div_factor, lr / div_factor / final_div_factor
        if step <= peak:
            return between(first, lr, step / peak if peak else 1)
        return between(lr, final, (step - peak) / (last - peak))

    return schedule


def _cosine(start: float, end: float, share: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * share)) / 2


def _line(start: float, end: float, share: float) -> float:
    return start + (end - start) * share
