"""Many models of one shape on the native machine, in blocks that threads share out."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from minigrad import native
from minigrad.engines.replicas import Evaluated, ReplicaEngine, Step, of_replica
from minigrad.engines.whole_steps import CORRECT, WholeSteps, can_step
from minigrad.lift.checked import flags_raise
from minigrad.lift.kernels import Array
from minigrad.lift.lifted import Lifted
from minigrad.native.executor import NativeProgram
from minigrad.native.machine import Machine, stacked
from nn import Module
from nn.losses import Loss
from optim import Optimizer


class NativeReplicaEngine(ReplicaEngine):
    """As ReplicaEngine, with whole steps. Batches are inputs [replicas or 1, batch, features] and
    targets [replicas or 1, batch, numbers]: one for all where all have the same.

    `correct` tells whether an output is right; `threads` share the replicas, and no bit depends on
    their number. Raises ValueError, with the reason, where the machine is not there.
    """

    shares_data = True

    def __init__(
        self,
        model: Module,
        numbers: Array,
        loss: Loss,
        features: Sequence[float],
        *,
        correct: Any = None,
        threads: int = 1,
    ) -> None:
        if missing := native.reason():
            raise ValueError(missing)
        super().__init__(model, numbers, loss, features)
        self.counts_correct, self._correct = correct in CORRECT, correct
        rule = CORRECT[correct] if self.counts_correct else None
        self.machine = Machine(self.lifted.merged, rule, threads=threads)
        self._given: tuple[Any, Any] = None, None
        self._stacked = np.empty(0)

    def _lifted(self, features: Sequence[float]) -> Lifted:
        return NativeProgram(super()._lifted(features))

    def whole_steps(
        self, optimizer: Optimizer, correct: Any, **clipping: float | None
    ) -> WholeSteps | None:
        """The machine's steps of an optimizer; None where it can only run the gradient."""
        if not can_step(optimizer, correct):
            return None
        return WholeSteps(self.machine, optimizer, **clipping)

    def stacked(self, inputs: Array, targets: Array) -> Array:
        """A batch as the machine takes it; the latest is kept."""
        if self._given[0] is not inputs or self._given[1] is not targets:
            self._given, self._stacked = (inputs, targets), stacked([inputs, targets])
        return self._stacked

    def evaluate(self, inputs: Array, targets: Array) -> Evaluated:
        """Each replica's loss and outputs, without gradients; an error in one affects no other."""
        ours = self.machine.evaluate(self.parameter.data, self.stacked(inputs, targets))
        right = ours.correct if self.counts_correct else None
        result = Evaluated(ours.losses, outputs=ours.outputs, correct=right)
        for replica in np.flatnonzero(~ours.finite).tolist():
            own = of_replica(inputs, replica), of_replica(targets, replica)
            loss, output, correct = np.nan, np.nan, np.nan
            try:
                loss, output = self._evaluate_alone(replica, *own)
                correct = self._right(output, own[1])
            except ArithmeticError as error:
                result.failures[replica] = str(error)
            result.losses[replica], result.outputs[replica] = loss, output
            if right is not None:
                right[replica] = correct
        return result

    def _right(self, outputs: Any, targets: Array) -> float:
        """How many outputs of a batch are right."""
        if not self.counts_correct:
            return np.nan
        pairs = zip(np.asarray(outputs).tolist(), self._listed(targets), strict=True)
        return float(sum(self._correct(output, target) for output, target in pairs))

    def gradient(self, inputs: Array, targets: Array) -> Step:
        """Each replica's loss and gradient; an error in one does not affect the others."""
        self.compare(inputs, targets)
        ours = self.machine.gradient(self.parameter.data, self.stacked(inputs, targets))
        assert ours.gradient is not None
        step = Step(ours.losses)
        for replica in np.flatnonzero(~ours.finite).tolist():
            loss, slopes = np.nan, np.zeros(self.parameter.data.shape[-1])
            try:
                loss, slopes = self.gradient_alone(replica, inputs, targets)
            except ArithmeticError as error:
                step.failures[replica] = str(error)
            step.losses[replica], ours.gradient[replica] = loss, slopes
        self.parameter.grad = ours.gradient
        return step

    def gradient_alone(self, replica: int, inputs: Array, targets: Array) -> tuple[float, Array]:
        """One replica's loss and gradient, by Values if need be. Raises ArithmeticError."""
        return self._alone(replica, of_replica(inputs, replica), of_replica(targets, replica))

    def compare(self, inputs: Array, targets: Array) -> None:
        """Compare some replicas with eager, if none were yet. Raises Disagreement.

        Where a batch has no finite answer nothing is compared: the step itself will tell.
        """
        if self.agreement is None:
            with suppress(ArithmeticError), flags_raise():
                self.agreement = self._agree(inputs, targets)
