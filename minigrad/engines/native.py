"""The native engine: the numpy engine's array program, run by the native machine."""

from collections.abc import Sequence
from typing import Any

from minigrad.engines.arrays import NumpyEngine
from minigrad.lift.lifted import Lifted
from minigrad.native import reason
from minigrad.native.executor import NativeProgram
from nn import Module
from nn.losses import Loss


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
