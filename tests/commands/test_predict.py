"""python -m minigrad.predict: files in, predictions out, one line a fault."""

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from minigrad import predict as command
from minigrad import runner, runs
from minigrad.runner.trained import TrainedRun
from minigrad.tracking import checkpoint, init
from tests.calling import call, contained
from tests.minigrad.runner.trained_runs import change_model, change_state, trained, write_data
from tests.stored_runs import change_facts

HEADER = 'height,width,"weight, kg"'
ROW = "170,0.02,70"


def predict(run: TrainedRun, rows: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return call(command, run.id, str(rows), "--store", str(run.path.parent), *arguments)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> TrainedRun:
    """A classifier with class names."""
    run = trained(tmp_path_factory.mktemp("own"), "train.steps=60")
    change_model(run.path, classes=["setosa", "versicolor", "virginica"])
    return run


def refused(run: TrainedRun, capsys: pytest.CaptureFixture[str], *arguments: object) -> list[str]:
    """The lines of a call that exits 2 and prints nothing else."""
    store = ["--store", str(run.path.parent)]
    assert command.main([run.id, *map(str, arguments), *store]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    return printed.err.splitlines()


def test_columns_come_in_any_order_and_a_target_gives_the_accuracy(
    run: TrainedRun, tmp_path: Path
) -> None:
    inputs = write_data(tmp_path / "data.csv")
    model = run.model()
    answers = model.predict(inputs)
    lines = ['"weight, kg",kind,height,width']
    names = model.classes
    assert names
    for i, (height, width, weight) in enumerate(inputs):
        lines.append(f"{weight!r}, {names[i % 3]},{height!r}, {width!r}")
    (tmp_path / "rows.csv").write_text("\n".join(lines))
    result = predict(run, tmp_path / "rows.csv")
    right = sum(answer == names[i % 3] for i, answer in enumerate(answers))
    assert result.returncode == 0
    assert result.stderr == f"accuracy {right / 60:.4g} on 60 rows\n"
    assert result.stdout.splitlines() == ["prediction", *map(str, answers)]
    assert right > 40


def test_probabilities_are_those_of_the_model_to_the_bit(run: TrainedRun, tmp_path: Path) -> None:
    inputs = write_data(tmp_path / "data.csv")
    text = "\n".join([HEADER, *(",".join(map(repr, row)) for row in inputs)])
    (tmp_path / "rows.csv").write_text(text)
    result = subprocess.run(
        [sys.executable, "-m", "minigrad.predict", run.id, str(tmp_path / "rows.csv"),
         "--probabilities", "--store", str(run.path.parent)],
        capture_output=True, text=True,
    )  # fmt: skip
    assert (result.returncode, result.stderr) == (0, "")
    header, *rows = csv.reader(io.StringIO(result.stdout))
    assert header == ["prediction", "p(setosa)", "p(versicolor)", "p(virginica)"]
    assert [[float(cell) for cell in row[1:]] for row in rows] == run.model().predict_proba(inputs)
    assert [row[0] for row in rows] == run.model().predict(inputs)


def test_out_is_written_whole_and_never_over_another_file(run: TrainedRun, tmp_path: Path) -> None:
    rows, out = tmp_path / "rows.csv", tmp_path / "out.csv"
    rows.write_text(f"{HEADER}\n{ROW}\n{ROW}\n")
    result = predict(run, rows, "--out", str(out))
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == f"wrote 2 predictions to {out}\n"
    written = out.read_text()
    assert written.splitlines()[0] == "prediction"
    assert len(written.splitlines()) == 3
    again = predict(run, rows, "--out", str(out), "--probabilities")
    assert (again.returncode, again.stdout) == (2, "")
    sentence = f"{out} exists already: --force replaces it, --out names another place\n"
    assert again.stderr == sentence
    assert out.read_text() == written
    assert predict(run, rows, "--out", str(out), "--probabilities", "--force").returncode == 0
    assert out.read_text().startswith("prediction,p(setosa)")
    assert sorted(os.listdir(tmp_path)) == ["out.csv", "rows.csv"]


def test_json_has_it_all(run: TrainedRun, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text(f"{HEADER},kind\n{ROW},setosa\n")
    result = predict(run, tmp_path / "rows.csv", "--json", "--probabilities")
    assert (result.returncode, result.stderr) == (0, "")
    data = json.loads(result.stdout)
    assert data["run"] == run.id
    assert data["classes"] == ["setosa", "versicolor", "virginica"]
    assert data["predictions"] == run.model().predict([[170, 0.02, 70]])
    assert data["probabilities"] == run.model().predict_proba([[170, 0.02, 70]])
    assert data["accuracy"] == float(data["predictions"] == ["setosa"])


def test_a_regression_reports_its_error(tmp_path: Path) -> None:
    regression = trained(tmp_path, "loss=mse", "train.steps=200", target="numbers")
    result = predict(regression, tmp_path / "data.csv", "--json")
    data = json.loads(result.stdout)
    text = io.StringIO((tmp_path / "data.csv").read_text())
    targets = [float(row["kind"]) for row in csv.DictReader(text)]
    errors = [y - t for y, t in zip(data["predictions"], targets, strict=True)]
    mean = sum(targets) / 60
    spread = sum((t - mean) ** 2 for t in targets)
    assert data["mean_absolute_error"] == pytest.approx(sum(map(abs, errors)) / 60, rel=1e-12)
    assert data["r_squared"] == pytest.approx(1 - sum(e * e for e in errors) / spread, rel=1e-9)
    plain = predict(regression, tmp_path / "data.csv").stderr
    assert plain.startswith("mean absolute error ")
    assert "r squared" in plain


def test_of_a_target_that_never_changes_only_the_error_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    regression = trained(tmp_path, "loss=mse", target="numbers")
    rows = tmp_path / "rows.csv"
    rows.write_text(f"{HEADER},kind\n{ROW},25\n{ROW},25\n")
    arguments = [regression.id, str(rows), "--store", str(tmp_path / "runs"), "--json"]
    assert command.main(arguments) == 0
    data = json.loads(capsys.readouterr().out)
    assert "mean_absolute_error" in data
    assert "r_squared" not in data


def test_labels_without_names_are_numbers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    numbered = trained(tmp_path)
    rows = tmp_path / "rows.csv"
    rows.write_text(f"{HEADER},kind\n{ROW},0\n{ROW},1.0\n")
    arguments = [numbered.id, str(rows), "--store", str(tmp_path / "runs"), "--json"]
    assert command.main(arguments) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["classes"] == [0, 1, 2]
    assert data["accuracy"] in (0.0, 0.5)


def test_generated_data_have_numbered_columns(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runner.train("configs/xor.yaml", ["expect={}"], store=tmp_path)
    (tmp_path / "rows.csv").write_text("x1,x0,target\n1,0,1\n1,1,0\n0,0,0\n")
    assert command.main(["latest", str(tmp_path / "rows.csv"), "--store", str(tmp_path)]) == 0
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("prediction\n1\n0\n0\n", "accuracy 1 on 3 rows\n")


def test_of_many_seeds_it_says_which_one_it_took(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    many = trained(tmp_path, "train.engine=numpy", "train.seeds=4")
    rows = tmp_path / "rows.csv"
    rows.write_text(f"{HEADER}\n{ROW}\n")
    arguments = [many.id, str(rows), "--store", str(tmp_path / "runs")]
    assert command.main(arguments) == 0
    best = many.model().seed
    assert capsys.readouterr().err == f"seed {best}, the best of its run\n"
    assert command.main([*arguments, "--seed", "2"]) == 0
    assert capsys.readouterr().err == "seed 2, as asked\n"
    assert command.main([*arguments, "--seed", "0"]) == 0
    assert capsys.readouterr().err == "seed 0, as asked\n"
    (line,) = refused(many, capsys, rows, "--seed", "4")
    assert line == f"{many.id} has no seed 4: it has 4, 0 to 3"


def test_a_plugin_is_run_with_consent_alone(tmp_path: Path) -> None:
    plugin = tmp_path / "swap.py"
    code = "from nn.activations import ACTIVATIONS\n\n\n@ACTIVATIONS.register\n"
    plugin.write_text(f"{code}def swap_of_test(x):\n    return -x.tanh()\n")
    with contained():
        model = {"hidden": [4], "activation": "swap_of_test"}
        with_plugin = trained(tmp_path, model=model, plugins=["swap.py"])
    assert predict(with_plugin, tmp_path / "data.csv").returncode == 0  # as the run recorded it
    plugin.write_text(f"{plugin.read_text()}\n# a line more\n")
    result = predict(with_plugin, tmp_path / "data.csv")
    assert (result.returncode, result.stdout) == (2, "")
    (line,) = result.stderr.splitlines()
    assert f"needs its plugins: plugin {plugin} is not the file that the run recorded" in line
    trusted = predict(with_plugin, tmp_path / "data.csv", "--trust-plugins")
    assert trusted.returncode == 0
    assert len(trusted.stdout.splitlines()) == 61


def test_a_target_with_the_name_of_a_feature_is_read_as_the_feature_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = trained(tmp_path)
    rows = tmp_path / "rows.csv"
    rows.write_text(f"{HEADER}\n{ROW}\n")
    arguments = [own.id, str(rows), "--store", str(tmp_path / "runs"), "--json"]
    assert command.main(arguments) == 0
    before = json.loads(capsys.readouterr().out)
    change_model(own.path, target="height")
    assert command.main(arguments) == 0
    assert json.loads(capsys.readouterr().out) == before
    assert "accuracy" not in before
    rows.write_text(f"{HEADER},x\n{ROW},1\n")
    (line,) = refused(own, capsys, rows)
    assert line.endswith("has no such column: Known: height, weight, kg, width")


# What is refused, each fault in one line.


@pytest.mark.parametrize("label", ["7", "-1", "1.5", "0.5", "3", "1e30", "nan", "inf", "one"])
def test_a_number_that_is_no_class_is_refused(
    label: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = tmp_path / "rows.csv"
    rows.write_text(f"{HEADER},kind\n{ROW},2\n{ROW},{label}\n")
    (line,) = refused(trained(tmp_path), capsys, rows)
    assert line.startswith(f"{rows}:3: column 'kind': {label!r} is no class of the model: ")
    assert line.endswith("Known: 0, 1, 2")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", ": is empty: a header row with height, width, weight, kg is expected"),
        (HEADER, ": a header row alone: rows to predict are expected below it"),
        (f'height,"weight, kg"\n{ROW}', ":1: column 'width' is missing: the model takes height"),
        (f"{HEADER},age\n{ROW},3", ":1: column 'age': the model of {run} has no such column: "),
        (f"{HEADER},height\n{ROW},3", ":1: column 'height' is there 2 times"),
        (f"{HEADER},\n{ROW},3", ":1: column 4 has no name"),
        (f"{HEADER}\n{ROW}\n\n170,0.02", ":4: column 'weight, kg': the cell is missing: 3 cells"),
        (f"{HEADER}\n{ROW},9", ":2: column 4: the cell '9' is one too many: 3 cells are expected"),
        (f"{HEADER}\n{ROW}\n1,tall,3", ":3: column 'width': must be a finite number, found 'tall'"),
        (f"{HEADER}\n1,,3", ":2: column 'width': must be a finite number, found an empty cell"),
        (f"{HEADER}\n1,nan,3", ":2: column 'width': must be a finite number, found 'nan'"),
        (f"{HEADER}\n1,1e999,3", ":2: column 'width': must be a finite number, found '1e999'"),
        (f"{HEADER}\n1,1_0,3", ":2: column 'width': must be a finite number, found '1_0'"),
        (f"{HEADER},kind\n{ROW},setsa", ":2: column 'kind': 'setsa' is no class of the model: did"),
        (f"{HEADER},kind\n{ROW},", ":2: column 'kind': '' is no class of the model: Known: "),
        (f'{HEADER}\n"1,2,3', ":2: a quote in the row that starts here is never closed"),
        (f"{HEADER}\n1,\0,3", ":2: a NUL byte: this is not a text file in UTF-8"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_by_line_and_column(
    run: TrainedRun,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    text: str,
    fault: str,
) -> None:
    rows = tmp_path / "rows.csv"
    rows.write_text(text)
    (line,) = refused(run, capsys, rows)
    assert line.startswith(f"{rows}{fault.format(run=run.id)}")


def test_every_fault_has_a_line_up_to_twenty(
    run: TrainedRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = tmp_path / "rows.csv"
    rows.write_text(f"{HEADER}\n" + "a,0.02,b\n" * 30)
    lines = refused(run, capsys, rows)
    assert len(lines) == 20
    assert lines[1] == f"{rows}:2: column 'weight, kg': must be a finite number, found 'b'"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["missing.csv"], "missing.csv: cannot be read: No such file or directory"),
        (["."], ".: cannot be read: it is a directory"),
        (["rows.csv", "--out", "no/out.csv"], "no/out.csv cannot be written: there is no folder"),
        (["rows.csv", "--out", "."], ". exists already: --force replaces it"),
        (["rows.csv", "--seed", "7"], "has one seed, 0, and no seed 7"),
    ],
)
def test_files_that_cannot_be_read_or_written_are_refused(
    run: TrainedRun,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    sentence: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("rows.csv").write_text(f"{HEADER}\n{ROW}\n")
    (line,) = refused(run, capsys, *arguments)
    assert sentence in line


def test_an_answer_that_is_not_finite_is_named_by_its_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plain = trained(tmp_path, "data.standardize=false", model={"hidden": []})
    change_state(plain.path, parameters=[1e10, 1.0, 1.0, 0.0] * 3)
    rows = tmp_path / "rows.csv"
    rows.write_text(f"{HEADER}\n{ROW}\n1e300,0,0\n")
    (line,) = refused(plain, capsys, rows)
    assert line.startswith(f"{rows}:3: the model")


def test_a_run_without_a_model_is_refused_in_one_line(tmp_path: Path) -> None:
    rows = tmp_path / "rows.csv"
    rows.write_text(f"{HEADER}\n{ROW}\n")

    def line(run: TrainedRun, *arguments: str) -> str:
        result = predict(run, rows, *arguments)
        assert (result.returncode, result.stdout) == (2, "")
        (line,) = result.stderr.splitlines()
        return line

    far = ["optimizer=sgd", "optimizer.lr=1e200"]
    diverged = trained(tmp_path, "loss=mse", *far, target="numbers")
    assert diverged.status == "diverged"
    assert "diverged, so its model is of no use: training diverged" in line(diverged)
    cut = trained(tmp_path)
    change_model(cut.path, scaling="cut out")
    assert line(cut).endswith("is of no use: its scaling is missing")
    older = trained(tmp_path)
    change_state(older.path, model=None)
    write_data(tmp_path / "data.csv", rows=50)
    assert "is of an older layout" in line(older)
    damaged = trained(tmp_path)
    path = damaged.path / checkpoint.NAME
    path.write_bytes(path.read_bytes()[:-40])
    assert "is damaged: its checksum does not match its content" in line(damaged)
    path.unlink()
    assert "has no checkpoint, so there is no model to use" in line(damaged)
    with init(name="mine", store=tmp_path / "runs") as mine:
        mine.log({"loss": 1.0})
    change_facts(cut.path, engine=None)
    assert "was logged by a loop of your own" in line(cut)
    scores = trained(tmp_path, "loss=hinge", target="binary")
    assert "was trained with hinge, whose outputs are scores" in line(scores, "--probabilities")


def test_a_run_that_is_not_there_or_bad_usage_is_one_line(
    run: TrainedRun, capsys: pytest.CaptureFixture[str]
) -> None:
    store = ["--store", str(run.path.parent)]
    assert command.main(["nonesuch", "rows.csv", *store]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
    for arguments in (["latest"], ["latest", "rows.csv", "--seed", "x"], ["a", "b", "--probs"]):
        with pytest.raises(SystemExit) as left:
            command.main([*arguments, *store])
        assert left.value.code == 2
        assert len(capsys.readouterr().err.splitlines()) == 1


def test_export_writes_a_model_once(run: TrainedRun, tmp_path: Path) -> None:
    arguments = ["export", run.id, "--to", "npz", "--out", str(tmp_path / "model.npz")]
    store = ["--store", str(run.path.parent)]
    first = call(runs, *arguments, *store)
    assert (first.returncode, first.stderr) == (0, "")
    assert first.stdout == f"wrote MLP of sizes 3-5-3, tanh: 38 parameters to {arguments[-1]}\n"
    again = call(runs, *arguments, *store)
    assert (again.returncode, again.stdout) == (2, "")
    assert "exists already" in again.stderr
