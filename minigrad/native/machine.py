"""A program on the machine: its loss, outputs and gradient, and whole training steps.

Parameters are arrays [replicas, parameters]. Inputs are one array [replicas, numbers, samples], or
[1, numbers, samples] where all replicas have the same; `stacked` makes it of the arguments.
"""

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from minigrad.lift.kernels import Array
from minigrad.lift.program import Program
from minigrad.native.instructions import translate
from minigrad.native.loading import is_named, machine_name, module
from minigrad.native.rules import UpdateRule

NO_RULE = -1

WORTH_A_CALL = 128
"""Replicas that a thread takes at once, if there are so many."""

NARROW = {"avx512": "avx2"}
"""Four samples fill half of the lanes: half as many take a sixth less time, and give the same bits
(XOR's step: 0.25 us instead of 0.31)."""


@dataclass
class BatchResult:
    """What came of a batch: mean losses [replicas], counts of right answers [replicas], outputs
    [replicas, batch, outputs] and, if asked for, slopes [replicas, parameters].

    `finite` [replicas] is False where an operation, the loss or a slope has no finite answer: then
    eager Values, on the same batch, name the operation or have the right numbers.
    """

    losses: Array
    correct: Array
    outputs: Array
    finite: Any
    gradient: Array | None = None


@dataclass
class Update:
    """An optimizer's rule, its settings, and its state from the steps before.

    `states` [states of the rule, replicas, parameters] start at 0, where the optimizer does not say
    otherwise; with `states_before` a call reads them there, and only writes to `states`. `t` is the
    number of steps done, `product` NAdam's of its momenta. `clip_norm` and `clip_value` bound
    slopes as optim.clipping does.
    """

    rule: UpdateRule
    settings: Sequence[float]
    states: Array
    states_before: Array | None = None
    t: int = 0
    product: float = 1.0
    clip_norm: float = math.inf
    clip_value: float = math.inf


@dataclass
class BatchIndices:
    """Which samples each step of a call takes: `chosen` [steps, replicas or 1, batch] and, where
    some batches are smaller, `sizes` [steps]. Without `chosen` every batch is all samples.
    """

    chosen: Any = None
    sizes: Any = None


@dataclass
class Steps:
    """Arrays [steps, replicas] of the losses, gradient norms and counts of right answers, each
    before the step's update, and how many steps each replica has done, [replicas]. Norms and counts
    are None where they were not asked for.

    A replica that has done fewer stopped before the update of the step that broke: its numbers are
    nan from that step on, its parameters and states those before it.
    """

    losses: Array
    norms: Any
    correct: Any
    done: Any
    carried: Array = field(repr=False)


class Machine:
    """A program, translated and checked, for batches of any size and any number of replicas.

    `correct` is that of `translate`, `name` of a machine in place of the processor's best, and
    `threads` the number of cores that replicas are spread over; no bit depends on it. Raises
    NativeMissing, and LiftError for what the machine has no instruction for.
    """

    def __init__(
        self, program: Program, correct: str | None = None, name: str = "", threads: int = 1
    ) -> None:
        self._module = module()
        self.name = name or machine_name()
        self._narrow = "" if name or is_named() else NARROW.get(self.name, "")
        self.code = translate(program, correct)
        self.program = program
        self.threads = threads
        self._prepared = self.code.prepare(self._module)

    def gradient(self, parameters: Array, inputs: Array) -> BatchResult:
        """Losses, outputs and slopes of a whole batch."""
        return self._batch(parameters, inputs, np.empty_like(parameters))

    def evaluate(self, parameters: Array, inputs: Array) -> BatchResult:
        """Losses and outputs."""
        return self._batch(parameters, inputs, None)

    def train(
        self,
        parameters: Array,
        inputs: Array,
        update: Update,
        rates: Array,
        batches: BatchIndices | None = None,
        *,
        before: Array | None = None,
        only_losses: bool = False,
    ) -> Steps:
        """Take len(rates) steps; `parameters` and the update's states are changed in place, or
        written alone, where those `before` the call are to be kept.

        `rates` [steps, replicas or 1] are the learning rates. The update's `t` and `product` are
        those of the replica that went farthest: one that stopped before has its own number of steps
        in `done`. With `only_losses` the other numbers of steps are not written down: of many
        replicas they take longer to store than to compute.
        """
        steps, replicas = len(rates), len(parameters)
        carried = np.full(steps + 1, update.product)
        numbers = self._module.numbers(
            self.name, update.rule.number, np.array(update.settings, dtype=float), update.t + 1,
            carried,
        )  # fmt: skip
        shape = steps, replicas
        norms, correct = (None if only_losses else np.empty(shape) for _ in range(2))
        done = np.empty(replicas, dtype=np.int64)
        result = Steps(np.empty(shape), norms, correct, done, carried)
        batches = batches or BatchIndices()
        batch = inputs.shape[-1] if batches.chosen is None else batches.chosen.shape[-1]
        arrays = (
            parameters, inputs, batches.chosen, batches.sizes, update.states, numbers, rates,
            result.losses, result.norms, result.correct, result.done, None, None, before,
            update.states_before,
        )  # fmt: skip
        each = [_each(inputs), _each(batches.chosen, 1), _each(rates, 1)]
        counts = [steps, batch, inputs.shape[-1], 1, *each, update.rule.number]
        self._run(replicas, counts, (update.clip_norm, update.clip_value), arrays)
        taken = int(result.done.max())
        update.t += taken
        update.product = float(carried[taken])
        return result

    def _batch(self, parameters: Array, inputs: Array, gradient: Array | None) -> BatchResult:
        replicas, batch = len(parameters), inputs.shape[-1]
        losses, correct = np.empty((1, replicas)), np.empty((1, replicas))
        done = np.empty(replicas, dtype=np.int64)
        outputs = np.empty((replicas, batch, self.program.outputs.rows))
        nothing = np.empty(0)
        arrays = (
            parameters, inputs, None, None, nothing, nothing, nothing, losses, None, correct, done,
            gradient, outputs, None, None,
        )  # fmt: skip
        counts = [1, batch, batch, int(gradient is not None), _each(inputs), 0, 0, NO_RULE]
        self._run(replicas, counts, (math.inf, math.inf), arrays)
        return BatchResult(losses[0], correct[0], outputs, done > 0, gradient)

    def _run(
        self, replicas: int, counts: list[int], limits: tuple[float, float], arrays: Any
    ) -> None:
        few = replicas == 1 and counts[1] <= 4
        name = self._narrow if self._narrow and few else self.name

        def run(first: int, last: int) -> None:
            whole = (replicas, first, last, *counts)
            self._module.run(name, self._prepared, whole, limits, arrays)

        parts = spread(replicas, self.threads)
        if len(parts) == 1:
            run(*parts[0])
            return
        with ThreadPoolExecutor(min(len(parts), self.threads)) as pool:
            for future in [pool.submit(run, *part) for part in parts]:
                future.result()


def stacked(arguments: Sequence[Array]) -> Array:
    """A batch's arguments, each [..., batch, numbers], as the machine's inputs.

    >>> stacked([np.zeros((4, 2)), np.ones((4, 1))]).shape
    (1, 3, 4)
    """
    lead = np.broadcast_shapes(*(argument.shape[:-2] for argument in arguments)) or (1,)
    turned = [
        np.broadcast_to(argument, (*lead, *argument.shape[-2:])).swapaxes(-1, -2)
        for argument in arguments
    ]
    return np.ascontiguousarray(np.concatenate(turned, axis=-2), dtype=float)


def spread(count: int, threads: int) -> list[tuple[int, int]]:
    """Stretches of replicas, of whole blocks of eight. One a thread; of many replicas up to eight,
    so that none waits long for a thread whose core has other work.

    >>> spread(20, 2)
    [(0, 16), (16, 20)]
    """
    if threads <= 1:
        return [(0, count)]
    size = max(-(-count // (8 * threads)), min(WORTH_A_CALL, -(-count // threads)), 1)
    size = -(-size // 8) * 8
    return [(first, min(first + size, count)) for first in range(0, count, size)]


def _each(array: Any, axis: int = 0) -> int:
    """Whether replicas have numbers of their own along the axis."""
    return int(array is not None and array.shape[axis] > 1)
