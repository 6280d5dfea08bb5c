"""The loop of trainer.py in calls of many steps, for an engine that takes whole steps."""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from minigrad.engines.whole_steps import WholeSteps
from minigrad.native.machine import BatchIndices, Steps
from minigrad.native.pace import Pace
from minigrad.training.plan import EVERY_STEP, Plan
from minigrad.training.trainer import Diverged, StepRecord, Trainer
from optim import Optimizer
from optim.schedules import Schedule

MOST_NUMBERS = 4_000_000
"""In the arrays of a call; a step has six of its own and its samples' places."""


@dataclass
class Call:
    """The steps from `first` on that one call took, with what went into them."""

    first: int
    steps: Steps
    rates: list[float]
    sizes: list[int]
    val_loss: float | None

    @property
    def done(self) -> int:
        return int(self.steps.done[0])


class TrainerInCalls(Trainer):
    """A trainer whose engine takes whole steps, such as NativeEngine. Otherwise as Trainer."""

    def train(self, steps: int, plan: Plan = EVERY_STEP) -> Iterator[StepRecord]:
        """Train until `steps` steps are done, giving the records of the plan.

        When a record is given its step is done. So may be others after it, whose records follow:
        the state may be saved where `self.step` is the record's step + 1. Raises Diverged.
        """
        whole = whole_steps_of(self)
        if whole is None:
            return super().train(steps, plan)
        return train_in_calls(self, whole, steps, plan)


def whole_steps_of(trainer: Any) -> WholeSteps | None:
    """The whole steps of a trainer's engine; None with an optimizer of one's own."""
    limits = {"clip_norm": trainer.clip_norm, "clip_value": trainer.clip_value}
    whole: WholeSteps | None = trainer.engine.whole_steps(
        trainer.optimizer, trainer.correct, **limits
    )
    return whole


def train_in_calls(
    trainer: Trainer, whole: WholeSteps, steps: int, plan: Plan
) -> Iterator[StepRecord]:
    """Train until `steps` steps are done. The records, and every number in them, are the same
    wherever calls begin and end; a call lasts about as long as native/pace.py says, with what is
    done with its records. Raises Diverged.
    """
    pace, start = Pace(), time.perf_counter() - trainer.seconds
    data: Any = trainer.engine
    inputs = data.stacked(trainer.dataset.inputs, trainer.dataset.targets)
    limit = MOST_NUMBERS // (6 + (0 if trainer.batches.whole else trainer.batches.size)) + 1
    while trainer.step < steps:
        pace.start()
        began = trainer.seconds
        count = min(pace.steps, limit, _most(trainer, steps, plan))
        call = _call(trainer, whole, inputs, count)
        trainer.seconds = time.perf_counter() - start
        yield from _records(trainer, call, began, plan, pace)
        if call.done < len(call.rates):  # a step that broke: its operation is named, or it goes on
            record = trainer.take_step(trainer.step)
            trainer.seconds = time.perf_counter() - start
            yield replace(record, time=trainer.seconds)


def _most(trainer: Trainer, steps: int, plan: Plan) -> int:
    """How many steps may be done before the trainer has to look at something."""
    ends = [steps, trainer.step + steady_steps(trainer.schedule, steps)]
    stop = plan.next_stop(trainer.step)
    if stop is not None:
        ends.append(stop)
    if trainer.validation is not None:
        ends.append((trainer.step // trainer.validate_every + 1) * trainer.validate_every)
    return max(1, min(ends) - trainer.step)


def steady_steps(schedule: Any, steps: int) -> int:
    """How many steps may be taken before the schedule, if it follows the loss, is shown theirs."""
    if not hasattr(schedule, "observe"):
        return steps
    ask = getattr(schedule, "steady_steps", None)  # one of one's own may not have it
    return int(ask()) if ask else 1


def _call(trainer: Trainer, whole: WholeSteps, inputs: Any, count: int) -> Call:
    """Take `count` steps, or as many as are done before one breaks."""
    first, batches = trainer.step, trainer.batches
    engine: Any = trainer.engine
    rates = rates_of(trainer.optimizer, trainer.schedule, range(first, first + count))
    before = None if batches.whole else batches.state_dict()
    samples = [batches.choose() for _ in rates]
    if trainer.agreement is None:  # hold the first batch against eager
        engine.compare(*batches.take(samples[0]))
    val_loss = _validated(trainer, samples[0])
    chosen = None if before is None else chosen_samples([samples], batches.size)
    steps = whole.take(inputs, np.array(rates)[:, None], chosen)
    sizes = [len(trainer.dataset.inputs) if one is None else len(one) for one in samples]
    call = Call(first, steps, rates, sizes, val_loss)
    trainer.step += call.done
    if call.done < len(rates) and before is not None:  # as if the others had not been chosen
        batches.load_state_dict(before)
        for _ in range(call.done):
            batches.choose()
    if call.done:
        trainer.optimizer.set_lr(trainer.schedule, trainer.step - 1)
        if observe := getattr(trainer.schedule, "observe", None):
            for loss in steps.losses[: call.done, 0].tolist():
                observe(loss)
    return call


def rates_of(optimizer: Optimizer, schedule: Schedule, steps: Iterable[int]) -> list[float]:
    """These steps' learning rates, up to one that has none: it is for a later call to say."""
    rates: list[float] = []
    for step in steps:
        try:
            optimizer.set_lr(schedule, step)
        except Exception:  # of a schedule of one's own
            if not rates:
                raise
            break
        rates.append(optimizer.lr)
    return rates


def _validated(trainer: Trainer, chosen: list[int] | None) -> float | None:
    """The validation loss before the call. Raises Diverged, for the step's own reason first."""
    try:
        return trainer.val_loss(trainer.step)
    except Diverged:
        try:
            trainer.engine.gradient(*trainer.batches.take(chosen))
        except ArithmeticError as error:
            sentence = f"training diverged at step {trainer.step}: {error}"
            raise Diverged(sentence) from error
        raise


def chosen_samples(samples: Sequence[Sequence[Any]], size: int) -> BatchIndices:
    """The samples that each replica chose at each step, as the machine takes them.

    The width is `size` even where every batch of the call is smaller: in which parts a batch's sum
    is added depends on it.
    """
    first = samples[0]
    sizes = np.array([len(one) for one in first], dtype=np.int64)
    chosen = np.zeros((len(first), len(samples), size), dtype=np.int64)
    for replica, steps in enumerate(samples):
        if (sizes == size).all():
            chosen[:, replica] = steps
            continue
        for step, one in enumerate(steps):
            chosen[step, replica, : len(one)] = one
    return BatchIndices(chosen, sizes)


def _records(
    trainer: Trainer, call: Call, began: float, plan: Plan, pace: Pace
) -> Iterator[StepRecord]:
    each = (trainer.seconds - began) / max(call.done, 1)
    losses, norms, correct = (
        array[: call.done, 0].tolist()
        for array in (call.steps.losses, call.steps.norms, call.steps.correct)
    )
    for place in range(call.done):
        step = call.first + place
        if place == call.done - 1:
            pace.stop(call.done)  # a checkpoint after the last one is not of the call
        if plan.is_recorded(step) or place == call.done - 1:
            yield StepRecord(
                step=step,
                loss=losses[place],
                lr=call.rates[place],
                grad_norm=norms[place],
                accuracy=correct[place] / call.sizes[place] if trainer.correct else None,
                val_loss=call.val_loss if place == 0 else None,
                time=began + each * (place + 1),
            )
