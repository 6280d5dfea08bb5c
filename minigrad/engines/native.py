"""The native engine: the numpy engine's array program, run by the native machine."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from minigrad.engines.arrays import NumpyEngine
from minigrad.engines.whole_steps import CORRECT, WholeSteps, can_step
from minigrad.lift.checked import flags_raise
from minigrad.lift.kernels import Array
from minigrad.lift.lifted import Lifted
from minigrad.native import reason
from minigrad.native.machine import Machine, Result, stacked
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
        machine = Machine(self._checked.lifted.program, correct and CORRECT[correct])
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


class NativeProgram(Lifted):
    """A lifted program with the methods of Lifted, run on the machine by one model."""

    def __init__(self, lifted: Lifted) -> None:
        vars(self).update(vars(lifted))
        self._machine = Machine(self.program)
        self._given: Sequence[Array] | None = None
        self._stacked = np.empty(0)

    def _stack(self, inputs: Sequence[Array]) -> Array:
        """The machine's inputs; the latest are kept, since a full batch comes again and again."""
        if self._given is not inputs:
            self._given, self._stacked = inputs, stacked(inputs)
        return self._stacked

    def gradient(
        self, parameters: Array, inputs: Sequence[Array], into: Array | None = None
    ) -> tuple[Array, Array, Array]:
        """Mean loss, outputs [batch, outputs] and gradient [parameters].

        Raises FloatingPointError where an operation, the loss or a slope has no finite answer.
        """
        result = self._machine.gradient(_one_model(parameters), self._stack(inputs))
        loss, outputs = _finite(result)
        assert result.gradient is not None
        gradient: Array = result.gradient[0]
        if into is not None:
            into[...] = gradient
        return loss, outputs, gradient if into is None else into

    def evaluate(self, parameters: Array, inputs: Sequence[Array]) -> tuple[Array, Array]:
        """Mean loss and outputs, without gradients. Raises FloatingPointError, as `gradient`."""
        return _finite(self._machine.evaluate(_one_model(parameters), self._stack(inputs)))

    def predict(self, parameters: Array, inputs: Sequence[Array]) -> Array:
        """The outputs alone; targets, which they do not depend on, may be missing."""
        batch = inputs[0].shape[-2]
        missing = self.program.arguments[len(inputs) :]
        arguments = [*inputs, *(np.zeros((batch, register.rows)) for register in missing)]
        result = self._machine.evaluate(_one_model(parameters), stacked(arguments))
        outputs: Array = result.outputs[0]
        return outputs


def _one_model(parameters: Array) -> Array:
    return np.ascontiguousarray(parameters, dtype=float).reshape(1, -1)


def _finite(result: Result) -> tuple[Array, Array]:
    if not result.finite[0]:
        raise FloatingPointError("an operation has no finite answer")
    loss: Array = result.losses[0]
    outputs: Array = result.outputs[0]
    return loss, outputs
