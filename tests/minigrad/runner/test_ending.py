"""The end of a training: the test part, the best model, patience, and what resume makes of them."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from minigrad import runner, train
from minigrad.config import ConfigError
from minigrad.config import load as load_config
from minigrad.data import Dataset, csv_file
from minigrad.runner import build, testing
from minigrad.runner.pictures import lost_pictures, redraw
from minigrad.runner.verify import verify_claims
from minigrad.tracking import checkpoint
from minigrad.tracking.check import check_soundness
from minigrad.tracking.store import load
from tests.minigrad.runner.trained_runs import change_state

IRIS, REGRESSION = "configs/iris.yaml", "configs/regression.yaml"
STOPS = ["train={steps: 400, batch_size: 16, log_every: 5, keep_best: val_loss, patience: 4}"]
STOPS += ["optimizer.lr=0.1"]


def command(*arguments: object) -> int:
    return train.main([str(argument) for argument in arguments])


def end_of(run: Path) -> dict[str, Any]:
    """All that a run claims of its end, but for its duration."""
    state, facts = checkpoint.read(run / "checkpoint.json"), load(run)
    tested = (run / "test.json").read_bytes()
    summary = {k: v for k, v in facts.summary.items() if k != "seconds"}
    lines = [{k: v for k, v in row.items() if k != "time"} for row in facts.metrics()]
    return {"state": state | {"seconds": 0}, "summary": summary, "lines": lines, "test": tested}


@pytest.mark.parametrize("engine", ["eager", "numpy", "tensor", "native"])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # where the native engine was not built
def test_the_model_answers_the_test_part_as_the_run_did_to_the_bit(
    engine: str, tmp_path: Path
) -> None:
    run = runner.train(IRIS, [f"train.engine={engine}", "train.steps=30"], store=tmp_path)
    model = run.model()
    config = load_config(run.path / "config.yaml")
    raw = build.build_parts(
        config.model_copy(update={"data": config.data.model_copy(update={"standardize": False})})
    )
    trainer = build.build_trainer(config)
    best = checkpoint.read(run.path / "checkpoint.json")
    if best["best"]["last"] is None:
        best["parameters"] = best["best"]["parameters"]
    trainer.load_state_dict(best)
    assert raw.test is not None
    assert trainer.test is not None
    _, outputs = trainer.engine.evaluate(trainer.test.inputs, trainer.test.targets)
    assert model.outputs(raw.test.inputs) == outputs
    tested = json.loads((run.path / "test.json").read_text())
    names = ["setosa", "versicolor", "virginica"]
    assert model.classes == tested["classes"] == names
    answers = model.predict(raw.test.inputs)
    for true, row in zip(names, tested["confusion"], strict=True):
        for answer, count in zip(names, row, strict=True):
            pairs = zip(raw.test.targets, answers, strict=True)
            assert sum(pair == (names.index(true), answer) for pair in pairs) == count


def test_the_test_part_changes_nothing_that_is_learned_from(tmp_path: Path) -> None:
    """Other numbers in its rows change neither scaling nor training nor choice."""
    parts = build.build_parts(load_config(IRIS))
    assert parts.test is not None
    lines = Path("configs/data/iris.csv").read_text().splitlines()
    for line in parts.test.lines or []:
        *_, species = lines[line - 1].split(",")
        lines[line - 1] = f"900,-900,900,-900,{species}"
    (tmp_path / "iris.csv").write_text("\n".join(lines) + "\n")
    runs = [
        runner.train(IRIS, [f"data.path={path}", "train.steps=40"], store=tmp_path / "runs")
        for path in (Path("configs/data/iris.csv").resolve(), tmp_path / "iris.csv")
    ]
    one, two = (checkpoint.read(run.path / "checkpoint.json") for run in runs)
    assert one | {"seconds": 0} == two | {"seconds": 0}
    assert runs[0].summary["test_loss"] != runs[1].summary["test_loss"]


def test_a_file_of_its_own_is_tested_on_by_the_names_of_its_columns(tmp_path: Path) -> None:
    rows = Path("configs/data/iris.csv").read_text().splitlines()[1::10]
    turned = [",".join(reversed(row.split(","))) for row in rows]
    header = "species,petal_width,petal_length,sepal_width,sepal_length"
    (tmp_path / "test.csv").write_text("\n".join([header, *turned]) + "\n")
    settings = ["data.test_fraction=0", f"data.test_path={tmp_path / 'test.csv'}"]
    run = runner.train(IRIS, [*settings, "train.steps=200"], store=tmp_path / "runs")
    assert run.summary["test_accuracy"] >= 0.93
    hashes = load(run.path).run_json["sha256"]
    assert str(tmp_path / "test.csv") in hashes


@pytest.fixture(scope="module", params=[[], STOPS], ids=["best", "stopped early"])
def undisturbed(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[list[str], dict[str, Any]]:
    """Settings, and the end of a whole training with them."""
    out = tmp_path_factory.mktemp("whole")
    assert command(IRIS, "expect={}", *request.param, "--out", out) == 0
    return request.param, end_of((out / "latest").resolve())


@pytest.mark.usefixtures("without_pictures")
@pytest.mark.parametrize("stop", [17, *(pytest.param(n, marks=pytest.mark.slow) for n in (3, 40))])
def test_best_and_patience_are_resumable_to_the_bit(
    undisturbed: tuple[list[str], dict[str, Any]], stop: int, tmp_path: Path
) -> None:
    settings, whole = undisturbed
    assert command(IRIS, "expect={}", *settings, f"train.steps={stop}", "--out", tmp_path) == 0
    (run,) = tmp_path.glob("2*")
    command("--resume", run.name, "train.steps=400", "--out", tmp_path)
    one, two = dict(whole), end_of(run)
    two["lines"] = [row for row in two["lines"] if row["step"] % 5 == 0 or row["step"] == 399]
    one["lines"] = [row for row in one["lines"] if row["step"] % 5 == 0 or row["step"] == 399]
    assert one == two


def test_patience_stops_and_says_so_and_resuming_stays_stopped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(IRIS, "expect={}", *STOPS, "--out", tmp_path) == 0
    assert "stopped early: val_loss" in capsys.readouterr().out
    (run,) = tmp_path.glob("2*")
    before = end_of(run)
    assert before["summary"]["steps"] < 400
    values = [(row["val_loss"], row["step"]) for row in before["lines"] if "val_loss" in row]
    assert before["summary"]["best_step"] == min(values)[1]
    assert before["summary"]["val_loss"] == min(values)[0]
    assert values[-1][1] - min(values)[1] == 4 * 5
    assert check_soundness(load(run)).damage == []
    assert verify_claims(load(run)).identical
    assert command("--resume", run.name, "train.steps=900", "--out", tmp_path) == 0
    assert end_of(run)["state"] == before["state"]
    assert end_of(run)["test"] == before["test"]


def test_epochs_are_steps_and_an_override_of_them_replaces_the_files_steps(tmp_path: Path) -> None:
    config = build.with_steps(load_config(IRIS, ["train.epochs=7"]))
    assert config.train.steps == 7 * 5  # 75 rows to train on, 16 at a time
    with pytest.raises(ConfigError, match="both say how long to train: leave one of them out"):
        load_config(IRIS, ["train.epochs=7", "train.steps=3"])
    run = runner.train(IRIS, ["train.epochs=2", "expect={}"], store=tmp_path)
    assert run.summary["steps"] == 10
    assert verify_claims(run.stored).identical
    assert command("--resume", run.id, "train.epochs=4", "--out", tmp_path) == 0
    assert load(run.path).summary["steps"] == 20


def test_steps_beside_other_epochs_in_one_file_are_refused(tmp_path: Path) -> None:
    for steps, is_refused in ((500, True), (499, True), (35, False)):
        text = Path(IRIS).read_text().replace("steps: 400", f"steps: {steps}, epochs: 7")
        (tmp_path / "both.yaml").write_text(
            text.replace("data/iris", f"{Path.cwd()}/configs/data/iris")
        )
        config = load_config(tmp_path / "both.yaml")
        if is_refused:
            with pytest.raises(ConfigError, match=f"35 steps here.* train.steps is {steps}: leave"):
                build.with_steps(config)
        else:
            assert build.with_steps(config).train.steps == 35


def test_the_model_after_the_last_step_is_kept_where_it_is_the_best(tmp_path: Path) -> None:
    """It is validated too, though no step follows that would log it."""
    settings = ["train={steps: 12, log_every: 100, keep_best: val_loss}", "expect={}"]
    run = runner.train(IRIS, settings, store=tmp_path)
    (before,) = (row["val_loss"] for row in run.stored.metrics() if "val_loss" in row)
    assert run.summary["val_loss"] < before
    assert run.summary["best_step"] == 12
    state = checkpoint.read(run.path / "checkpoint.json")
    assert state["best"]["last"] == run.summary["val_loss"]
    assert run.model().module.layers[0].neurons[0].weights[0].data == state["parameters"][0]
    assert verify_claims(run.stored).identical


def test_a_last_step_that_is_worse_is_not_kept(tmp_path: Path) -> None:
    settings = ["train={steps: 12, log_every: 6, keep_best: val_loss}", "expect={}"]
    run = runner.train(IRIS, [*settings, "optimizer={name: sgd, lr: 9000}"], store=tmp_path)
    assert run.summary["best_step"] == 0
    assert checkpoint.read(run.path / "checkpoint.json")["best"]["last"] is None
    assert verify_claims(run.stored).identical


@pytest.mark.parametrize("seed", [0, 1, 2, 5, 6])
def test_the_regression_beats_a_linear_fit(seed: int, tmp_path: Path) -> None:
    run = runner.train(REGRESSION, [f"seed={seed}", "expect={}"], store=tmp_path)
    tested = json.loads((run.path / "test.json").read_text())
    ours, linear = (part["root_mean_squared_error"] for part in (tested, tested["linear_fit"]))
    assert ours < linear
    (line,) = testing._beside_a_line(tested)
    assert line.endswith(f" beats that of a linear least-squares fit, {linear:.4g}")


def test_one_that_does_not_beat_a_linear_fit_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = ["optimizer.lr=0.05", "optimizer.weight_decay=0", "train.patience=null"]
    settings += ["train.keep_best=null", "expect={}"]
    assert command(REGRESSION, *settings, "--out", tmp_path) == 0
    (line,) = (one for one in capsys.readouterr().out.splitlines() if "least-squares" in one)
    assert "does not beat that of a linear least-squares fit" in line


def test_a_lost_fit_is_found_by_check_and_drawn_again(tmp_path: Path) -> None:
    assert command("configs/sine.yaml", "train.steps=3", "expect={}", "--out", tmp_path) == 0
    run = load(next(tmp_path.glob("2*")))
    assert check_soundness(run).damage == []
    (run.path / "fit.png").unlink()
    (damage,) = check_soundness(run).damage
    assert damage.startswith("fit.png is missing: ")
    assert "fit.png" in [path.name for path in redraw(run)]
    assert check_soundness(load(run.path)).damage == []
    (run.path / "fit.png").unlink()
    change_state(run.path, model=None)
    assert (
        check_soundness(load(run.path)).damage == []
    )  # of an older layout, which had no such picture


def test_a_scaled_target_is_answered_and_measured_in_its_own_units(tmp_path: Path) -> None:
    run = runner.train(REGRESSION, store=tmp_path)
    model, summary = run.model(), run.summary
    whole = csv_file.read_csv(path="configs/data/diabetes.csv", target="progression", rng=None)  # type: ignore[arg-type]
    assert 25 < min(model.predict(whole.inputs)) < max(model.predict(whole.inputs)) < 346  # type: ignore[operator]
    scale = model.description.targets
    assert scale is not None
    assert summary["final_loss_in_target_units"] == summary["final_loss"] * scale.deviations[0] ** 2
    assert summary["test_root_mean_squared_error"] == pytest.approx(
        summary["test_loss"] ** 0.5 * scale.deviations[0]
    )
    assert verify_claims(run.stored).identical


def test_the_regression_is_told_beside_a_linear_fit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(REGRESSION, "--out", tmp_path) == 0
    (line,) = (one for one in capsys.readouterr().out.splitlines() if "least-squares" in one)
    (run,) = tmp_path.glob("2*")
    tested = json.loads((run / "test.json").read_text())
    ours, linear = (
        tested["root_mean_squared_error"],
        tested["linear_fit"]["root_mean_squared_error"],
    )
    assert ("does not beat" in line) == (ours >= linear)
    assert 40 < linear < 70


@pytest.mark.parametrize(
    ("loss", "targets", "least"),
    [
        ("bce", [0.0, 1.0, 1.0, 1.0], 0.5623351446188083),
        ("cross_entropy", [0.0, 1.0, 2.0], 1.0986122886681098),
        ("mse", [1.0, 2.0, 6.0], 14 / 3),
        ("mae", [1.0, 2.0, 6.0], 5 / 3),
        ("hinge", [0.0, 1.0], None),
    ],
)
def test_the_loss_of_the_best_constant(loss: str, targets: list[float], least: float) -> None:
    computed = testing.constant_loss(loss, Dataset([[0.0]] * len(targets), targets))
    assert computed == (None if least is None else pytest.approx(least))


def test_a_loss_above_that_of_a_constant_answer_is_told_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = ["data.standardize_target=false", "train={steps: 3}", "optimizer={name: sgd, lr: 0}"]
    command(REGRESSION, *settings, "optimizer.lr=1e-9", "expect={}", "--out", tmp_path)
    lines = [one for one in capsys.readouterr().out.splitlines() if "worse than" in one]
    assert len(lines) == 1
    assert "that of the same answer to every row: nothing is learned yet" in lines[0]
    command(IRIS, "--out", tmp_path)
    assert "worse than" not in capsys.readouterr().out


@pytest.fixture(scope="module")
def tested(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with a test part."""
    store = tmp_path_factory.mktemp("tested")
    return runner.train(IRIS, ["train.steps=40", "expect={}"], store=store).path


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ("{", "test.json is damaged"),
        ("[]", "test.json is damaged: it has no rows"),
        ('{"rows": 45, "classes": ["a"], "confusion": [[1, 2]]}', "no table of its classes"),
        ('{"rows": 45, "classes": ["a"], "confusion": [[44]]}', "has other rows than it says"),
        (None, "test.json"),
    ],
)
def test_a_damaged_test_is_found_by_check_and_by_verify(
    changed: str | None, sentence: str, tested: Path, tmp_path: Path
) -> None:
    run = shutil.copytree(tested, tmp_path / tested.name)
    if changed is None:
        (run / "test.json").unlink()
    else:
        (run / "test.json").write_text(changed)
    assert any(sentence in one for one in check_soundness(load(run)).damage)
    assert not verify_claims(load(run)).identical


@pytest.mark.parametrize("forged", ["test_loss", "test_accuracy"])
def test_a_test_that_the_summary_contradicts_is_damage(
    forged: str, tested: Path, tmp_path: Path
) -> None:
    run = shutil.copytree(tested, tmp_path / tested.name)
    facts = json.loads((run / "run.json").read_text())
    facts["summary"][forged] = 0.999
    (run / "run.json").write_text(json.dumps(facts))
    name = forged.removeprefix("test_")
    assert any(f"test.json has the {name}" in one for one in check_soundness(load(run)).damage)
    assert f"differs in the summary: {forged} was 0.999" in verify_claims(load(run)).sentence


def test_a_changed_test_is_a_contradiction(tested: Path, tmp_path: Path) -> None:
    run = shutil.copytree(tested, tmp_path / tested.name)
    assert verify_claims(load(run)).identical
    content = json.loads((run / "test.json").read_text())
    content["recall"]["setosa"] = 0.5
    (run / "test.json").write_text(json.dumps(content))
    assert "differs in test.json: recall.setosa was 0.5" in verify_claims(load(run)).sentence


def test_a_lost_confusion_picture_is_drawn_again(tested: Path, tmp_path: Path) -> None:
    run = shutil.copytree(tested, tmp_path / tested.name)
    assert any("confusion.png" in fault for fault in lost_pictures(load(run)))
    assert "confusion.png" in [path.name for path in redraw(load(run))]
    assert lost_pictures(load(run)) == []


@pytest.mark.parametrize("forged", [{"root_mean_squared_error": 1e9}, "x", {"a": 1.0}, None])
def test_a_forged_linear_fit_is_a_contradiction(forged: object, tmp_path: Path) -> None:
    run = runner.train(REGRESSION, ["train.steps=5", "expect={}"], store=tmp_path).path
    content = json.loads((run / "test.json").read_text())
    error = content["linear_fit"]["root_mean_squared_error"]
    content["linear_fit"]["root_mean_squared_error"] = error * (1 + 1e-6)
    (run / "test.json").write_text(json.dumps(content))
    assert "the last digits of linear_fit in test.json" in verify_claims(load(run)).unchecked
    (run / "test.json").write_text(json.dumps({**content, "linear_fit": forged}))
    assert "differs in test.json: linear_fit" in verify_claims(load(run)).sentence


def test_a_linear_fit_that_a_classification_does_not_have_is_a_contradiction(
    tested: Path, tmp_path: Path
) -> None:
    run = shutil.copytree(tested, tmp_path / tested.name)
    content = json.loads((run / "test.json").read_text())
    (run / "test.json").write_text(json.dumps({**content, "linear_fit": "x"}))
    assert (
        "differs in test.json: linear_fit was 'x', is absent" in verify_claims(load(run)).sentence
    )
