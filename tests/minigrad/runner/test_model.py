"""A trained model: the outputs of its run to the bit, in the words of its data."""

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from minigrad import config, native, runner, train
from minigrad.config import plugins
from minigrad.runner import build
from minigrad.runner.description import parse
from minigrad.runner.model import Model, ModelError, RowError
from minigrad.runner.stored_model import model_of
from minigrad.runner.trained import TrainedRun
from minigrad.runner.verify import verify_claims
from minigrad.sweep import __main__ as sweep
from minigrad.tracking import checkpoint, init
from minigrad.tracking.checkpoint import CheckpointError
from minigrad.tracking.store import StoreError, find, load, runs
from nn import MLP
from nn.activations import ACTIVATIONS
from nn.losses import same_side
from tests.minigrad.runner.trained_runs import change_model, change_state, trained, write_data
from tests.minigrad.runner.trained_runs import config as written_config
from tests.stored_runs import change_facts

ENGINES = [
    *("eager", "numpy", "tensor"),
    pytest.param(
        "native", marks=pytest.mark.skipif(not native.available(), reason="it was not built")
    ),
]
MISH = """
from nn.activations import ACTIVATIONS


@ACTIVATIONS.register
def mish_of_test(x):
    return x * x.softplus().tanh()
"""


def own_outputs(run: Path) -> list[list[float]]:
    """The outputs that the run's trainer has on its training data, where it stands."""
    trainer = build.build_trainer(config.load(run / "config.yaml"))
    trainer.load_state_dict(checkpoint.read(run / checkpoint.NAME))
    data = trainer.dataset
    assert trainer.evaluate().loss == load(run).summary["final_loss"]
    outputs = trainer.engine.evaluate(data.inputs, data.targets)[1]
    assert trainer.engine.predict(data.inputs) == outputs
    return outputs


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("standardize", ["true", "false"])
def test_outputs_are_those_of_the_run_to_the_bit_on_every_engine(
    tmp_path: Path, engine: str, standardize: str
) -> None:
    run = trained(tmp_path, f"train.engine={engine}", f"data.standardize={standardize}")
    rows = write_data(tmp_path / "data.csv")
    outputs = runner.load("latest", store=tmp_path / "runs").outputs(rows)
    assert outputs == own_outputs(run.path)
    assert run.model().outputs(np.array(rows)) == outputs


@pytest.mark.parametrize("engine", ENGINES)
def test_outputs_are_those_of_the_run_to_the_bit_after_resume(tmp_path: Path, engine: str) -> None:
    run = trained(tmp_path, f"train.engine={engine}")
    before = run.model().outputs(rows := write_data(tmp_path / "data.csv"))
    arguments = ["--resume", "latest", "train.steps=20", "--out", str(tmp_path / "runs")]
    assert train.main(arguments) == 0
    outputs = runner.load(str(run.path)).outputs(rows)
    assert outputs == own_outputs(run.path)
    assert outputs != before


def test_scaling_is_that_of_the_training_part_alone(tmp_path: Path) -> None:
    run = trained(tmp_path, "data.val_fraction=0.5")
    own = config.load(run.path / "config.yaml")
    data, _ = build.build_dataset(own)
    scale = run.model().description.inputs
    assert scale == data.scaling
    everything = trained(tmp_path, "data.val_fraction=0").model().description.inputs
    assert scale != everything


@pytest.mark.parametrize("engine", ["numpy"])
@pytest.mark.parametrize("data", ["", "data.val_fraction=0.4"])
def test_a_seed_of_many_has_the_outputs_that_it_has_alone(
    tmp_path: Path, engine: str, data: str
) -> None:
    overrides = [f"train.engine={engine}", *filter(None, [data])]
    rows = write_data(tmp_path / "data.csv")
    many = trained(tmp_path, *overrides, "train.seeds=4")
    alone = trained(tmp_path, *overrides, "seed=3")
    model = many.model(3)
    assert model.seed == 3
    assert model.outputs(rows) == alone.model().outputs(rows)
    assert model.description.inputs == alone.model().description.inputs


def test_of_many_seeds_the_best_is_taken(tmp_path: Path) -> None:
    final = trained(tmp_path, "train.engine=numpy", "train.seeds=5")
    table = np.load(final.path / "seeds.npz")
    assert final.model().seed == table["seeds"][np.argmin(table["final_loss"])]
    validated = trained(tmp_path, "train.engine=numpy", "train.seeds=5", "data.val_fraction=0.3")
    table = np.load(validated.path / "seeds.npz")
    assert validated.model().seed == table["seeds"][np.argmin(table["val_loss"])]


def test_a_seed_that_is_not_there_or_diverged_is_refused(tmp_path: Path) -> None:
    overrides = ["train.engine=numpy", "train.seeds=3..5", "optimizer=sgd", "optimizer.lr=0.1"]
    run = trained(tmp_path, *overrides)
    with pytest.raises(ModelError, match=r"has no seed 2: it has 3, 3 to 5$"):
        run.model(2)
    state = checkpoint.read(run.path / checkpoint.NAME)
    failures = {"1": "diverged at step 7: the loss is inf"}
    change_state(run.path, active=[0, 2], failures=failures, parameters=state["parameters"][::2])
    with pytest.raises(ModelError, match=r"seed 4 of \S+ diverged at step 7: the loss is inf: its"):
        run.model(4)
    assert run.model(5).outputs([[1.0, 2.0, 3.0]])
    with pytest.raises(ModelError, match="has one seed, 0, and no seed 1"):
        trained(tmp_path).model(1)
    assert trained(tmp_path).model(0).seed is None


def test_a_model_answers_in_class_names_where_the_data_have_them(tmp_path: Path) -> None:
    run = trained(tmp_path)
    rows = write_data(tmp_path / "data.csv")
    labels = run.model().predict(rows)
    assert set(labels) <= {0, 1, 2}
    change_model(run.path, classes=["setosa", "versicolor", "virginica"])
    model = run.model()
    assert model.classes == ["setosa", "versicolor", "virginica"]
    assert model.predict(rows) == [model.classes[label] for label in labels]  # type: ignore[index]


def test_probabilities_are_softmax_or_sigmoid_of_the_outputs(tmp_path: Path) -> None:
    rows = write_data(tmp_path / "data.csv")
    model = trained(tmp_path).model()
    logits = np.array(model.outputs(rows))
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert np.allclose(model.predict_proba(rows), expected, rtol=1e-13, atol=0)
    assert model.probabilities(rows) == model.predict_proba(rows)
    binary = trained(tmp_path, "loss=bce", target="binary").model()
    logits = np.array(binary.outputs(rows))[:, 0]
    shares = np.array(binary.predict_proba(rows))
    assert np.allclose(shares[:, 1], 1 / (1 + np.exp(-logits)), rtol=1e-13, atol=0)
    assert np.allclose(shares.sum(axis=1), 1, rtol=0, atol=1e-15)
    assert binary.predict(rows) == [int(logit > 0) for logit in logits]


@pytest.mark.parametrize(("loss", "kind"), [("hinge", "scores"), ("mse", "measurements")])
def test_probabilities_of_a_loss_without_them_are_refused(
    tmp_path: Path, loss: str, kind: str
) -> None:
    target = "binary" if loss == "hinge" else "numbers"
    model = trained(tmp_path, f"loss={loss}", target=target).model()
    with pytest.raises(ModelError, match=f"was trained with {loss}, whose outputs are {kind}: "):
        model.predict_proba([[1.0, 2.0, 3.0]])


def test_a_scaled_target_is_told_in_its_own_units(tmp_path: Path) -> None:
    run = trained(tmp_path, "loss=mse", target="numbers")
    row = [[180.0, 0.02, 70.0]]
    plain = run.model().predict(row)
    assert plain == run.model().outputs(row)[0]
    scaling = checkpoint.read(run.path / checkpoint.NAME)["model"]["scaling"]
    change_model(run.path, scaling=scaling | {"target": {"mean": 25.0, "deviation": 2.0}})
    assert run.model().predict(row) == [plain[0] * 2.0 + 25.0]  # type: ignore[operator]


def test_the_module_and_the_arrays_have_the_numbers_of_the_checkpoint(tmp_path: Path) -> None:
    for engine in ("eager", "numpy", "tensor", *["native"] * native.available()):
        run = trained(tmp_path, f"train.engine={engine}")
        assert run.stored.facts.engine == engine
        state, model = checkpoint.read(run.path / checkpoint.NAME), run.model()
        assert isinstance(model.module, MLP)
        assert model.module.sizes == (3, 5, 3)
        arrays = model.state_dict()
        shapes = {name: list(array.shape) for name, array in arrays.items()}
        assert shapes == state["model"]["parameters"]
        neuron = model.module.layers[1].neurons[2]
        assert arrays["layers.1.weight"][2].tolist() == [w.data for w in neuron.weights]
        scaled = model._scaled([[180.0, 0.02, 70.0]])[0]
        hidden = np.tanh(arrays["layers.0.weight"] @ scaled + arrays["layers.0.bias"])
        outputs = arrays["layers.1.weight"] @ hidden + arrays["layers.1.bias"]
        assert outputs == pytest.approx(model.outputs([[180.0, 0.02, 70.0]])[0], rel=1e-12)


def test_a_run_made_from_python_tells_its_history(tmp_path: Path) -> None:
    run = trained(tmp_path, "data.val_fraction=0.3", "train.log_every=5")
    columns = run.history()
    assert list(columns)[:2] == ["step", "loss"]
    assert list(columns["step"]) == [0, 5, 10, 11]
    losses = [line["loss"] for line in run.stored.metrics()]
    assert list(columns["loss"]) == losses
    assert math.isfinite(columns["val_loss"][0])
    assert run.summary["steps"] == 12
    assert run.status == "finished"


def test_a_history_has_none_where_a_number_was_not_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("minigrad.runner.trained.find_spec", lambda _name: None)
    columns = trained(tmp_path, "data.val_fraction=0.3", "train.log_every=5").history()
    assert isinstance(columns, dict)
    assert [loss is None for loss in columns["val_loss"]] == [False, False, False, True]


def test_a_history_is_a_frame_where_pandas_is_installed(tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    frame = trained(tmp_path).history()
    assert isinstance(frame, pandas.DataFrame)
    assert len(frame) == 12


def test_python_trains_what_the_command_trains(tmp_path: Path) -> None:
    run = runner.train("configs/xor.yaml", ["train.steps=9", "expect={}"], store=tmp_path)
    xor = config.load("configs/xor.yaml", ["train.steps=9", "expect={}"])
    again = runner.train(xor, store=tmp_path)
    assert list(run.history()["loss"]) == list(again.history()["loss"])
    with pytest.raises(ValueError, match="a Config is whole, so it takes no overrides"):
        runner.train(xor, ["seed=1"], store=tmp_path)


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ([[1.0, 2.0]], "row 0: 2 numbers where the model takes 3: height, width, weight, kg"),
        ([[1.0, 2.0, 3.0], [1.0]], "row 1: 1 numbers where the model takes 3"),
        ([[1.0, "2", 3.0]], "row 0: width must be a finite number, found '2'"),
        ([[1.0, 2.0, math.nan]], "row 0: weight, kg must be a finite number, found nan"),
        ([[True, 2.0, 3.0]], "row 0: height must be a finite number, found True"),
        ([[10**400, 2.0, 3.0]], "row 0: height must be a finite number, found 1000"),
        ([1.0, 2.0, 3.0], r"row 0: must be a list of numbers, as \[0.0, 1.0\], found 1.0"),
        ("rows", r"rows must be a list of rows, as \[\[0.0, 1.0\]\], or an array of them"),
        (7, r"rows must be a list of rows"),
    ],
)
def test_rows_that_are_none_are_refused(tmp_path: Path, rows: Any, sentence: str) -> None:
    model = trained(tmp_path).model()
    with pytest.raises(ModelError, match=sentence):
        model.predict(rows)


def test_no_rows_have_no_answers(tmp_path: Path) -> None:
    assert trained(tmp_path).model().predict([]) == []


@pytest.mark.parametrize("engine", ENGINES)
def test_a_row_without_a_finite_answer_is_named(tmp_path: Path, engine: str) -> None:
    run = trained(
        tmp_path, f"train.engine={engine}", "data.standardize=false", model={"hidden": []}
    )
    huge = np.array([1e10, 1.0, 1.0, 0.0] * 3)
    if engine == "tensor":
        change_state(run.path, parameters=[huge.reshape(3, 4)[:, :3].tolist(), [0.0] * 3])
    else:
        change_state(run.path, parameters=huge.tolist())
    with pytest.raises(RowError, match=r"^row 1: the model") as refused:
        run.model().predict([[1.0, 2.0, 3.0], [1e300, 0.0, 0.0], [1.0, 2.0, 3.0]])
    assert refused.value.row == 1


# Plugins.


def with_plugin(folder: Path) -> TrainedRun:
    (folder / "mish.py").write_text(MISH)
    model = {"hidden": [4], "activation": "mish_of_test"}
    return trained(folder, model=model, plugins=["mish.py"])


@pytest.fixture
def forgotten(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """Makes the process one that has run no plugin yet."""

    def forget() -> None:
        ACTIVATIONS.pop("mish_of_test", None)
        monkeypatch.setattr(plugins, "_loaded", {})

    yield forget
    forget()


def test_a_plugins_activation_gives_the_outputs_of_the_run(
    tmp_path: Path, forgotten: Callable[[], None]
) -> None:
    run = with_plugin(tmp_path)
    rows = write_data(tmp_path / "data.csv")
    own = own_outputs(run.path)
    assert run.model().outputs(rows) == own  # it is registered already
    forgotten()
    assert run.model().outputs(rows) == own  # the file is the one that the run recorded
    forgotten()
    change_state(run.path, model=None)
    assert run.model().outputs(rows) == own


def write_names(path: Path) -> list[list[float]]:
    """The data with names for classes; gives the features."""
    rows = write_data(path)
    header, *lines = path.read_text().splitlines()
    cells = [line.split(",") for line in lines]
    named = [[a, ("oak", "ash", "elm")[int(kind)], *rest] for a, kind, *rest in cells]
    path.write_text("\n".join([header, *map(",".join, named)]) + "\n")
    return rows


@pytest.mark.parametrize("engine", ENGINES)
def test_names_a_plugin_and_resume_together_leave_the_outputs_to_the_bit(
    tmp_path: Path, forgotten: Callable[[], None], engine: str
) -> None:
    rows = write_names(tmp_path / "data.csv")
    (tmp_path / "mish.py").write_text(MISH)
    model = {"hidden": [4], "activation": "mish_of_test"}
    path = written_config(tmp_path, model=model, plugins=["mish.py"])
    run = runner.train(path, [f"train.engine={engine}"], store=tmp_path / "runs")
    forgotten()
    resumed = ["--resume", "latest", "train.steps=20", "--out", str(tmp_path / "runs")]
    assert train.main(resumed) == 0
    after = find(tmp_path / "runs", "latest")
    assert (after.facts.engine, after.summary["steps"]) == (engine, 20)  # it did not fall back
    own = own_outputs(run.path)
    forgotten()
    answers = runner.load("latest", store=tmp_path / "runs")
    assert answers.outputs(rows) == own
    names = ["ash", "elm", "oak"]
    assert answers.predict(rows) == [names[row.index(max(row))] for row in own]


@pytest.mark.parametrize("layout", ["new", "older"])
def test_a_plugin_that_has_changed_is_run_with_consent_alone(
    tmp_path: Path, forgotten: Callable[[], None], layout: str
) -> None:
    run = with_plugin(tmp_path)
    rows = write_data(tmp_path / "data.csv")
    own = own_outputs(run.path)
    if layout == "older":
        change_state(run.path, model=None)
    forgotten()
    (tmp_path / "mish.py").write_text(f"{MISH}\n# a line more\n")
    with pytest.raises(
        ModelError, match=r"plugin \S+mish.py is not the file that the run recorded"
    ):
        run.model()
    assert "mish_of_test" not in ACTIVATIONS
    model = runner.load("latest", store=tmp_path / "runs", trust_plugins=True)
    assert model.outputs(rows) == own


def test_a_run_whose_plugin_is_not_needed_runs_none(tmp_path: Path) -> None:
    (tmp_path / "loud.py").write_text("")
    run = trained(tmp_path, plugins=["loud.py"])
    (tmp_path / "loud.py").write_text("raise SystemExit('this was run')")
    assert run.model().predict([[1.0, 2.0, 3.0]])


# Runs of an older layout.


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("seeds", [[], ["train.engine=numpy", "train.seeds=3"]])
def test_an_older_checkpoint_is_read_with_the_data_it_was_made_with(
    tmp_path: Path, engine: str, seeds: list[str]
) -> None:
    run = trained(tmp_path, f"train.engine={engine}", *seeds)
    rows = write_data(tmp_path / "data.csv")
    outputs = run.model().outputs(rows)
    change_state(run.path, model=None)
    assert run.model().outputs(rows) == outputs


def test_an_older_checkpoint_whose_data_have_changed_is_refused(tmp_path: Path) -> None:
    run = trained(tmp_path)
    change_state(run.path, model=None)
    write_data(tmp_path / "data.csv", rows=57)
    sentence = "is of an older layout, .*, and its data are no longer the same: its loss was"
    with pytest.raises(ModelError, match=sentence):
        run.model()
    (tmp_path / "data.csv").unlink()
    with pytest.raises(ModelError, match=r"which cannot be rebuilt: .*data.csv: cannot be read"):
        run.model()


def test_an_older_checkpoint_of_a_run_that_never_ended_is_refused(tmp_path: Path) -> None:
    run = trained(tmp_path)
    change_state(run.path, model=None)
    change_facts(run.path, status="interrupted", summary={})
    with pytest.raises(ModelError, match=r"nothing tells that they are unchanged: .* to its end"):
        model_at(run)
    generated = runner.train("configs/xor.yaml", ["expect={}"], store=tmp_path / "runs")
    change_state(generated.path, model=None)
    change_facts(generated.path, status="interrupted", summary={})
    assert model_at(generated).predict([[0.0, 1.0]]) == [1]


def model_at(run: TrainedRun) -> Model:
    return runner.load(str(run.path))


# Runs without a model to use.


def test_a_run_without_a_model_to_use_is_refused_in_one_line(tmp_path: Path) -> None:
    store = tmp_path / "runs"
    run = trained(tmp_path)
    change_facts(run.path, status="diverged", error="training diverged at step 3: the loss is inf")
    with pytest.raises(ModelError, match=r"diverged, so its model is of no use: training diverged"):
        model_at(run)
    run = trained(tmp_path)
    (run.path / checkpoint.NAME).unlink()
    with pytest.raises(ModelError, match=r"has no checkpoint, so .*config.yaml trains it again"):
        model_at(run)
    with init(name="mine", store=store) as mine:
        mine.log({"loss": 1.0})
    with pytest.raises(ModelError, match="was logged by a loop of your own: no model of it"):
        runner.load(mine.id, store=store)
    (mine.path / "run.json").write_text("{")
    with pytest.raises(StoreError, match=r"has no model to use: run.json"):
        runner.load(mine.id, store=store)
    assert find(store, mine.id).status == "damaged"


def test_a_damaged_checkpoint_is_refused(tmp_path: Path) -> None:
    run = trained(tmp_path)
    path = run.path / checkpoint.NAME
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match="is damaged: its checksum does not match"):
        run.model()


NO_MLP = "the shapes of its parameters are those of no MLP"


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"scaling": "cut out"}, "its scaling is missing"),
        ({"scaling": {"target": None}}, "its inputs is missing"),
        ({"scaling": {"inputs": None, "target": None}}, "the config has data.standardize: true"),
        ({"scaling": {"inputs": {"mean": [0.0] * 3}, "target": None}}, "its deviation is missing"),
        (
            {"scaling": {"inputs": {"mean": [0.0] * 3, "deviation": [0.0] * 3}, "target": None}},
            "scaling.inputs.deviation must be above 0",
        ),
        (
            {"scaling": {"inputs": {"mean": [0.0], "deviation": [1.0]}, "target": None}},
            "scaling.inputs.mean is not 3 finite numbers",
        ),
        ({"features": ["a", "b"]}, "its features are not 3 different texts"),
        ({"features": ["a", "b", "b"]}, "its features are not 3 different texts"),
        ({"classes": ["a", "b"]}, "its classes are not 3 different texts"),
        ({"classes": [0, 1, 2]}, "its classes are no list of texts"),
        ({"target": 3}, "its target is no text"),
        ({"task": "guess"}, "its task is 'guess' with 3 outputs"),
        ({"parameters": {"layers.0.weight": [3, 3]}}, NO_MLP),
        ({"parameters": {}}, NO_MLP),
        ({"activations": ["tahn"]}, "there is no activation 'tahn', and its plugins register none"),
        ({"loss": "none"}, "there is no loss 'none'"),
        ({"engine": "none"}, "there is no engine 'none'"),
    ],
)
def test_a_description_that_is_wrong_or_cut_is_refused(
    tmp_path: Path, changed: dict[str, Any], sentence: str
) -> None:
    run = trained(tmp_path)
    change_model(run.path, **changed)
    with pytest.raises(ModelError) as refused:
        run.model()
    assert sentence in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ([0.5] * 37, "it has 37 parameters, and its model 38"),
        ([0.5] * 37 + [math.inf], "a parameter is not a finite number"),
        ([0.5] * 37 + ["1"], "a parameter is not a finite number"),
        ([[0.5] * 3] * 4, "its parameters have other shapes than its model"),
        ({}, "it has no parameters"),
    ],
)
def test_parameters_that_do_not_fit_are_refused(
    tmp_path: Path, parameters: Any, sentence: str
) -> None:
    run = trained(tmp_path)
    change_state(run.path, parameters=parameters)
    with pytest.raises(ModelError, match=sentence):
        run.model()


def test_a_description_says_what_a_model_is_made_of(tmp_path: Path) -> None:
    run = trained(tmp_path)
    description = parse(checkpoint.read(run.path / checkpoint.NAME)["model"])
    assert (description.sizes, description.activations) == ([3, 5, 3], ["tanh"])
    assert description.features == ["height", "width", "weight, kg"]
    assert (description.target, description.loss) == ("kind", "cross_entropy")
    assert description.inputs is not None
    mean = sum(row[0] for row in write_data(tmp_path / "data.csv")) / 60
    assert description.inputs.means[0] == pytest.approx(mean, rel=1e-12)


def test_a_member_of_a_sweep_has_the_model_that_it_would_have_alone(tmp_path: Path) -> None:
    grid = ["optimizer.lr=0.1,0.3", "train.steps=7", "expect={}", "--workers", "1"]
    assert sweep.main(["configs/xor.yaml", *grid, "--out", str(tmp_path / "sweep")]) == 0
    rows = [[0.0, 1.0], [1.0, 1.0]]
    for stored in runs(tmp_path / "sweep"):
        own = config.load(stored.path / "config.yaml")
        alone = runner.train(own, store=tmp_path / "alone").model()
        assert model_of(stored).outputs(rows) == alone.outputs(rows)


def test_verify_holds_the_description_against_the_data(tmp_path: Path) -> None:
    run = trained(tmp_path, "data.val_fraction=0.3")
    assert verify_claims(run.stored).identical
    scaling = checkpoint.read(run.path / checkpoint.NAME)["model"]["scaling"]
    scaling["inputs"]["mean"][1] += 1.0
    change_model(run.path, scaling=scaling)
    verification = verify_claims(run.stored)
    assert not verification.identical
    assert "differs in checkpoint.json: model.scaling.inputs.mean[1] was" in verification.sentence


def test_verify_passes_an_older_checkpoint_and_says_what_it_lacks(tmp_path: Path) -> None:
    run = trained(tmp_path)
    change_state(run.path, model=None)
    verification = verify_claims(run.stored)
    assert verification.identical
    assert "the model's description, which checkpoint.json lacks" in verification.sentence


def test_a_logit_of_0_is_the_class_that_accuracy_takes_it_for() -> None:
    model = object.__new__(Model)
    model.description = SimpleNamespace(task="binary", classes=None, sizes=[2, 1])  # type: ignore
    for logit in (-1e-300, -0.0, 0.0, 1e-300):
        (answer,) = model.answers([[logit]])
        assert same_side([logit], float(answer))
