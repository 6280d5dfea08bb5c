"""Training many seeds at once: the loop of trainer.py, with arrays in place of numbers."""

import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from minigrad.data import Dataset
from minigrad.engines.replicas import Evaluated, ReplicaEngine
from minigrad.lift.checked import ArrayParameter
from minigrad.lift.kernels import Array
from minigrad.lift.models import one_hot
from minigrad.training.batches import Batches
from minigrad.training.packed import pack, unpack
from minigrad.training.plan import EVERY_STEP, Plan
from minigrad.training.seed_recorder import SeedRecorder
from minigrad.training.seed_table import NAME, SeedTable, ordered, quantiles, quartiles
from minigrad.training.trainer import Diverged, Evaluation, Stateful
from optim import Optimizer
from optim.clipping import clip_grad_norm, clip_grad_value
from optim.schedules import Schedule

_HUGE = 1e150  # slopes below it have a finite norm, however many


@dataclass
class Replica:
    """One seed's data and what it has of its own; its model is in the engine."""

    seed: int
    dataset: Dataset
    validation: Dataset | None
    batches: Batches
    schedule: Schedule


@dataclass(frozen=True)
class ReplicaRecord:
    """One step of all seeds: the losses' median, quartiles and largest, and how many have diverged.

    A diverged seed counts as an infinite loss. `lr` is that of the first seed that is left.
    """

    step: int
    loss: float
    loss_q25: float
    loss_q75: float
    loss_worst: float
    lr: float
    val_loss: float | None
    diverged: int
    time: float


class ReplicaTrainer:
    """Trains `replicas` side by side, each exactly as it would be trained alone.

    A seed that diverges is left out from there on, and the others go on. `is_logged` says of which
    steps each seed's loss is kept, or with `keeps_curves` false the quantiles of all, and the
    validation loss measured. Otherwise as Trainer.
    """

    def __init__(
        self,
        engine: ReplicaEngine,
        optimizer: Optimizer,
        replicas: Sequence[Replica],
        *,
        is_logged: Callable[[int], bool],
        correct: Callable[[Sequence[float], Any], bool] | None = None,
        clip_norm: float | None = None,
        clip_value: float | None = None,
        description: Mapping[str, Any] | None = None,
        keeps_curves: bool = True,
    ) -> None:
        self.engine, self.optimizer, self.replicas = engine, optimizer, list(replicas)
        self.is_logged, self.correct = is_logged, correct
        self.clip_norm, self.clip_value = clip_norm, clip_value
        self.description = description
        self.step, self.seconds = 0, 0.0
        self.active = list(range(len(self.replicas)))
        self.failures: dict[int, str] = {}
        self._train = self._stacked([replica.dataset for replica in self.replicas])
        held_out = [replica.validation for replica in self.replicas if replica.validation]
        self._validation = self._stacked(held_out) if held_out else None
        every = [replica.seed for replica in self.replicas]
        self.recorder = SeedRecorder(every, keeps_curves=keeps_curves)

    @property
    def agreement(self) -> Any:
        """The deviation of the engine's first step from eager."""
        return self.engine.agreement

    @property
    def predict(self) -> None:
        """None: many models have no single output."""

    @property
    def batches(self) -> Batches:
        """Those of the first seed, as `dataset` and `validation` are."""
        return self.replicas[0].batches

    @property
    def dataset(self) -> Dataset:
        return self.replicas[0].dataset

    @property
    def validation(self) -> Dataset | None:
        return self.replicas[0].validation

    def train(self, steps: int, plan: Plan = EVERY_STEP) -> Iterator[ReplicaRecord]:  # noqa: ARG002
        """Train until `steps` steps are done, giving records as Trainer does.

        Raises Diverged once every seed has.
        """
        start = time.perf_counter() - self.seconds
        for step in range(self.step, steps):
            logged = self.is_logged(step)
            losses, val_loss = self._losses(logged)
            self._set_rates(step)  # of those that are left
            self._clip()
            rate = self._rate()
            self.optimizer.step()
            self._observe(losses)
            self.step, self.seconds = step + 1, time.perf_counter() - start
            if logged:
                self.recorder.log(step, losses)
            yield record_of(step, ordered(losses), rate, val_loss, len(self.failures), self.seconds)

    def evaluate(self) -> Evaluation:
        """The median over the seeds of the loss over all training data.

        A seed that has none is left out from here on; raises Diverged once every seed is.
        """
        result = self.engine.evaluate(*self._train)
        losses = self.spread_out(result.losses)
        if self.step == 0:
            self.recorder.log_initial(losses)
        if result.failures:
            self.drop(self._before(result))
        return Evaluation(quartiles(losses)[1], None)

    def results(self, initial_loss: float) -> dict[str, Any]:
        """The results of the training, by the names of a run's summary.

        A seed that has no final loss has diverged too. Raises Diverged if every seed has.
        """
        table = self._measured()
        summary = {"initial_loss": initial_loss if math.isfinite(initial_loss) else None}
        summary |= table.summary()
        if not self._validation:
            del summary["val_loss"]
        return {**summary, **self.counts(), "steps": self.step}

    def counts(self) -> dict[str, int]:
        """How many seeds there are, and how many of them have diverged."""
        return {"seeds": len(self.replicas), "diverged": len(self.failures)}

    def table(self) -> SeedTable:
        """Each seed's numbers so far."""
        return self.recorder.table()

    def files(self) -> dict[str, bytes]:
        """What is kept beside the checkpoint, by file name."""
        return {NAME: self.table().to_bytes()}

    def load_files(self, files: Mapping[str, bytes]) -> None:
        """Take over each seed's losses up to `step`, after `load_state_dict()`.

        Raises ValueError for those of other seeds, or of fewer steps.
        """
        self.recorder.restore(files[NAME], self.step, self.is_logged, self.failures)

    def state_dict(self) -> dict[str, Any]:
        """The state on which the next steps depend, ready for JSON."""
        schedules = [self.replicas[index].schedule for index in self.active]
        description = {"model": self.description} if self.description else {}
        return {
            "step": self.step,
            "seconds": self.seconds,
            "active": self.active,
            "failures": {str(index): reason for index, reason in self.failures.items()},
            "parameters": pack(self.engine.parameter.data),
            "optimizer": self._optimizer_state(),
            "schedules": _states(schedules),
            **description,
        }

    def _optimizer_state(self) -> dict[str, Any]:
        before = [group.states for group in self.optimizer.groups]
        try:
            for group in self.optimizer.groups:
                group.states = _each_entry(pack, group.states)
            return self.optimizer.state_dict()
        finally:
            for group, states in zip(self.optimizer.groups, before, strict=True):
                group.states = states

    def _load_optimizer(self, saved: Mapping[str, Any]) -> None:
        groups = [
            {**group, "states": _each_entry(unpack, group["states"])} for group in saved["groups"]
        ]
        self.optimizer.load_state_dict({**saved, "groups": groups})

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue, bit for bit, as the trainer that returned the state would have."""
        failures = {int(index): reason for index, reason in state["failures"].items()}
        self._keep(state["active"])  # with those that only had no final loss: they may go on
        self.failures = {i: why for i, why in failures.items() if i not in self.active}
        self.engine.parameter.data = unpack(state["parameters"])
        self._load_optimizer(state["optimizer"])
        for index, saved in zip(self.active, state["schedules"], strict=True):
            replica = self.replicas[index]
            if isinstance(replica.schedule, Stateful):
                replica.schedule.load_state_dict(saved)
            if not replica.batches.whole:
                for _ in range(state["step"]):  # a generator's state takes 600 numbers a seed
                    replica.batches.choose()
        self.step, self.seconds = state["step"], state["seconds"]

    # Data: [replicas, samples, numbers], those of the active replicas.

    def _stacked(self, datasets: Sequence[Dataset]) -> tuple[Array, Array]:
        if self.engine.shares_data and all(dataset is datasets[0] for dataset in datasets):
            datasets = datasets[:1]
        targets = np.array([dataset.targets for dataset in datasets])
        if self.engine.classes is not None:
            stacked = one_hot(targets, self.engine.classes)
        else:
            stacked = targets[..., None]
        return np.array([dataset.inputs for dataset in datasets]), stacked

    def _next_batch(self) -> tuple[Array, Array]:
        batches = [self.replicas[index].batches for index in self.active]
        first = batches[0].choose()
        if first is None:
            return self._train
        return self.batch_of([first, *(one.choose() for one in batches[1:])])

    def batch_of(self, chosen: Sequence[Any]) -> tuple[Array, Array]:
        """The samples that each active replica chose."""
        places = np.arange(len(chosen))[:, None] if len(self._train[0]) > 1 else 0
        return self._train[0][places, np.array(chosen)], self._train[1][places, np.array(chosen)]

    def whole_batch(self) -> tuple[Array, Array]:
        """All samples."""
        return self._train

    def spread_out(self, entries: Array) -> Array:
        """An entry for every seed, nan for those that have diverged."""
        whole = np.full(len(self.replicas), np.nan)
        whole[self.active] = entries
        return whole

    # Steps.

    def _losses(self, logged: bool) -> tuple[Array, float | None]:
        """Each seed's loss, and the validation loss if it is time. Sets the gradients.

        Seeds that break are left out, for the reason that would have stopped each alone first.
        """
        result = self.engine.gradient(*self._next_batch())
        losses, val_losses = self.spread_out(result.losses), None
        failures = self._infinite_norms()
        if self._validation and logged:
            held_out = self.engine.evaluate(*self._validation)
            val_losses = self.spread_out(held_out.losses)
            failures |= self._before(held_out)
        failures |= {i: f"at step {self.step}: {why}" for i, why in result.failures.items()}
        if failures:
            self.drop(failures)
        for array in (losses, val_losses):
            if array is not None:
                array[[*self.failures]] = np.nan
        return losses, None if val_losses is None else quartiles(val_losses)[1]

    def _set_rates(self, step: int) -> None:
        """The schedule's rate; an array of them, one a replica, if schedules look at the loss."""
        schedule = self.replicas[self.active[0]].schedule
        self.optimizer.set_lr(schedule, step)
        if hasattr(schedule, "observe"):
            schedules = [self.replicas[index].schedule for index in self.active]
            for group in self.optimizer.groups:
                rates = [schedule(step, group.initial_lr) for schedule in schedules]
                group.settings.lr = np.array(rates)[:, None]

    def _rate(self) -> float:
        return float(np.ravel(self.optimizer.lr)[0])

    def _observe(self, losses: Array) -> None:
        for group in self.optimizer.groups:
            group.settings.lr = float(np.ravel(group.settings.lr)[0])
        for index in self.active:
            observe = getattr(self.replicas[index].schedule, "observe", None)
            if observe is None:
                return
            observe(float(losses[index]))

    def _clip(self) -> None:
        parameter = self.engine.parameter
        if self.clip_value is not None:
            clip_grad_value([parameter], self.clip_value)
        if self.clip_norm is not None:
            rows = [ArrayParameter(parameter.data[0], row) for row in parameter.grad]
            for row in rows:  # each replica's norm is its own
                clip_grad_norm([row], self.clip_norm)
            parameter.grad = np.array([row.grad for row in rows])

    def validated(self) -> tuple[float | None, dict[int, str]]:
        """The median validation loss, and why active replicas have none."""
        if not self._validation:
            return None, {}
        held_out = self.engine.evaluate(*self._validation)
        failures = self._before(held_out)
        losses = self.spread_out(held_out.losses)
        losses[[self.active[place] for place in failures]] = np.nan
        return quartiles(losses)[1], failures

    def _infinite_norms(self) -> dict[int, str]:
        grad = self.engine.parameter.grad
        if np.vdot(grad, grad) < _HUGE**2:  # the norm of all; nan is not less
            return {}
        largest = np.abs(grad).max(axis=-1)
        failures = {}
        for row in np.flatnonzero(~(largest < _HUGE)).tolist():  # nan is among them
            if not math.isfinite(norm := math.hypot(*grad[row].tolist())):
                failures[row] = f"at step {self.step}: the gradient's norm is {norm}"
        return failures

    def _before(self, result: Evaluated) -> dict[int, str]:
        return {i: f"before step {self.step}: {why}" for i, why in result.failures.items()}

    def drop(self, failures: Mapping[int, str], steps: Mapping[int, int] | None = None) -> None:
        """Leave out the replicas at these places among the active, from these steps on (default:
        from the next one). Raises Diverged for all.
        """
        self._note(failures, steps or {})
        self._keep([i for place, i in enumerate(self.active) if place not in failures])

    def _note(self, failures: Mapping[int, str], steps: Mapping[int, int]) -> None:
        for place, reason in sorted(failures.items()):
            index = self.active[place]
            self.failures[index] = f"diverged {reason}"
            self.recorder.mark_diverged(index, steps.get(place, self.step))
        if len(self.failures) == len(self.replicas):
            raise Diverged(f"every seed diverged, seed {self.replicas[0].seed} {self.failures[0]}")

    def _keep(self, indices: Sequence[int]) -> None:
        places = [self.active.index(index) for index in indices]
        if len(places) == len(self.active):
            return
        self.active = list(indices)
        self.engine.keep(places)
        for group in self.optimizer.groups:
            for state in group.states:
                for name, entry in state.items():
                    if isinstance(entry, np.ndarray):
                        state[name] = entry[places]
        for name in ("_train", "_validation"):
            if arrays := getattr(self, name):
                setattr(self, name, tuple(_those(array, places) for array in arrays))

    # Results.

    def _measured(self) -> SeedTable:
        """The table with the final numbers of the seeds that are left."""
        table = self.table()
        table.final_loss, table.final_accuracy = self._judged(
            self._train, [self.replicas[index].dataset for index in self.active]
        )
        if self._validation:
            held_out = [self.replicas[index].validation for index in self.active]
            table.val_loss, table.val_accuracy = self._judged(self._validation, held_out)
        for array in (table.final_loss, table.final_accuracy, table.val_loss, table.val_accuracy):
            array[[*self.failures]] = np.nan
        return table

    def _judged(
        self, arrays: tuple[Array, Array], datasets: Sequence[Dataset | None]
    ) -> tuple[Array, Array]:
        result = self.engine.evaluate(*arrays)
        self._note(self._before(result), {})
        accuracy = np.full(len(result.losses), np.nan)
        if result.correct is not None:
            accuracy = result.correct / arrays[0].shape[1]
        elif self.correct is not None:
            samples = zip(result.outputs.tolist(), datasets, strict=True)
            for row, (outputs, dataset) in enumerate(samples):
                assert dataset
                right = sum(map(self.correct, outputs, dataset.targets))
                accuracy[row] = right / len(dataset.targets)
        return self.spread_out(result.losses), self.spread_out(accuracy)


def _those(array: Array, places: Sequence[int]) -> Array:
    """The entries of some replicas; one that stands for all stays."""
    return array[places] if len(array) > 1 else array


def record_of(
    step: int, in_order: Array, lr: float, val_loss: float | None, diverged: int, seconds: float
) -> ReplicaRecord:
    """A step's record, of all seeds' losses in order."""
    low, median, high, worst = quantiles(in_order, (0.25, 0.5, 0.75, 1.0))
    return ReplicaRecord(
        step=step,
        loss=median,
        loss_q25=low,
        loss_q75=high,
        loss_worst=worst,
        lr=lr,
        val_loss=val_loss,
        diverged=diverged,
        time=seconds,
    )


def _each_entry(
    function: Callable[[Any], Any], states: Iterable[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    return [{name: function(entry) for name, entry in state.items()} for state in states]


def _states(schedules: Sequence[Schedule]) -> list[Any]:
    """What each schedule keeps, None for those that keep nothing; all are of one kind."""
    if not isinstance(schedules[0], Stateful):  # asked once: it takes longer than an answer
        return [None] * len(schedules)
    return [schedule.state_dict() for schedule in schedules if isinstance(schedule, Stateful)]
