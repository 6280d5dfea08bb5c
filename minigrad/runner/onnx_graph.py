"""A model as a graph of ONNX's operators, in float64."""

from collections.abc import Callable
from typing import Any, TypeAlias

from minigrad.runner.model import Model

# The forms of activations: functions that add operators to a graph and give the result's name.

Form: TypeAlias = Callable[["Graph", str], str]


def _operator(name: str, **attributes: Any) -> Form:
    return lambda graph, x: graph.add(name, x, **attributes)


def _leaky_relu(graph: "Graph", x: str) -> str:
    """max(x, 0.01 x): as an attribute of LeakyRelu 0.01 would be a 32-bit number."""
    return graph.add("Max", x, graph.add("Mul", x, graph.number(0.01)))


def _gelu(graph: "Graph", x: str) -> str:
    """x (1 + erf(x / sqrt(2))) / 2, with erf in float32: runtimes have no other."""
    root = graph.number(0.5**0.5)
    narrow = graph.add("Cast", graph.add("Mul", x, root), to=graph.float32)
    erf = graph.add("Cast", graph.add("Erf", narrow), to=graph.float64)
    half = graph.add("Mul", x, graph.number(0.5))
    return graph.add("Mul", half, graph.add("Add", erf, graph.number(1.0)))


def _silu(graph: "Graph", x: str) -> str:
    return graph.add("Mul", x, graph.add("Sigmoid", x))


def _softplus(graph: "Graph", x: str) -> str:
    """max(x, 0) + log(1 + exp(-|x|)), which does not overflow."""
    power = graph.add("Exp", graph.add("Neg", graph.add("Abs", x)))
    tail = graph.add("Log", graph.add("Add", power, graph.number(1.0)))
    return graph.add("Add", graph.add("Relu", x), tail)


FORMS: dict[str, Form] = {
    "tanh": _operator("Tanh"),
    "sigmoid": _operator("Sigmoid"),
    "relu": _operator("Relu"),
    "leaky_relu": _leaky_relu,
    "elu": _operator("Elu", alpha=1.0),
    "gelu": _gelu,
    "silu": _silu,
    "softplus": _softplus,
    "sin": _operator("Sin"),
    "linear": _operator("Identity"),
}
"""By the name of the activation."""


class Graph:
    """Takes "rows" (samples, features) in the data's units and gives "outputs", the network's own;
    with them "probabilities" (samples, classes) of a classifier with probabilities, or "prediction"
    (samples, 1) of a regression, in the target's units.
    """

    def __init__(self, onnx: Any, model: Model) -> None:
        self._helper, self._numpy = onnx.helper, onnx.numpy_helper
        self.float32, self.float64 = onnx.TensorProto.FLOAT, onnx.TensorProto.DOUBLE
        self._nodes: list[Any] = []
        self._constants: list[Any] = []
        self._results: list[Any] = []
        self._model = model

    def add(self, operator: str, *arguments: str, result: str = "", **attributes: Any) -> str:
        """Add an operator; gives the name of its result."""
        result = result or f"{operator.lower()}_{len(self._nodes)}"
        node = self._helper.make_node(operator, list(arguments), [result], **attributes)
        self._nodes.append(node)
        return result

    def number(self, value: Any, name: str = "") -> str:
        """Add a constant, or an array of them; gives its name."""
        import numpy as np

        name = name or f"constant_{len(self._constants)}"
        array = np.asarray(value, dtype=np.float64)
        self._constants.append(self._numpy.from_array(array, name))
        return name

    def made(self) -> Any:
        """The whole graph as ONNX has it."""
        self._layers(self._scaled("rows"))
        self._answers()
        rows = self._declared("rows", len(self._model.features))
        return self._helper.make_graph(
            self._nodes, "minigrad", [rows], self._results, self._constants
        )

    def _declared(self, name: str, columns: int) -> Any:
        return self._helper.make_tensor_value_info(name, self.float64, ["samples", columns])

    def _scaled(self, rows: str) -> str:
        scale = self._model.description.inputs
        if scale is None:
            return rows
        shifted = self.add("Sub", rows, self.number(scale.means, "mean"))
        return self.add("Div", shifted, self.number(scale.deviations, "deviation"))

    def _layers(self, signal: str) -> None:
        arrays = self._model.state_dict()
        activations = self._model.description.activations
        for i in range(len(activations) + 1):
            weight, bias = (f"layers.{i}.{kind}" for kind in ("weight", "bias"))
            self.number(arrays[weight], weight)
            self.number(arrays[bias], bias)
            last = i == len(activations)
            result = "outputs" if last else ""
            signal = self.add("Gemm", signal, weight, bias, transB=1, result=result)
            if not last:
                signal = FORMS[activations[i]](self, signal)
        self._results.append(self._declared("outputs", len(arrays[f"layers.{i}.bias"])))

    def _answers(self) -> None:
        """What `Model` makes of the outputs."""
        description = self._model.description
        if description.loss == "bce":
            positive = self.add("Sigmoid", "outputs")
            negative = self.add("Sigmoid", self.add("Neg", "outputs"))
            self.add("Concat", negative, positive, axis=1, result="probabilities")
            self._results.append(self._declared("probabilities", 2))
        elif description.loss == "cross_entropy":
            self.add("Softmax", "outputs", axis=1, result="probabilities")
            self._results.append(self._declared("probabilities", description.sizes[-1]))
        elif description.task is None:
            mean, deviation = 0.0, 1.0
            if description.targets:
                (mean,), (deviation,) = description.targets.means, description.targets.deviations
            scaled = self.add("Mul", "outputs", self.number(deviation, "target_deviation"))
            self.add("Add", scaled, self.number(mean, "target_mean"), result="prediction")
            self._results.append(self._declared("prediction", description.sizes[-1]))
