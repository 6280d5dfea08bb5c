"""A model as one file: ONNX's runtime computes what predict does, and arrays have their names."""

import json
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from minigrad import runner
from minigrad.runner.model import Model
from minigrad.runner.model_export import export_model, npz_bytes, onnx_bytes
from minigrad.runner.onnx_graph import FORMS
from minigrad.tracking.export import ExportError
from nn.activations import ACTIVATIONS
from tests.minigrad.runner.trained_runs import change_model, trained, write_data

needs_onnx = pytest.mark.skipif(find_spec("onnx") is None, reason="onnx is not installed")
needs_runtime = pytest.mark.skipif(
    find_spec("onnx") is None or find_spec("onnxruntime") is None,
    reason="onnx and onnxruntime are not installed",
)
ONNX = 1e-12
IN_SINGLE = {"gelu": 1e-6}
"""How near ONNX's runtime comes; erf, which gelu takes, it has in 32 bits alone."""


def session(content: bytes) -> Any:
    return import_module("onnxruntime").InferenceSession(content)


def run_onnx(content: bytes, rows: list[list[float]]) -> dict[str, Any]:
    opened = session(content)
    names = [output.name for output in opened.get_outputs()]
    return dict(zip(names, opened.run(names, {"rows": np.array(rows)}), strict=True))


def assert_equal(ours: Any, theirs: Any, tolerance: float) -> None:
    """To a share of the number, or of 1 where that is larger."""
    assert np.allclose(theirs, np.array(ours), rtol=tolerance, atol=tolerance)


@needs_runtime
@pytest.mark.parametrize("activation", sorted(FORMS))
def test_the_runtime_computes_what_predict_does_with_every_activation(
    tmp_path: Path, activation: str
) -> None:
    run = trained(tmp_path, model={"hidden": [7, 5], "activation": activation})
    rows, model = write_data(tmp_path / "data.csv"), run.model()
    rows += [[190.0, -0.5, 300.0], [0.0, 0.0, 0.0]]  # far out, where activations saturate
    results = run_onnx(onnx_bytes(model), rows)
    tolerance = IN_SINGLE.get(activation, ONNX)
    assert_equal(model.outputs(rows), results["outputs"], tolerance)
    assert_equal(model.predict_proba(rows), results["probabilities"], tolerance)
    assert results["outputs"].dtype == np.float64


def test_every_activation_has_a_form() -> None:
    own = {
        name for name, function in ACTIVATIONS.items() if function.__module__ == "nn.activations"
    }
    assert own == set(FORMS)


@needs_runtime
@pytest.mark.parametrize("engine", ["eager", "numpy", "tensor"])
@pytest.mark.parametrize("standardize", ["true", "false"])
def test_the_scaling_is_inside(tmp_path: Path, engine: str, standardize: str) -> None:
    run = trained(tmp_path, f"train.engine={engine}", f"data.standardize={standardize}")
    rows, model = write_data(tmp_path / "data.csv"), run.model()
    assert_equal(model.outputs(rows), run_onnx(onnx_bytes(model), rows)["outputs"], ONNX)


@needs_runtime
def test_a_binary_model_gives_both_probabilities_and_a_regression_its_units(tmp_path: Path) -> None:
    rows = write_data(tmp_path / "data.csv")
    binary = trained(tmp_path, "loss=bce", target="binary").model()
    assert_equal(
        binary.predict_proba(rows), run_onnx(onnx_bytes(binary), rows)["probabilities"], ONNX
    )
    run = trained(tmp_path, "loss=huber", target="numbers")
    inputs = run.model().description.inputs
    assert inputs
    scaled = {"mean": inputs.means, "deviation": inputs.deviations}
    target = {"mean": 25.0, "deviation": 0.3}
    change_model(run.path, scaling={"inputs": scaled, "target": target})
    results = run_onnx(onnx_bytes(run.model()), rows)
    assert_equal(run.model().predict(rows), results["prediction"][:, 0], ONNX)
    hinge = trained(tmp_path, "loss=hinge", target="binary").model()
    assert list(run_onnx(onnx_bytes(hinge), rows)) == ["outputs"]


@needs_runtime
@pytest.mark.parametrize("engine", ["eager", "numpy", "tensor"])
def test_a_standardized_target_and_names_of_classes_are_inside(tmp_path: Path, engine: str) -> None:
    overrides = [f"train.engine={engine}", "data.standardize_target=true"]
    regression = trained(tmp_path, *overrides, "loss=mse", target="numbers").model()
    assert regression.description.targets is not None
    rows = write_data(tmp_path / "data.csv")
    prediction = run_onnx(onnx_bytes(regression), rows)["prediction"]
    assert_equal(regression.predict(rows), prediction[:, 0], ONNX)
    settings = [f"train.engine={engine}", "train.epochs=3", "expect={}"]
    model = runner.train("configs/iris.yaml", settings, store=tmp_path).model()
    iris = [[5.1, 3.5, 1.4, 0.2], [6.0, 2.9, 4.5, 1.5], [6.3, 3.3, 6.0, 2.5]]
    content = onnx_bytes(model)
    assert_equal(model.predict_proba(iris), run_onnx(content, iris)["probabilities"], ONNX)
    names = json.loads(session(content).get_modelmeta().custom_metadata_map["classes"])
    assert names == ["setosa", "versicolor", "virginica"]


@needs_runtime
def test_names_are_in_the_metadata(tmp_path: Path) -> None:
    run = trained(tmp_path)
    change_model(run.path, classes=["sétosa", "versicolor", "virginica"])
    data = session(onnx_bytes(run.model())).get_modelmeta().custom_metadata_map
    assert json.loads(data["classes"]) == ["sétosa", "versicolor", "virginica"]
    assert json.loads(data["features"]) == ["height", "width", "weight, kg"]
    assert (data["target"], data["loss"], data["run"]) == ("kind", "cross_entropy", run.id)


@needs_onnx
def test_the_same_model_gives_the_same_bytes(tmp_path: Path) -> None:
    run = trained(tmp_path)
    assert onnx_bytes(run.model()) == onnx_bytes(run.model())
    assert npz_bytes(run.model()) == npz_bytes(run.model())


def test_a_plugins_activation_is_refused_by_name(tmp_path: Path) -> None:
    def cube(x: Any) -> Any:
        return x * x * x

    ACTIVATIONS["cube_of_test"] = cube
    try:
        run = trained(tmp_path, model={"hidden": [2], "activation": "cube_of_test"})
        sentence = "the activation 'cube_of_test', a plugin's, which has no form in ONNX: --to npz"
        with pytest.raises(ExportError, match=sentence):
            onnx_bytes(run.model())
        assert npz_bytes(run.model())
    finally:
        ACTIVATIONS.pop("cube_of_test")


def test_without_the_onnx_package_what_to_install_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(name: str) -> None:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    monkeypatch.setattr("minigrad.runner.model_export.import_module", missing)
    with pytest.raises(ExportError, match=r"pip install 'minigrad-lab\[onnx\]'$"):
        onnx_bytes(trained(tmp_path).model())


def by_hand(path: Path, rows: list[list[float]]) -> Any:
    """The outputs of a tanh network, from the arrays of a file alone."""
    arrays = np.load(path)
    signal = (np.array(rows) - arrays["mean"]) / arrays["deviation"]
    hidden = np.tanh(signal @ arrays["layers.0.weight"].T + arrays["layers.0.bias"])
    return hidden @ arrays["layers.1.weight"].T + arrays["layers.1.bias"]


@pytest.mark.parametrize("standardize", ["true", "false"])
def test_arrays_have_names_and_shapes_and_are_enough_to_compute_with(
    tmp_path: Path, standardize: str
) -> None:
    model: Model = trained(tmp_path, f"data.standardize={standardize}").model()
    path, rows = tmp_path / "model.npz", write_data(tmp_path / "data.csv")
    sentence = export_model(model, to="npz", out=path)
    assert sentence == f"wrote MLP of sizes 3-5-3, tanh: 38 parameters to {path}"
    arrays = np.load(path)
    assert arrays["layers.0.weight"].shape == (5, 3)
    assert arrays["layers.1.bias"].shape == (3,)
    assert arrays["activations"].tolist() == ["tanh"]
    assert arrays["features"].tolist() == ["height", "width", "weight, kg"]
    assert arrays["classes"].tolist() == ["0", "1", "2"]
    assert str(arrays["target"]) == "kind"
    assert_equal(model.outputs(rows), by_hand(path, rows), 1e-12)


def test_a_file_that_is_there_is_replaced_only_with_force(tmp_path: Path) -> None:
    model, path = trained(tmp_path).model(), tmp_path / "model.npz"
    path.write_text("mine")
    with pytest.raises(ExportError, match=r"model.npz exists already: --force replaces it"):
        export_model(model, to="npz", out=path)
    assert path.read_text() == "mine"
    export_model(model, to="npz", out=path, force=True)
    assert np.load(path)["layers.0.bias"].shape == (5,)
    export_model(model, to="npz", out=tmp_path)
    assert (tmp_path / f"{model.run}.npz").exists()
    with pytest.raises(ExportError, match="cannot be written: "):
        export_model(model, to="npz", out=path / "below.npz")


def test_torch_has_the_same_outputs(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="torch is not installed")
    model, path = trained(tmp_path).model(), tmp_path / "model.npz"
    rows = write_data(tmp_path / "data.csv")
    export_model(model, to="npz", out=path)
    arrays = {name: torch.from_numpy(a) for name, a in np.load(path).items() if a.dtype.kind == "f"}
    layers = [torch.nn.Linear(3, 5).double(), torch.nn.Linear(5, 3).double()]
    for i, layer in enumerate(layers):
        names = ("weight", "bias")
        layer.load_state_dict({name: arrays[f"layers.{i}.{name}"] for name in names})
    scaled = (torch.tensor(rows, dtype=torch.float64) - arrays["mean"]) / arrays["deviation"]
    outputs = layers[1](torch.tanh(layers[0](scaled))).detach().numpy()
    assert_equal(model.outputs(rows), outputs, 1e-12)


@needs_runtime
def test_a_seed_of_many_is_exported(tmp_path: Path) -> None:
    run = trained(tmp_path, "train.engine=numpy", "train.seeds=4")
    rows, path = write_data(tmp_path / "data.csv"), tmp_path / "m.onnx"
    model = runner.load(str(run.path), seed=2)
    assert export_model(model, to="onnx", out=path).endswith(f"parameters, seed 2 to {path}")
    assert_equal(model.outputs(rows), run_onnx(path.read_bytes(), rows)["outputs"], ONNX)
