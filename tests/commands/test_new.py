"""minigrad new: a config that trains at once, and says what was guessed."""

from pathlib import Path

import pytest

from minigrad import new, predict, train
from minigrad.config import load
from minigrad.config.bundled import names
from minigrad.runner import build

LEAVES = Path("configs/data/leaves.csv").absolute()


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


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
        "target  is_beech (the last column; --target names another): class labels",
        "guess   classification into 2 classes: loss bce, 6 hidden units",
        "wrote mine.yaml: python -m minigrad.train mine.yaml trains it",
    ]
    assert train.main(["mine.yaml"]) == 0
    assert predict.main(["latest", "rows.csv", "--out", "predictions.csv"]) == 0
    accuracy = float(capsys.readouterr().out.split("accuracy ")[1].split()[0])
    assert accuracy > 0.9


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
