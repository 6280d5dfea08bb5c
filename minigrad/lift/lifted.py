"""A traced loss function, ready for batches of any size and for replicas."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from minigrad.lift.execution import Execution
from minigrad.lift.kernels import RULES, Array
from minigrad.lift.program import arrange
from minigrad.lift.tracing import LiftError, LossFunction, Sample, trace
from minigrad.nodes import collector_paused
from minigrad.value import Value

BLOCK = 4_000_000
"""Bytes of arrays that replicas are run in at a time: what a core's caches hold."""

LARGEST_BLOCK = 64_000_000
"""Bytes of arrays that samples are run in at a time: a bound on memory."""

_KEPT = 8  # executions: one for each size of batch that comes again


class Lifted:
    """The array program of `function`, traced on `sample`, and its arrays.

    `program` has an operation for each layer and token; `merged`, which runs, one for all tokens.

    Batches are lists of arrays, one for each argument of the function: [..., batch, numbers]. The
    leading axis, if any, is one of replicas, and parameters are [..., parameters].

    Raises LiftError for a graph that depends on the data, ArithmeticError where an operation has
    no answer on the sample.
    """

    def __init__(
        self, function: LossFunction, sample: Sequence[Sample], parameters: Sequence[Value]
    ) -> None:
        with collector_paused():
            traced = trace(function, sample, parameters)
            self.program, self.merged = arrange(traced)
            self.constants = traced.constants
        for operation in self.program.operations:
            if operation.op not in RULES and operation.op not in ("dot", "sum"):
                raise LiftError(
                    f"the loss cannot be lifted: {operation.op!r} has no array rule, "
                    f"there are: + - {' '.join(RULES)}"
                )
        self._prediction = self.merged.without_loss()
        self._executions: dict[object, Execution] = {}
        results = [operation.out for operation in self.program.operations]
        rows = sum(register.rows + 1 for register in (*self.program.arguments, *results))
        self._bytes = 16 * rows  # a number and its slope, for one sample of one replica

    def gradient(
        self, parameters: Array, inputs: Sequence[Array], copy: bool = True
    ) -> tuple[Array, Array, Array]:
        """Mean loss [...], outputs [..., batch, outputs] and gradient [..., parameters].

        The outputs are good until the next call, and without `copy` the gradient too: a new one of
        many replicas costs as much as their smaller operations.
        """
        loss, outputs, gradient = self._run(parameters, inputs, "gradient")
        return loss, outputs, gradient.copy() if copy else gradient

    def evaluate(self, parameters: Array, inputs: Sequence[Array]) -> tuple[Array, Array]:
        """Mean loss and outputs, without gradients."""
        loss, outputs, _ = self._run(parameters, inputs, "evaluate")
        return loss, outputs

    def predict(self, parameters: Array, inputs: Sequence[Array]) -> Array:
        """The outputs alone; inputs that they do not depend on may be missing at the end."""
        return self._run(parameters, inputs, "predict")[1]

    def _run(
        self, parameters: Array, inputs: Sequence[Array], what: str
    ) -> tuple[Array, Array, Array]:
        lead, batch = parameters.shape[:-1], inputs[0].shape[-2]
        if execution := self._executions.get((lead, batch, what)):
            execution.run(parameters, inputs)
            return execution.mean(), execution.outputs, execution.gradient
        replicas = parameters.shape[0] if lead else 1
        needed = self._bytes * batch * replicas
        if needed <= BLOCK or batch == replicas == 1:
            return self._run_block(parameters, inputs, what)
        if replicas > 1:
            size = max(1, BLOCK // (self._bytes * batch))
            return self._over_replicas(parameters, inputs, what, size)
        if needed <= LARGEST_BLOCK:
            return self._run_block(parameters, inputs, what)
        return self._over_samples(parameters, inputs, what, max(1, LARGEST_BLOCK // self._bytes))

    def _run_block(
        self, parameters: Array, inputs: Sequence[Array], what: str
    ) -> tuple[Array, Array, Array]:
        execution = self._execution(parameters.shape[:-1], inputs[0].shape[-2], what)
        execution.run(parameters, inputs)
        return execution.mean(), execution.outputs, execution.gradient

    def _over_replicas(
        self, parameters: Array, inputs: Sequence[Array], what: str, size: int
    ) -> tuple[Array, Array, Array]:
        whole: list[Array] = []
        for start, stop in _blocks(len(parameters), size):
            some = [array[start:stop] if array.ndim > 2 else array for array in inputs]
            part = self._run(parameters[start:stop], some, what)
            whole = whole or [np.empty((len(parameters), *array.shape[1:])) for array in part]
            for all_of_them, array in zip(whole, part, strict=True):
                all_of_them[start:stop] = array
        loss, outputs, gradient = whole
        return loss, outputs, gradient

    def _over_samples(
        self, parameters: Array, inputs: Sequence[Array], what: str, size: int
    ) -> tuple[Array, Array, Array]:
        batch = inputs[0].shape[-2]
        outputs = []
        loss: Any = 0.0
        gradient: Any = 0.0
        for start, stop in _blocks(batch, size):
            some = [array[..., start:stop, :] for array in inputs]
            part_loss, part_outputs, part_gradient = self._run_block(parameters, some, what)
            weight = (stop - start) / batch
            loss, gradient = loss + weight * part_loss, gradient + weight * part_gradient
            outputs.append(part_outputs.copy())
        return loss, np.concatenate(outputs, axis=-2), gradient

    def _execution(self, lead: tuple[int, ...], batch: int, what: str) -> Execution:
        key = lead, batch, what
        if key not in self._executions:
            while len(self._executions) >= _KEPT:
                del self._executions[next(iter(self._executions))]
            program = self._prediction if what == "predict" else self.merged
            self._executions[key] = Execution(program, lead, batch, slopes=what == "gradient")
        return self._executions[key]


def _blocks(count: int, size: int) -> Iterator[tuple[int, int]]:
    return pairwise([*range(0, count, size), count])
