"""minigrad new: a config that trains at once, and says what was guessed."""

import csv
import re
import subprocess
import sys
from pathlib import Path

import pytest

from minigrad import new, predict, train
from minigrad.config import load
from minigrad.config.bundled import names
from minigrad.files import yaml12
from minigrad.runner import build

LEAVES = Path("configs/data/leaves.csv").absolute()
pytestmark = pytest.mark.usefixtures("in_tmp_path")


def rows(name: str, header: str, *lines: str) -> str:
    Path(name).write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return f"csv:{name}"


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert new.main(arguments) == 2
    output = capsys.readouterr()
    assert output.out == ""
    return output.err


@pytest.mark.parametrize("source", names())
def test_each_config_that_comes_along_can_be_copied_and_builds(source: str) -> None:
    assert new.main(["mine", "--from", source]) == 0
    config = load("mine.yaml")
    assert config.name == "mine"
    assert config.data == load(source).data
    assert build.build_dataset(config)[0].inputs
    assert "# " in Path("mine.yaml").read_text()


def test_a_csv_file_is_trained_and_tested_in_three_commands(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("rows.csv").write_bytes(LEAVES.read_bytes())
    assert new.main(["mine", "--from", "csv:rows.csv"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "rows    60, each with 3 features: length_mm, width_mm, stalk_mm",
        "target  is_beech (the last column; --target names another): class labels 0 to 1",
        "guess   classification into 2 classes: loss bce, 6 hidden units",
        "parts   20 % to validate on, 20 % for the test at the end, the rest to train on",
        "units   features are standardized: mean 0 and deviation 1 in the rows to train on",
        "wrote mine.yaml: python -m minigrad.train mine.yaml trains it",
    ]
    assert train.main(["mine.yaml"]) == 0
    assert predict.main(["latest", "rows.csv", "--out", "predictions.csv"]) == 0
    accuracy = float(capsys.readouterr().out.split("accuracy ")[1].split()[0])
    assert accuracy > 0.9


@pytest.mark.parametrize(
    ("data", "guesses", "measured"),
    [
        (
            "iris",
            [
                "target  species (by its name): classes setosa, versicolor, virginica",
                "guess   classification into 3 classes: loss cross_entropy, 8 hidden units",
            ],
            r"test loss \S+, accuracy 0\.9\d*, on 30 rows",
        ),
        (
            "digits",
            [
                "target  digit (the last column; --target names another): class labels 0 to 9",
                "guess   classification into 10 classes: loss cross_entropy, 32 hidden units",
            ],
            r"test loss \S+, accuracy 0\.9\d*, on 359 rows",
        ),
        (
            "diabetes",
            [
                "target  progression (the last column; --target names another): measurements",
                "guess   regression: loss mse, 20 hidden units",
                "units   features and target are standardized: mean 0 and deviation 1 in the rows "
                "to train on",
            ],
            r"test loss \S+, mean absolute error 4\d\.\d+, r squared 0\.\d+, on 88 rows",
        ),
    ],
)
@pytest.mark.slow
def test_three_commands_in_an_empty_folder_lead_from_a_csv_to_a_tested_model(
    data: str, guesses: list[str], measured: str
) -> None:
    Path("rows.csv").write_bytes(LEAVES.with_name(f"{data}.csv").read_bytes())
    header, *lines = Path("rows.csv").read_text().splitlines()
    written = minigrad("new", "mine", "--from", "csv:rows.csv").splitlines()
    assert set(guesses) <= set(written)
    assert written[-1] == "wrote mine.yaml: python -m minigrad train mine.yaml trains it"
    assert re.search(f"^{measured}$", minigrad("train", "mine.yaml"), flags=re.MULTILINE)
    minigrad("predict", "latest", "rows.csv", "--out", "predictions.csv")
    assert len(Path("predictions.csv").read_text().splitlines()) == len([header, *lines])
    assert load("mine.yaml").data.standardize_target is (data == "diabetes")


def minigrad(*arguments: str) -> str:
    """What the command, as a process of its own, prints."""
    command = [sys.executable, "-m", "minigrad", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.mark.parametrize(
    ("rows_of_class", "parts"),
    [
        ([8, 8], (0.0, 0.0)),
        ([20, 20], (0.2, 0.0)),
        ([40, 40], (0.2, 0.2)),
        ([60, 2], (0.0, 0.0)),
        ([60, 3], (0.2, 0.2)),
    ],
)
def test_rows_are_held_apart_only_where_each_part_can_have_some(
    rows_of_class: list[int], parts: tuple[float, float]
) -> None:
    labels = [str(label) for label, count in enumerate(rows_of_class) for _ in range(count)]
    source = rows("rows.csv", "a,b", *(f"{i % 7},{label}" for i, label in enumerate(labels)))
    assert new.main(["mine", "--from", source]) == 0
    config = load("mine.yaml")
    assert (config.data.val_fraction, config.data.test_fraction) == parts
    assert build.build_trainer(config).evaluate().loss > 0


@pytest.mark.parametrize(
    ("count", "batch_size", "steps", "hidden", "parts"),
    [
        (10, 10, 300, 4, (0.0, 0.0)),
        (19, 19, 300, 4, (0.0, 0.0)),
        (20, 16, 300, 4, (0.2, 0.0)),
        (25, 20, 300, 4, (0.2, 0.0)),
        (40, 32, 300, 5, (0.2, 0.0)),
        (49, 32, 300, 6, (0.2, 0.0)),
        (50, 30, 300, 6, (0.2, 0.2)),
        (200, 32, 600, 6, (0.2, 0.2)),
        (2000, 32, 3000, 6, (0.2, 0.2)),
    ],
)
def test_sizes_follow_from_the_number_of_rows(
    count: int, batch_size: int, steps: int, hidden: int, parts: tuple[float, float]
) -> None:
    source = rows("rows.csv", "a,b,c,y", *(f"{i},{i % 7},{i % 5},{i / 8}" for i in range(count)))
    assert new.main(["mine", "--from", source]) == 0
    config = load("mine.yaml")
    assert (config.train.batch_size, config.train.steps) == (batch_size, steps)
    assert config.model.hidden == [hidden]
    assert (config.data.val_fraction, config.data.test_fraction) == parts


@pytest.mark.parametrize(("kinds", "is_said"), [(1, False), (2, True), (10, True), (11, False)])
def test_two_to_ten_different_numbers_may_be_classes(
    kinds: int, is_said: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    source = rows("rows.csv", "a,b", *(f"{i},{0.5 + i % kinds}" for i in range(60)))
    assert new.main(["mine", "--from", source]) == 0
    assert ("if they are classes" in capsys.readouterr().out) == is_said


def test_of_two_likely_targets_the_last_is_taken() -> None:
    source = rows("rows.csv", "label,a,Y,b", *(f"{i},{i % 7},{i % 2},{i % 5}" for i in range(30)))
    assert new.main(["mine", "--from", source]) == 0
    assert load("mine.yaml").data.settings()["target"] == "Y"


@pytest.mark.parametrize("name", ["TRUE", "Null", "false", "no", "1e3", "~x", "a: b", "x'y"])
def test_a_name_is_a_text_to_yaml(name: str) -> None:
    assert new._quoted("xor") == "xor"
    assert yaml12.parse_scalar(new._quoted(name)) == name


def test_a_link_that_leads_nowhere_is_there_too(capsys: pytest.CaptureFixture[str]) -> None:
    Path("mine.yaml").symlink_to("nowhere.yaml")
    assert refused(capsys, "mine").startswith("mine.yaml exists already")
    assert not Path("nowhere.yaml").exists()


def test_numbers_that_may_be_classes_are_said(capsys: pytest.CaptureFixture[str]) -> None:
    source = rows("rows.csv", "a,kind", *(f"{i % 7},{1 + i % 3}" for i in range(60)))
    assert new.main(["mine", "--from", source]) == 0
    assert "kind has only 3 different numbers: if they are classes" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("header", "target", "values", "loss"),
    [
        ("a,b,y", "y", ["0", "1"], "bce"),
        ("a,b,kind", "kind", ["0", "1", "2"], "cross_entropy"),
        ("a,b,price", "price", ["0.5", "1.7", "20"], "mse"),
        ("a,label,b", "label", ["0", "1", "2"], "cross_entropy"),
    ],
)
def test_task_loss_and_target_are_guessed_from_the_columns(
    header: str, target: str, values: list[str], loss: str
) -> None:
    place = header.split(",").index(target)
    lines = []
    for i in range(30):
        cells = [str(i % 7), str(i % 5)]
        cells.insert(place, values[i % len(values)])
        lines.append(",".join(cells))
    assert new.main(["mine", "--from", rows("rows.csv", header, *lines)]) == 0
    config = load("mine.yaml")
    assert config.loss == loss
    assert config.data.settings()["target"] == target
    assert config.data.val_fraction == 0.2
    assert build.build_trainer(config).evaluate().loss > 0


def test_the_target_can_be_named() -> None:
    source = rows("rows.csv", "a,b", *(f"{i % 2},{i / 8}" for i in range(30)))
    assert new.main(["mine", "--from", source, "--target", "a"]) == 0
    assert load("mine.yaml").loss == "bce"


def test_names_that_yaml_would_misread_come_through() -> None:
    header = "it's,#2,yes: no"
    source = rows("my 'rows'.csv", header, *(f"{i % 3},{i},{i % 2}" for i in range(30)))
    assert new.main(["1e3", "--from", source]) == 0
    config = load("1e3.yaml")
    assert config.name == "1e3"
    assert config.data.settings()["target"] == "yes: no"
    assert build.build_dataset(config)[0].names == ["it's", "#2"]


def test_a_config_in_another_folder_finds_its_rows() -> None:
    Path("sub").mkdir()
    source = rows("rows.csv", "a,b", *(f"{i % 2},{i / 8}" for i in range(30)))
    assert new.main(["sub/mine", "--from", source]) == 0
    assert build.build_dataset(load("sub/mine.yaml"))[0].inputs


def test_fewer_than_20_rows_are_all_trained_on(capsys: pytest.CaptureFixture[str]) -> None:
    source = rows("rows.csv", "a,b", *(f"{i % 2},{i / 8}" for i in range(9)))
    assert new.main(["mine", "--from", source]) == 0
    assert load("mine.yaml").data.val_fraction == 0
    assert "fewer than 20 rows" in capsys.readouterr().out


def test_a_file_that_is_there_is_replaced_only_when_asked(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("mine.yaml").write_text("precious")
    assert refused(capsys, "mine") == "mine.yaml exists already: --force replaces it\n"
    assert Path("mine.yaml").read_text() == "precious"
    assert new.main(["mine", "--force"]) == 0
    assert load("mine.yaml").name == "mine"


def test_what_cannot_be_read_is_named_and_nothing_is_written(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert "unknown config 'mons': did you mean 'moons'?" in refused(
        capsys, "mine", "--from", "mons"
    )
    assert refused(capsys, "mine", "--from", "csv:none.csv").startswith("none.csv: cannot be read")
    source = rows("rows.csv", "a,b", "1,x")
    assert "rows.csv:2: column 'b'" in refused(capsys, "mine", "--from", source)
    assert "no column 'c'" in refused(capsys, "mine", "--from", source, "--target", "c")
    assert refused(capsys, "no/mine").startswith("no/mine.yaml cannot be written: No such file")
    assert not Path("mine.yaml").exists()


@pytest.mark.parametrize(
    "target", ["a\nb", "z\x1b[0m", "z\tq", "a\x85b", "\u202ea", '"q\\\nr', "it's", "a: b", "~"]
)
def test_any_name_of_a_column_comes_back_from_the_config(target: str) -> None:
    with Path("rows.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["p", "q", target])
        writer.writerows([[i % 5, i % 7, "ab"[i % 2]] for i in range(60)])
    assert new.main(["mine", "--from", "csv:rows.csv"]) == 0
    config = load("mine.yaml")
    assert config.data.settings()["target"] == target
    assert build.build_dataset(config)[0].inputs


@pytest.mark.parametrize("name", ["mine.v2", "mine.v2.yaml", "mine.v2.yml"])
def test_a_point_in_the_name_is_no_ending(name: str) -> None:
    assert new.main([name]) == 0
    assert [path.name for path in Path().iterdir()] == ["mine.v2.yaml"]
    assert load("mine.v2.yaml").name == "mine.v2"
