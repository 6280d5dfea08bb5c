"""Data, splits, tests and models that are of no use: exit code 2, and one line that says why."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from minigrad import predict, runner, train
from minigrad.tracking import checkpoint
from tests.minigrad.runner.trained_runs import change_model, change_state
from tests.stored_runs import change_facts

ROWS = [f"{i % 5},{i / 7:.3f},{('ash', 'elm', 'oak')[i % 3]}" for i in range(30)]
HEADER = "age,size,kind"
CONFIG = """\
name: trees
data: {name: csv, path: trees.csv, target: kind}
model: {hidden: [2]}
loss: cross_entropy
optimizer: {name: sgd, lr: 0.1}
train: {steps: 2}
"""


def table(*rows: str, header: str = HEADER) -> str:
    return "\n".join([header, *rows]) + "\n"


def numbers(values: list[object]) -> str:
    return table(*(f"{i},{i * i % 7},{value}" for i, value in enumerate(values)))


GOOD = table(*ROWS)
TEST = "data.test_path=test.csv"
MSE = "loss=mse"

TRAINING: dict[str, tuple[str, list[str], str, str]] = {
    # trees.csv, overrides, test.csv, what the one line says
    "one class alone": (table("1,2,ash", "2,3,ash"), [], "", "'kind' is 'ash' in every row"),
    "a number among names": (
        table(*ROWS, "1,2,3"),
        [],
        "",
        "trees.csv:2: column 'kind': must be a finite number, found 'ash' (and in 29 more rows)",
    ),
    "an empty label": (table(*ROWS, "1,2,"), [], "", "column 'kind': must be a finite number"),
    "a label nan": (table("1,2,nan", "2,3,nan"), [], "", "must be a finite number, found 'nan'"),
    "names of rows": (
        table(*(f"1,2,tree {i}" for i in range(120))),
        [],
        "",
        "120 different texts, and 100 classes are the limit",
    ),
    "a class with one row to test": (
        table(*ROWS, "1,2,yew"),
        ["data.test_fraction=0.2"],
        "",
        "class 'yew' has one sample, ",
    ),
    "a class with one row to validate": (
        table(*ROWS, "1,2,yew"),
        ["data.val_fraction=0.2"],
        "",
        "cannot be in both parts of val_fraction",
    ),
    "names for mse": (GOOD, [MSE, "data.standardize_target=maybe"], "", "must be true or false"),
    "names alone for mse": (
        GOOD,
        [MSE],
        "",
        "mse learns numbers, and the target holds texts, as 'a",
    ),
    "names for huber": (
        GOOD,
        ["loss=huber"],
        "",
        "huber learns numbers, and the target holds text",
    ),
    "epochs without end": (
        GOOD,
        ["train.epochs=99999999", "train.batch_size=4"],
        "",
        "99,999,999 epochs are 799,999,992 steps here, and the limit is 100,000,000",
    ),
    "epochs and a half": (GOOD, ["train.epochs=1.5"], "", "train.epochs: must be a whole number"),
    "another key for epochs": (GOOD, ["train.epoch=9"], "", "'epoch': did you mean 'epochs'?"),
    "semicolons": (GOOD.replace(",", ";"), [], "", "commas are expected between cells, found ';'"),
    "a quote left open": (table('1,2,"ash', *ROWS), [], "", "is never closed"),
    "no header": ("\n".join(ROWS) + "\n", [], "", "no column 'kind'"),
    "a column twice": (table(*ROWS, header="age,age,kind"), [], "", "column name 'age' is used 2"),
    "infinity": (table(*ROWS, "inf,2,ash"), [], "", "must be a finite number, found 'inf'"),
    "out of range": (table(*ROWS, "1e400,2,ash"), [], "", "must be a finite number, found '1e400'"),
    "a nameless column": (table(*ROWS, header="age,,kind"), [], "", "column 2 has no name"),
    "another target": (GOOD, ["data.target=Kind"], "", "no column 'Kind': did you mean 'kind'?"),
    "a test part of a folder": (GOOD, ["data.test_path=."], "", "it is a directory"),
    "patience and a half": (
        GOOD,
        ["train.patience=2.5", "data.val_fraction=0.2"],
        "",
        "train.patience: must be a whole number, found 2.5",
    ),
    "the best by the test": (
        GOOD,
        ["train.keep_best=test_loss", "data.val_fraction=0.2"],
        "",
        "train.keep_best: unknown name 'test_loss': Known: val_loss",
    ),
    "names for bce": (GOOD, ["loss=bce"], "", "bce needs labels 0 and 1, and the data has 3 class"),
    "a faulty column": (
        table(*(f"?,{i},{'ash' if i % 2 else 'elm'}" for i in range(9))),
        [],
        "",
        "column 'age': must be a finite number, found '?' (and in 8 more rows)",
    ),
    "short rows": (table(*ROWS, "1", "2"), [], "", "expected 3 cells, as in the header, found 1 ("),
    "a constant target": (numbers([3] * 9), [MSE], "", "the target is 3 in every row to train on"),
    "a constant label": (numbers([0] * 9), [], "", "0 in every sample: there is nothing to tell"),
    "a gap in the labels": (numbers([0, 1, 3] * 3), [], "", "labels up to 3 and no 2"),
    "measurements as labels": (numbers([0.5, 1, 2]), [], "", "for measurements try mse"),
    "a scaled label": (GOOD, ["data.standardize_target=true"], "", "cross_entropy learns labels"),
    "a header alone": (HEADER + "\n", [], "", "a header row alone"),
    "an empty test part": (GOOD, ["data.test_fraction=0.01"], "", "30 to train on and 0 to test"),
    "an empty validation part": (GOOD, ["data.val_fraction=0.01"], "", "and 0 to validate on"),
    "nothing left to train on": (
        GOOD,
        ["data.test_fraction=0.5", "data.val_fraction=0.5"],
        "",
        "leave nothing to train on, found 0.5 and 0.5",
    ),
    "a test fraction below 0": (GOOD, ["data.test_fraction=-0.1"], "", "must be at least 0"),
    "a test fraction of 1": (GOOD, ["data.test_fraction=1"], "", "must be less than 1"),
    "two test parts": (GOOD, [TEST, "data.test_fraction=0.2"], GOOD, "leave one of them out"),
    "a test file of no csv": (GOOD, ["data=xor", TEST, "loss=bce"], GOOD, "test_path is a CSV"),
    "no test file": (GOOD, ["data.test_path=none.csv"], "", "none.csv: cannot be read: No such"),
    "an empty test file": (GOOD, [TEST], "\n", "test.csv: is empty"),
    "a test header alone": (GOOD, [TEST], HEADER + "\n", "test.csv: a header row alone"),
    "a test column less": (
        GOOD,
        [TEST],
        table("1,ash", header="age,kind"),
        "test.csv:1: column 'size' is missing, and the training data have it",
    ),
    "a test column more": (
        GOOD,
        [TEST],
        table("1,2,3,ash", header="age,size,hue,kind"),
        "test.csv:1: column 'hue' is not in the training data",
    ),
    "no target in the test": (
        GOOD,
        [TEST],
        table("1,2", header="age,size"),
        "test.csv:1: no column 'kind'",
    ),
    "a class unseen in training": (
        GOOD,
        [TEST],
        table("1,2,ash", "1,2,elk", "1,2,elk"),
        "test.csv:3: column 'kind': 'elk' is no class of the training data: did you mean 'elm'? "
        "Known: ash, elm, oak (and in 1 more row)",
    ),
    "a label unseen in training": (
        numbers([0, 1, 2] * 4),
        [TEST],
        numbers([0, 1, 7]),
        "test.csv:4: 7 is no class of the training data, which have 3",
    ),
    "names tested on numbers": (GOOD, [TEST], numbers([0, 1]), "no class of the training data"),
    "numbers tested on names": (numbers([0, 1, 2] * 4), [TEST], GOOD, "must be a finite number"),
    "a word in the test": (GOOD, [TEST], table("x,2,ash"), "test.csv:2: column 'age': must be a"),
    "best without validation": (GOOD, ["train.keep_best=val_loss"], "", "set data.val_fraction"),
    "patience without validation": (GOOD, ["train.patience=3"], "", "train.patience needs valida"),
    "the best of another metric": (
        GOOD,
        ["train.keep_best=accuracy", "data.val_fraction=0.2"],
        "",
        "train.keep_best: unknown name 'accuracy': Known: val_loss",
    ),
    "no patience at all": (GOOD, ["train.patience=0", "data.val_fraction=0.2"], "", "at least 1"),
    "no epochs": (GOOD, ["train.epochs=0"], "", "train.epochs: must be at least 1, found 0"),
    "epochs and other steps": (
        GOOD,
        ["train={epochs: 3, steps: 7}"],
        "",
        "3 epochs are 3 steps here, of 1 a time, and train.steps is 7",
    ),
    "the best of many seeds": (
        GOOD,
        [
            "train={keep_best: val_loss, seeds: 3, engine: numpy}",
            "data.val_fraction=0.2",
        ],
        "",
        "keep_best follows one model, and seeds are many",
    ),
}


@pytest.mark.parametrize(
    ("data", "overrides", "test", "sentence"), TRAINING.values(), ids=list(TRAINING)
)
def test_data_that_is_of_no_use_is_one_line_and_exit_2(
    data: str,
    overrides: list[str],
    test: str,
    sentence: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("trees.csv").write_text(data)
    Path("trees.yaml").write_text(CONFIG)
    if test:
        Path("test.csv").write_text(test.strip("\n") + "\n" if test.strip() else "")
    assert train.main(["trees.yaml", *overrides]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    (line,) = printed.err.splitlines()
    assert sentence in line
    assert line.isprintable()
    assert not Path("runs").exists()


@pytest.fixture(scope="module")
def trees(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with names of classes, scaled inputs, validation, a test and a best model."""
    folder = tmp_path_factory.mktemp("trees")
    (folder / "trees.csv").write_text(GOOD)
    (folder / "trees.yaml").write_text(CONFIG)
    settings = ["data.val_fraction=0.2", "data.test_fraction=0.2", "data.standardize=true"]
    settings.append("train={steps: 3, keep_best: val_loss}")
    return runner.train(folder / "trees.yaml", settings, store=folder / "runs").path


def without_best_parameters(run: Path) -> None:
    best = checkpoint.read(run / "checkpoint.json")["best"]
    change_state(run, best={key: best[key] for key in ("step", "val_loss")})


def with_a_best_of_nan(run: Path) -> None:
    best = checkpoint.read(run / "checkpoint.json")["best"]
    change_state(run, best={**best, "last": None, "parameters": ["nan"] * len(best["parameters"])})


def flip_a_bit(run: Path) -> None:
    content = bytearray((run / "checkpoint.json").read_bytes())
    content[200] ^= 1
    (run / "checkpoint.json").write_bytes(bytes(content))


MODELS: dict[str, tuple[Callable[[Path], Any], str, str]] = {
    # what is done to the run, the rows, what the one line says
    "a diverged run": (
        lambda run: change_facts(run, status="diverged", error="training diverged at step 2"),
        table("1,2", header="age,size"),
        "diverged, so its model is of no use",
    ),
    "a loop of one's own": (lambda run: change_facts(run, engine=None), GOOD, "a loop of your own"),
    "no checkpoint": (lambda run: (run / "checkpoint.json").unlink(), GOOD, "has no checkpoint"),
    "a damaged checkpoint": (flip_a_bit, GOOD, "its checksum does not match"),
    "its scaling cut out": (lambda run: change_model(run, scaling="cut out"), GOOD, "scaling is"),
    "its scaling null": (
        lambda run: change_model(run, scaling={"inputs": None, "target": None}),
        GOOD,
        "its scaling.inputs is null, and the config has data.standardize: true",
    ),
    "a deviation of 0": (
        lambda run: change_model(
            run, scaling={"inputs": {"mean": [0, 0], "deviation": [0, 1]}, "target": None}
        ),
        GOOD,
        "scaling.inputs.deviation must be above 0",
    ),
    "class names cut short": (lambda run: change_model(run, classes=["ash"]), GOOD, "its classes"),
    "no best model": (lambda run: change_state(run, best=None), GOOD, "has no best parameters"),
    "no best parameters": (without_best_parameters, GOOD, "it has no best parameters"),
    "best parameters of text": (with_a_best_of_nan, GOOD, "a parameter is not a finite number"),
    "an unseen label in the rows": (lambda _: None, table("1,2,yew"), "'yew' is no class of the"),
    "a column less": (lambda _: None, table("1", header="age"), "column 'size' is missing"),
    "a column more": (lambda _: None, table("1,2,3", header="age,size,hue"), "no such column"),
    "a word": (lambda _: None, table("1,tall", header="age,size"), ":2: column 'size'"),
    "no rows": (lambda _: None, HEADER, "a header row alone"),
    "an empty file": (lambda _: None, "", "is empty"),
}


@pytest.mark.parametrize(("change", "rows", "sentence"), MODELS.values(), ids=list(MODELS))
def test_a_model_or_rows_that_are_of_no_use_are_one_line_and_exit_2(
    change: Callable[[Path], Any],
    rows: str,
    sentence: str,
    trees: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    run = shutil.copytree(trees, tmp_path / "runs" / trees.name)
    change(run)
    (tmp_path / "rows.csv").write_text(rows)
    store = ["--store", str(tmp_path / "runs")]
    assert predict.main([run.name, str(tmp_path / "rows.csv"), *store]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    (line,) = printed.err.splitlines()
    assert sentence in line


def test_a_run_of_an_older_layout_whose_data_changed_is_one_line_and_exit_2(
    trees: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = shutil.copytree(trees, tmp_path / "runs" / trees.name)
    (tmp_path / "trees.csv").write_text(table(*reversed(ROWS)))
    config = (run / "config.yaml").read_text().replace(str(trees.parents[1]), str(tmp_path))
    (run / "config.yaml").write_text(config.replace("  keep_best: val_loss\n", ""))
    change_state(run, model=None, best=None)
    (tmp_path / "rows.csv").write_text(GOOD)
    store = ["--store", str(tmp_path / "runs")]
    assert predict.main([run.name, str(tmp_path / "rows.csv"), *store]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "of an older layout" in line


def test_there_are_forty_of_them() -> None:
    assert len(TRAINING) + len(MODELS) >= 40


def test_a_good_one_is_no_bad_one(trees: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = trees.parents[1] / "trees.csv"
    assert predict.main([trees.name, str(rows), "--store", str(trees.parent), "--json"]) == 0
    assert set(json.loads(capsys.readouterr().out)["predictions"]) <= {"ash", "elm", "oak"}
