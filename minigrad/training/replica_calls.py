"""The loop of replicas.py in calls of many steps, for an engine that takes whole steps."""

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from minigrad.engines.native_replicas import NativeReplicaEngine
from minigrad.engines.whole_steps import WholeSteps, step_row
from minigrad.lift.checked import ArrayParameter
from minigrad.lift.kernels import Array
from minigrad.native.machine import Steps
from minigrad.native.pace import SECONDS, Pace
from minigrad.training.calls import chosen_samples, rates_of, steady_steps, whole_steps_of
from minigrad.training.plan import EVERY_STEP, Plan
from minigrad.training.replicas import ReplicaRecord, ReplicaTrainer, record_of
from minigrad.training.seed_table import ordered
from optim.clipping import clip_grad_norm, clip_grad_value

MOST_NUMBERS = 10_000_000
"""In the arrays of a call: numbers of a step and places of samples, of all replicas."""


@dataclass
class ReplicaCall:
    """What one call did: losses [steps, seeds], nan from where a seed diverged, and rates."""

    first: int
    losses: Array
    rates: Sequence[float]
    val_loss: float | None
    diverged: list[int]
    """How many seeds have diverged by each step."""


class ReplicaTrainerInCalls(ReplicaTrainer):
    """One whose engine takes whole steps, as NativeReplicaEngine. Otherwise as ReplicaTrainer."""

    def train(self, steps: int, plan: Plan = EVERY_STEP) -> Iterator[ReplicaRecord]:
        """Train until `steps` steps are done, giving the records of the plan, as TrainerInCalls.

        Raises Diverged once every seed has.
        """
        whole = whole_steps_of(self)
        if whole is None:
            return super().train(steps, plan)
        return train_in_calls(self, whole, steps, plan)


def train_in_calls(
    trainer: ReplicaTrainer, whole: WholeSteps, steps: int, plan: Plan
) -> Iterator[ReplicaRecord]:
    """Train until `steps` steps are done; see calls.train_in_calls. Raises Diverged."""
    # Time of the processors, since what others do on them would shorten calls to single steps, of
    # which each copies all the models.
    seconds = SECONDS * (1 + whole.machine.threads) / 2  # not all of a call is shared out
    pace = Pace(seconds, time.process_time, has_fixed_cost=True)
    start = time.perf_counter() - trainer.seconds
    calls = _Calls(trainer, whole)
    while trainer.step < steps:
        pace.start()
        began = trainer.seconds
        call, failures, ends = calls.take(min(pace.steps, _most(trainer, steps, plan)))
        count = len(call.losses)
        all_failed = len(failures) == len(trainer.active)
        if all_failed:  # the step of the last to fail has no loss at all
            count = max(ends.values()) - call.first
        trainer.step = call.first + count
        trainer.seconds = time.perf_counter() - start
        if failures and not all_failed:
            trainer.drop(failures, ends)
        yield from _records(trainer, call, count, began, plan, pace)
        if all_failed:
            trainer.drop(failures, ends)


def _most(trainer: ReplicaTrainer, steps: int, plan: Plan) -> int:
    """How many steps may be done before the trainer has to look at something."""
    schedules = [trainer.replicas[index].schedule for index in _followers(trainer)]
    steady = min((steady_steps(schedule, steps) for schedule in schedules), default=steps)
    places = 0 if trainer.batches.whole else trainer.batches.size
    limit = MOST_NUMBERS // (len(trainer.active) * (3 + places)) + 1
    end = min(steps, trainer.step + limit, trainer.step + steady)
    stop = plan.next_stop(trainer.step)
    if stop is not None:
        end = min(end, stop)
    if trainer.validation is not None:
        end = next((step for step in range(trainer.step + 1, end) if trainer.is_logged(step)), end)
    return max(1, end - trainer.step)


def _followers(trainer: ReplicaTrainer) -> Sequence[int]:
    """The active replicas, if their schedules follow their losses."""
    follows = hasattr(trainer.replicas[trainer.active[0]].schedule, "observe")
    return trainer.active if follows else []


def _records(
    trainer: ReplicaTrainer, call: ReplicaCall, count: int, began: float, plan: Plan, pace: Pace
) -> Iterator[ReplicaRecord]:
    each = (trainer.seconds - began) / max(count, 1)
    for place in range(count):
        step, losses = call.first + place, call.losses[place]
        is_logged, is_last = trainer.is_logged(step), place == count - 1
        if not (is_logged or is_last or plan.is_recorded(step)):
            continue
        in_order = ordered(losses)
        if is_logged:
            trainer.recorder.log(step, losses, in_order)
        if is_last:
            pace.stop(count)  # a checkpoint after the last one is not of the call
        if is_last or plan.is_recorded(step):
            val_loss = call.val_loss if place == 0 else None
            seconds = began + each * (place + 1)
            numbers = call.rates[place], val_loss, call.diverged[place], seconds
            yield record_of(step, in_order, *numbers)


class _Calls:
    """Takes calls of steps of all active replicas."""

    def __init__(self, trainer: ReplicaTrainer, whole: WholeSteps) -> None:
        assert isinstance(trainer.engine, NativeReplicaEngine)
        self.trainer, self.whole, self.engine = trainer, whole, trainer.engine
        self._ahead: dict[int, list[list[int]]] = {}
        """By replica, samples that were chosen for steps which are still to be taken."""

    def take(self, count: int) -> tuple[ReplicaCall, dict[int, str], dict[int, int]]:
        """Take `count` steps, or fewer. Gives, by their places among the active, the replicas that
        diverged on the way, why, and the step that each had no answer at.
        """
        trainer = self.trainer
        first = trainer.step
        if not trainer.batches.whole:
            self._choose(count)
        self.engine.compare(*self._batch(0))
        val_loss = self._validate()
        rates = self._rates(count)
        steps, failures = self._train(rates)
        ends = {place: first + int(steps.done[place]) for place in failures}
        self._observe(steps, rates)
        for samples in self._ahead.values():
            del samples[: len(steps.losses)]
        losses = steps.losses
        if len(trainer.active) < len(trainer.replicas):
            losses = np.full((len(steps.losses), len(trainer.replicas)), np.nan)
            losses[:, trainer.active] = steps.losses
        numbers = np.arange(first, first + len(losses))
        lost = len(trainer.failures) + np.searchsorted(sorted(ends.values()), numbers, "right")
        call = ReplicaCall(first, losses, rates[:, 0].tolist(), val_loss, lost.tolist())
        return call, {i: f"at step {ends[i]}: {why}" for i, why in failures.items()}, ends

    # Samples and rates.

    def _choose(self, count: int) -> None:
        for index in self.trainer.active:
            samples = self._ahead.setdefault(index, [])
            while len(samples) < count:
                chosen = self.trainer.replicas[index].batches.choose()
                assert chosen is not None
                samples.append(chosen)

    def _batch(self, place: int) -> tuple[Array, Array]:
        """The batch of the call's step at `place`."""
        if self.trainer.batches.whole:
            return self.trainer.whole_batch()
        return self.trainer.batch_of([self._ahead[i][place] for i in self.trainer.active])

    def _rates(self, count: int) -> Array:
        """The learning rates [steps, replicas or 1]; up to a step that has none."""
        trainer, group = self.trainer, self.trainer.optimizer.groups[0]
        first = trainer.replicas[trainer.active[0]].schedule
        if hasattr(first, "observe"):
            trainer.optimizer.set_lr(first, trainer.step)
            schedules = [trainer.replicas[index].schedule for index in trainer.active]
            own = [schedule(trainer.step, group.initial_lr) for schedule in schedules]
            return np.tile(np.array(own, dtype=float), (count, 1))
        steps = range(trainer.step, trainer.step + count)
        return np.array(rates_of(trainer.optimizer, first, steps), dtype=float)[:, None]

    def _observe(self, steps: Steps, rates: Array) -> None:
        trainer = self.trainer
        if len(steps.losses) < len(rates):  # as if the others had not been asked for
            first = trainer.replicas[trainer.active[0]].schedule
            trainer.optimizer.set_lr(first, trainer.step + len(steps.losses) - 1)
        for place, index in enumerate(_followers(trainer)):
            schedule: Any = trainer.replicas[index].schedule
            for loss in steps.losses[: steps.done[place], place].tolist():
                schedule.observe(loss)

    def _validate(self) -> float | None:
        """The validation loss before the call. Replicas that have none are left out, each for the
        reason that would have stopped it alone.
        """
        trainer = self.trainer
        if trainer.validation is None or not trainer.is_logged(trainer.step):
            return None
        val_loss, failures = trainer.validated()
        if failures:
            batch = self._batch(0)
            for place in failures:
                try:
                    self.engine.gradient_alone(place, *batch)
                except ArithmeticError as error:
                    failures[place] = f"at step {trainer.step}: {error}"
            trainer.drop(failures)
        return val_loss

    # Steps.

    def _train(self, rates: Array) -> tuple[Steps, dict[int, str]]:
        """Steps at these rates, and why replicas stopped. Where one has a step that only Values can
        take, all stop before it, or take that step alone.
        """
        parameter, group = self.engine.parameter, self.trainer.optimizer.groups[0]
        data, state = parameter.data, group.states[0]
        steps = self._run(rates)
        failures: dict[int, str] = {}
        slopes: dict[int, tuple[float, Array]] = {}
        for place in np.flatnonzero(steps.done < len(rates)).tolist():
            try:
                slopes[place] = self._alone(place, int(steps.done[place]))
            except ArithmeticError as error:
                failures[place] = str(error)
        if slopes and (fewer := min(int(steps.done[place]) for place in slopes)):
            parameter.data, group.states[0] = data, state
            return self._train(rates[:fewer])
        if slopes and len(rates) > 1:
            parameter.data, group.states[0] = data, state
            return self._train(rates[:1])
        for place, (loss, gradient) in slopes.items():
            self._step_by_rule(place, gradient, rates, state)
            steps.losses[0, place], steps.done[place] = loss, 1
        return steps, failures

    def _run(self, rates: Array) -> Steps:
        chosen, trainer = None, self.trainer
        if not trainer.batches.whole:
            samples = [self._ahead[index][: len(rates)] for index in trainer.active]
            chosen = chosen_samples(samples, trainer.batches.size)
        inputs = self.engine.stacked(*trainer.whole_batch())
        return self.whole.take(inputs, rates, chosen, only_losses=True)

    def _alone(self, place: int, step: int) -> tuple[float, Array]:
        """The loss and gradient of a replica at the call's step that it broke at.

        Raises ArithmeticError for one that has none, or a gradient of infinite norm.
        """
        loss, gradient = self.engine.gradient_alone(place, *self._batch(step))
        norm = math.hypot(*gradient.tolist())
        if not math.isfinite(norm):
            raise ArithmeticError(f"the gradient's norm is {norm}")
        return loss, gradient

    def _step_by_rule(self, place: int, gradient: Array, rates: Array, before: Any) -> None:
        trainer, group = self.trainer, self.trainer.optimizer.groups[0]
        slopes = ArrayParameter(np.empty(0), gradient)
        if trainer.clip_value is not None:
            clip_grad_value([slopes], trainer.clip_value)
        if trainer.clip_norm is not None:
            clip_grad_norm([slopes], trainer.clip_norm)
        group.settings.lr = float(rates[0, place if rates.shape[1] > 1 else 0])
        step_row(trainer.optimizer, place, slopes.grad, before)
