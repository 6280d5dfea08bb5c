"""What the numbers of a trained model mean: kept in its checkpoint beside them.

In the state of a checkpoint it is stored under "model":

    parameters   {"layers.0.weight": [outputs, inputs], "layers.0.bias": [outputs], ...}
    activations  the name of each hidden layer's
    engine, loss and task: "binary", "classes", or null for a regression
    features     the names of the inputs, in their order
    target       the name of the target's column
    classes      what the labels 0, 1, ... stand for; null where they stand for themselves
    scaling      {"inputs": {"mean": [...], "deviation": [...]}, "target": {"mean": m, ...}}, null
                 where nothing was scaled; in a run of many seeds a list with one for each

The numbers themselves are in the state's "parameters": layer by layer, of each neuron its weights
and its bias, one after the other, or on the tensor engine as arrays of these shapes.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from numbers import Real
from typing import Any

from minigrad.config import Config
from minigrad.data import Dataset, Standardizer
from minigrad.runner.limits import layer_sizes
from nn.losses import TASKS


@dataclass(frozen=True)
class Description:
    """A description as it was read; what scales the target has one mean and one deviation."""

    sizes: list[int]
    activations: list[str]
    engine: str
    loss: str
    task: str | None
    features: list[str]
    target: str
    classes: list[str] | None
    inputs: Standardizer | None
    targets: Standardizer | None


def describe(config: Config, datasets: Sequence[Dataset]) -> dict[str, Any]:
    """The description of the config's model, ready for JSON; `datasets` are what each seed is
    trained on.
    """
    first = datasets[0]
    sizes = layer_sizes(config, first)
    activation = config.model.activation
    hidden = len(config.model.hidden)
    of_each = {id(dataset): dataset for dataset in datasets}  # seeds may share one
    scaling = {key: _scaling(dataset) for key, dataset in of_each.items()}
    scalings = [scaling[id(dataset)] for dataset in datasets]
    return {
        "parameters": shapes(sizes),
        "activations": [activation] * hidden if isinstance(activation, str) else activation,
        "engine": config.train.engine,
        "loss": config.loss,
        "task": TASKS.get(config.loss),
        "features": first.names or [first.feature(j) for j in range(first.n_features)],
        "target": config.data.settings().get("target", "target"),
        "classes": first.class_names,
        "scaling": scalings[0] if config.train.seeds is None else scalings,
    }


def shapes(sizes: Sequence[int]) -> dict[str, list[int]]:
    """The shape of each weight and bias of an MLP.

    >>> shapes([2, 8, 1])["layers.0.weight"], shapes([2, 8, 1])["layers.1.bias"]
    ([8, 2], [1])
    """
    return {
        f"layers.{i}.{kind}": shape
        for i, (n_in, n_out) in enumerate(pairwise(sizes))
        for kind, shape in (("weight", [n_out, n_in]), ("bias", [n_out]))
    }


def _scaling(dataset: Dataset) -> dict[str, Any]:
    inputs = dataset.scaling
    scaled = inputs and {"mean": inputs.means, "deviation": inputs.deviations}
    target = dataset.target_scaling
    by = target and {"mean": target.means[0], "deviation": target.deviations[0]}
    return {"inputs": scaled, "target": by}


def parse(data: Any, place: int | None = None) -> Description:
    """The description stored in a state, with the scaling of the seed at `place` among many.

    Raises ValueError, which says what is missing or wrong.
    """
    data = _object(data, "model")
    sizes = _sizes(_object(_member(data, "parameters"), "parameters"))
    activations = _texts(data, "activations", len(sizes) - 2)
    task = _member(data, "task")
    if task not in ("binary", "classes", None) or (task == "binary" and sizes[-1] != 1):
        raise ValueError(f"its task is {task!r} with {sizes[-1]} outputs")
    classes = _member(data, "classes")
    if classes is not None:
        classes = _texts(data, "classes", 2 if task == "binary" else sizes[-1])
    scaling = _member(data, "scaling")
    if place is not None:
        if not isinstance(scaling, list) or len(scaling) <= place:
            raise ValueError("it has no scaling for each seed")
        scaling = scaling[place]
    scaling = _object(scaling, "scaling")
    return Description(
        sizes=sizes,
        activations=activations,
        engine=_text(data, "engine"),
        loss=_text(data, "loss"),
        task=task,
        features=_texts(data, "features", sizes[0]),
        target=_text(data, "target"),
        classes=classes if task else None,
        inputs=_standardizer(scaling, "inputs", sizes[0]),
        targets=_standardizer(scaling, "target", 1),
    )


def numbers(parameters: Any, sizes: Sequence[int]) -> list[float]:
    """The numbers in a state's "parameters" in the order in which an nn.MLP has them.

    Raises ValueError where they are not those of an MLP of these sizes.
    """
    count = sum((n_in + 1) * n_out for n_in, n_out in pairwise(sizes))
    if not isinstance(parameters, list):
        raise ValueError("it has no parameters")
    if len(parameters) == 1 and isinstance(parameters[0], list) and len(parameters[0]) == count:
        parameters = parameters[0]  # one array of all
    if parameters and isinstance(parameters[0], list):
        parameters = _by_neuron(parameters, sizes)
    if len(parameters) != count:
        raise ValueError(f"it has {len(parameters)} parameters, and its model {count}")
    if not all(map(is_finite, parameters)):
        raise ValueError("a parameter is not a finite number")
    return [float(number) for number in parameters]


def _by_neuron(arrays: list[Any], sizes: Sequence[int]) -> list[Any]:
    """Weights and biases in turn, as the tensor engine has them, neuron by neuron."""
    expected = [tuple(shape) for shape in shapes(sizes).values()]
    if [_shape(array) for array in arrays] != expected:
        raise ValueError("its parameters have other shapes than its model")
    flat = []
    for weight, bias in zip(arrays[::2], arrays[1::2], strict=True):
        for row, offset in zip(weight, bias, strict=True):
            flat += [*row, offset]
    return flat


def _shape(array: Any) -> tuple[int, ...]:
    """Of nested lists; () where rows differ in length."""
    if not isinstance(array, list) or not array:
        return ()
    if not any(isinstance(row, list) for row in array):
        return (len(array),)
    lengths = {len(row) if isinstance(row, list) else -1 for row in array}
    return (len(array), lengths.pop()) if len(lengths) == 1 else ()


def _sizes(parameters: Mapping[str, Any]) -> list[int]:
    """The sizes of the MLP whose weights and biases have the shapes."""
    weights = [shape for name, shape in parameters.items() if name.endswith(".weight")]
    is_shape = all(
        isinstance(shape, list) and len(shape) == 2 and all(type(n) is int and n > 0 for n in shape)
        for shape in weights
    )
    if weights and is_shape:
        sizes = [weights[0][1], *(shape[0] for shape in weights)]
        if shapes(sizes) == parameters:
            return sizes
    raise ValueError("the shapes of its parameters are those of no MLP")


def _standardizer(scaling: Mapping[str, Any], name: str, count: int) -> Standardizer | None:
    part = _member(scaling, name)
    if part is None:
        return None
    part = _object(part, f"scaling.{name}")
    columns = []
    for key in ("mean", "deviation"):
        column = _member(part, key)
        column = column if isinstance(column, list) else [column]
        if len(column) != count or not all(map(is_finite, column)):
            raise ValueError(f"scaling.{name}.{key} is not {count} finite numbers")
        columns.append([float(number) for number in column])
    if not all(deviation > 0 for deviation in columns[1]):
        raise ValueError(f"scaling.{name}.deviation must be above 0")
    return Standardizer(*columns)


def is_finite(number: object) -> bool:
    """Whether it is a real number that a float holds, and finite."""
    if isinstance(number, bool) or not isinstance(number, Real):
        return False
    try:
        return math.isfinite(number)
    except OverflowError:  # a whole number that no float holds
        return False


def _member(data: Mapping[str, Any], name: str) -> Any:
    if name not in data:
        raise ValueError(f"its {name} is missing")
    return data[name]


def _object(data: Any, name: str) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise ValueError(f"its {name} is missing or no object")
    return data


def _text(data: Mapping[str, Any], name: str) -> str:
    text = _member(data, name)
    if not isinstance(text, str):
        raise ValueError(f"its {name} is no text")
    return text


def _texts(data: Mapping[str, Any], name: str, count: int) -> list[str]:
    texts = _member(data, name)
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise ValueError(f"its {name} are no list of texts")
    if len(texts) != count or (name != "activations" and len(set(texts)) != count):
        raise ValueError(f"its {name} are not {count} different texts")
    return texts
