"""A run's model as one file for other programs: ONNX, or named arrays for NumPy and PyTorch."""

import io
import json
from importlib import import_module
from pathlib import Path
from typing import Any

from minigrad.files.whole import Taken, check_free, write_out
from minigrad.runner.model import Model
from minigrad.tracking.export import ExportError


def export_model(model: Model, *, to: str, out: str | Path | None, force: bool = False) -> str:
    """Write the model and say in one sentence where it is. To
        onnx   a graph in float64 from rows in the data's units to outputs, with the scaling inside
        npz    weights and biases by name, shaped as those of torch.nn.Linear, and the scaling
    A file that is there already is replaced only with `force`. Raises ExportError.
    """
    path = Path(out or f"{model.run}.{to}")
    if path.is_dir():
        path /= f"{model.run}.{to}"
    try:
        check_free(path, force)
    except Taken as error:
        raise ExportError(str(error)) from None
    content = onnx_bytes(model) if to == "onnx" else npz_bytes(model)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_out(path, content)
    except OSError as error:
        raise ExportError(f"{path}: cannot be written: {error.strerror or error}") from None
    seed = "" if model.seed is None else f", seed {model.seed}"
    return f"wrote {model.module!r}{seed} to {path}"


def npz_bytes(model: Model) -> bytes:
    """`numpy.load` gives `state_dict()`'s arrays by name; besides, "activations", "features",
    "target" and "loss" as text, "mean" and "deviation" of the inputs (0 and 1 where they are not
    scaled), "target_mean" and "target_deviation", and "classes", which is empty for a regression.

    The same model gives the same bytes.
    """
    import numpy as np  # here, since predictions of eager runs do without it

    description = model.description
    count = len(model.features)
    inputs, targets = description.inputs, description.targets
    arrays: dict[str, Any] = {
        **model.state_dict(),
        "activations": np.array(description.activations, dtype=str),
        "features": np.array(model.features, dtype=str),
        "target": np.array(description.target),
        "loss": np.array(description.loss),
        "classes": np.array([] if model.classes is None else model.classes, dtype=str),
        "mean": np.array(inputs.means if inputs else [0.0] * count),
        "deviation": np.array(inputs.deviations if inputs else [1.0] * count),
        "target_mean": np.array(targets.means[0] if targets else 0.0),
        "target_deviation": np.array(targets.deviations[0] if targets else 1.0),
    }
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def onnx_bytes(model: Model) -> bytes:
    """The model as an ONNX file. Raises ExportError without the onnx package, and for an activation
    that is a plugin's.
    """
    from minigrad.runner.onnx_graph import FORMS, Graph

    for name in model.description.activations:
        if name not in FORMS:
            raise ExportError(
                f"{model.run} has the activation {name!r}, a plugin's, which has no form in ONNX: "
                "--to npz writes the weights"
            )
    try:
        onnx = import_module("onnx")
    except ImportError as error:
        missing = "" if error.name == "onnx" else f" ({error})"
        raise ExportError(
            f"exporting to onnx needs a package that is not installed{missing}: "
            "pip install 'minigrad-lab[onnx]'"
        ) from None
    graph = Graph(onnx, model)
    made = onnx.helper.make_model(
        graph.made(),
        producer_name="minigrad",
        ir_version=8,  # with which opset 18 came: runtimes from 2023 on read it
        opset_imports=[onnx.helper.make_opsetid("", 18)],
    )
    onnx.helper.set_model_props(made, _properties(model))
    onnx.checker.check_model(made, full_check=True)
    content: bytes = made.SerializeToString(deterministic=True)
    return content


def _properties(model: Model) -> dict[str, str]:
    """What a graph has no place for, each as JSON but for single texts."""
    description = model.description
    properties: dict[str, Any] = {
        "run": model.run,
        "loss": description.loss,
        "target": description.target,
        "features": json.dumps(model.features, ensure_ascii=False),
    }
    if model.classes is not None:
        properties["classes"] = json.dumps([*map(str, model.classes)], ensure_ascii=False)
    return properties
