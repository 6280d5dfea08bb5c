"""A trained model to be used: rows in the data's own units in, predictions in its words out."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from minigrad.engines import ENGINES, Outputs
from minigrad.runner.description import Description, is_finite
from minigrad.terminal.text import excerpt
from nn import MLP
from nn.losses import LOSSES, softmax

if TYPE_CHECKING:
    import numpy as np

Rows: TypeAlias = "Sequence[Sequence[float]] | np.ndarray[Any, Any]"
"""One sequence of features a sample, or an array of the shape (samples, features)."""


class ModelError(ValueError):
    """A model that cannot be used, or not for this; one sentence."""


class RowError(ModelError):
    """A row that the model cannot take or has no answer for; `row` is its index."""

    def __init__(self, row: int, sentence: str) -> None:
        super().__init__(f"row {row}: {sentence}")
        self.row, self.sentence = row, sentence


class Model:
    """A trained model, with the scaling of its run and the names of its features and classes.

    Rows are in the units of the data that the run was trained on. `module` is the nn.MLP, which
    takes rows that are scaled already. The engine is the run's own: for the data of the run, as one
    batch, outputs are those of the run to the last bit.
    """

    def __init__(
        self, run: str, description: Description, numbers: Sequence[float], seed: int | None = None
    ) -> None:
        """`numbers` are those of the MLP's parameters. `seed` is set for one out of a run of many.

        Raises ValueError for names that are not registered.
        """
        self.run, self.description, self.seed = run, description, seed
        n_in, *sizes = description.sizes
        self.module = MLP(n_in, sizes, activation=description.activations)
        for parameter, number in zip(self.module.parameters(), numbers, strict=True):
            parameter.data = number
        self._engine = ENGINES[description.engine](self.module, LOSSES[description.loss])

    @property
    def features(self) -> list[str]:
        """The names of the inputs, in their order."""
        return self.description.features

    @property
    def classes(self) -> list[str] | list[int] | None:
        """What `predict` may answer: class names or, without any, labels; None of a regression."""
        if self.description.task is None:
            return None
        count = 2 if self.description.task == "binary" else self.description.sizes[-1]
        return self.description.classes or list(range(count))

    def outputs(self, rows: Rows) -> Outputs:
        """The network's own outputs, one list a row: logits, or numbers in scaled units.

        Raises RowError for a row of another length or with anything but finite numbers, and where
        the model has no finite answer.
        """
        scaled = self._scaled(rows)
        if not scaled:
            return []
        try:
            self._prepare(scaled[0])
            outputs = self._engine.predict(scaled)
        except ArithmeticError as error:
            raise self._unanswered(scaled, error) from None
        for row, numbers in enumerate(outputs):
            if not all(map(math.isfinite, numbers)):
                raise RowError(row, f"the model's output is {numbers[0]:g}, which is no answer")
        return outputs

    def predict(self, rows: Rows) -> list[str] | list[int] | list[float]:
        """The class of each row, by its name where it has one; of a regression a number, in the
        target's units. Raises RowError as `outputs` does.
        """
        return self.answers(self.outputs(rows))

    def predict_proba(self, rows: Rows) -> list[list[float]]:
        """One probability a class for each row, in the order of `classes`.

        With bce that of 1 is sigmoid(output), with cross_entropy they are softmax(outputs). Raises
        ModelError for a model of another loss, RowError as `outputs` does.
        """
        self.check_probabilities()
        return self.shares(self.outputs(rows))

    probabilities = predict_proba

    def answers(self, outputs: Outputs) -> list[Any]:
        """What `predict` makes of outputs."""
        if self.classes is None:
            scale = self.description.targets
            if scale is None:
                return [numbers[0] for numbers in outputs]
            return [numbers[0] * scale.deviations[0] + scale.means[0] for numbers in outputs]
        if self.description.task == "binary":
            return [self.classes[numbers[0] > 0] for numbers in outputs]
        return [self.classes[numbers.index(max(numbers))] for numbers in outputs]

    def check_probabilities(self) -> None:
        """Raise ModelError where outputs are no logits."""
        loss = self.description.loss
        if loss not in ("bce", "cross_entropy"):
            kind = "scores" if self.classes else "measurements"
            raise ModelError(
                f"{self.run} was trained with {loss}, whose outputs are {kind}: "
                "they have no probabilities, as those of bce and cross_entropy have"
            )

    def shares(self, outputs: Outputs) -> list[list[float]]:
        """What `predict_proba` makes of outputs."""
        if self.description.task == "binary":
            return [[_sigmoid(-logit), _sigmoid(logit)] for (logit,) in outputs]
        return [softmax(logits) for logits in outputs]

    def state_dict(self) -> "dict[str, np.ndarray[Any, Any]]":
        """Weights and biases as arrays by name, shaped as those of torch.nn.Linear:
        "layers.0.weight" (outputs, inputs), "layers.0.bias" (outputs,) and so on.
        """
        import numpy as np  # here, since eager runs do without it

        arrays = {}
        for i, layer in enumerate(self.module.layers):
            rows = [[weight.data for weight in neuron.weights] for neuron in layer.neurons]
            arrays[f"layers.{i}.weight"] = np.array(rows)
            arrays[f"layers.{i}.bias"] = np.array([neuron.bias.data for neuron in layer.neurons])
        return arrays

    def __repr__(self) -> str:
        seed = "" if self.seed is None else f", seed {self.seed}"
        return f"Model of {self.run}{seed}: {self.module!r}"

    def _scaled(self, rows: Rows) -> list[list[float]]:
        rows = rows.tolist() if hasattr(rows, "tolist") else rows
        if isinstance(rows, str) or not isinstance(rows, Sequence):
            raise ModelError("rows must be a list of rows, as [[0.0, 1.0]], or an array of them")
        numbers = [self._row(index, row) for index, row in enumerate(rows)]
        scale = self.description.inputs
        return numbers if scale is None else [scale.apply_to(row) for row in numbers]

    def _row(self, index: int, row: Any) -> list[float]:
        row = row.tolist() if hasattr(row, "tolist") else row
        if isinstance(row, str) or not isinstance(row, Sequence):
            text = excerpt(repr(row))
            raise RowError(index, f"must be a list of numbers, as [0.0, 1.0], found {text}")
        if len(row) != len(self.features):
            names = excerpt(", ".join(self.features), 160)
            count = f"{len(row)} numbers where the model takes {len(self.features)}"
            raise RowError(index, f"{count}: {names}")
        for name, number in zip(self.features, row, strict=True):
            if not is_finite(number):
                text = excerpt(repr(number))
                raise RowError(index, f"{excerpt(name)} must be a finite number, found {text}")
        return [float(number) for number in row]

    def _prepare(self, features: list[float]) -> None:
        """An engine may have to trace the model first, which takes a sample that has an answer."""
        try:
            self._engine.prepare([features], [0.0])
        except ArithmeticError:
            self._engine.prepare([[0.0] * len(features)], [0.0])

    def _unanswered(self, scaled: list[list[float]], error: ArithmeticError) -> RowError:
        """Which row it is that has no answer, and why."""
        for row, features in enumerate(scaled):
            try:
                self._engine.predict([features])
            except ArithmeticError as reason:
                return RowError(row, f"the model has no answer: {excerpt(reason, 160)}")
        return RowError(0, f"the model has no answer: {excerpt(error, 160)}")


def _sigmoid(x: float) -> float:
    if x >= 0:
        return 1 / (1 + math.exp(-x))
    return math.exp(x) / (1 + math.exp(x))
