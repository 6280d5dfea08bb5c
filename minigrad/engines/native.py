"""The native engine: the numpy engine's array program, run by the native machine."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from minigrad.engines.arrays import NumpyEngine
from minigrad.engines.whole_steps import CORRECT, WholeSteps, can_step
from minigrad.lift.checked import flags_raise
from minigrad.lift.kernels import Array
from minigrad.lift.lifted import Lifted
from minigrad.native import reason
from minigrad.native.executor import NativeProgram
from minigrad.native.machine import Machine, stacked
from nn import Module
from nn.losses import Loss
from optim import Optimizer


class NativeEngine(NumpyEngine):
    """The lifted model on a machine written in C, whose bits no processor changes

    Otherwise as NumpyEngine. Raises ValueError, with the reason, where the machine is not there.
    """

    def __init__(self, model: Module, loss: Loss) -> None:
        if missing := reason():
            raise ValueError(missing)
        super().__init__(model, loss)

    def _lifted(self, inputs: Sequence[Sequence[float]], targets: Sequence[Any]) -> Lifted:
        return NativeProgram(super()._lifted(inputs, targets))

    def whole_steps(
        self, optimizer: Optimizer, correct: Any, **clipping: float | None
    ) -> WholeSteps | None:
        """The machine's steps of an optimizer; None where it can only run the gradient.

        `prepare` comes first; `clipping` is `clip_norm` and `clip_value`.
        """
        if not can_step(optimizer, correct):
            return None
        assert self._checked, "prepare() comes first"
        machine = Machine(self._checked.lifted.merged, correct and CORRECT[correct])
        return WholeSteps(machine, optimizer, **clipping)

    def compare(self, inputs: Sequence[Sequence[float]], targets: Sequence[Any]) -> None:
        """Compare a batch with eager, if none was yet. Raises Disagreement.

        Where the batch has no finite answer nothing is compared: the step itself will tell.
        """
        checked, arrays = self._ready(inputs, targets)
        if checked.agreement is None:
            with suppress(ArithmeticError), flags_raise():
                checked.compare(arrays, (inputs, targets))

    def stacked(self, inputs: Sequence[Sequence[float]], targets: Sequence[Any]) -> Array:
        """A dataset as the machine's inputs."""
        return stacked(self._ready(inputs, targets)[1])
