"""The numpy engine: the same model, lifted from its scalar graph into an array program."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad.engines.eager import EagerEngine
from minigrad.lift.agreement import Agreement
from minigrad.lift.checked import ArrayParameter, Checked, Reference
from minigrad.lift.kernels import Array
from minigrad.lift.lifted import Lifted
from minigrad.lift.models import lift_model, one_hot, takes_classes
from nn import Module
from nn.losses import Loss


class NumpyEngine:
    """The graph of one sample as array operations over the batch, compared with eager at first

    `agreement` has the deviation of the first step from eager; None before it. The model's own
    Values keep the numbers that they had.
    """

    def __init__(self, model: Module, loss: Loss) -> None:
        self.eager = EagerEngine(model, loss)
        self.values = model.parameters()
        self.parameters = [ArrayParameter(np.array([value.data for value in self.values]))]
        self._checked: Checked | None = None
        self._inputs = Converted()

    @property
    def agreement(self) -> Agreement | None:
        return self._checked.agreement if self._checked else None

    def prepare(self, inputs: Sequence[Sequence[float]], targets: Sequence[Any]) -> None:
        if self._checked is None:
            lifted = self._lifted(inputs, targets)
            reference = Reference(
                lambda batch: self.eager.gradient(*batch), lambda batch: self.eager.evaluate(*batch)
            )
            self._checked = Checked(lifted, reference, self.values, self.parameters[0])

    def _lifted(self, inputs: Sequence[Sequence[float]], targets: Sequence[Any]) -> Lifted:
        return lift_model(self.eager.model, self.eager.loss, inputs[0], targets[0])

    def gradient(
        self, inputs: Sequence[Sequence[float]], targets: Sequence[Any]
    ) -> tuple[float, Any]:
        checked, arrays = self._ready(inputs, targets)
        return checked.gradient(arrays, (inputs, targets))

    def evaluate(
        self, inputs: Sequence[Sequence[float]], targets: Sequence[Any]
    ) -> tuple[float, list[list[float]]]:
        checked, arrays = self._ready(inputs, targets)
        loss, outputs = checked.evaluate(arrays, (inputs, targets))
        return loss, _listed(outputs)

    def predict(self, inputs: Sequence[Sequence[float]]) -> list[list[float]]:
        assert self._checked, "prepare() comes first"
        array = np.array(inputs, dtype=float)
        with np.errstate(all="ignore"):
            outputs = self._checked.lifted.predict(self.parameters[0].data, [array])
        return _listed(outputs)

    def _ready(
        self, inputs: Sequence[Sequence[float]], targets: Sequence[Any]
    ) -> tuple[Checked, list[Array]]:
        self.prepare(inputs, targets)
        assert self._checked
        return self._checked, self._inputs.arrays(self.eager.loss, self._checked, inputs, targets)


class Converted:
    """A batch as arrays; the latest is kept, since a full batch comes again and again.

    It is known by its lists, so these must not be changed in place.
    """

    def __init__(self) -> None:
        self._of: tuple[Any, Any] = None, None
        self._arrays: list[Array] = []

    def arrays(
        self, loss: Loss, checked: Checked, inputs: Sequence[Any], targets: Sequence[Any]
    ) -> list[Array]:
        if self._of[0] is not inputs or self._of[1] is not targets:
            x, t = np.array(inputs, dtype=float), np.array(targets, dtype=float)
            if takes_classes(loss) and t.ndim == 1:
                t = one_hot(t, checked.lifted.program.outputs.rows)
            self._of, self._arrays = (inputs, targets), [x, t.reshape(len(t), -1)]
        return self._arrays


def _listed(outputs: Any) -> list[list[float]]:
    return outputs if isinstance(outputs, list) else outputs.tolist()
