"""check finds what a sweep says that its runs do not say."""

import json
import shutil
from collections.abc import Callable
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from minigrad import runs, train
from minigrad.sweep import __main__ as sweep
from minigrad.sweep.check import check_sweep
from minigrad.sweep.store import SweepStore

SWEEPS = {
    "single": ["optimizer.lr=0.1,1", "seed=0,1", "train.engine=eager"],
    "replicas": ["optimizer.lr=0.1,1", "seed=0,1", "train.engine=numpy"],
    "halving": ["optimizer.lr=0.1,1,2", "--halving", "train.engine=eager"],
}


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    made = {name: tmp_path_factory.mktemp(name) for name in SWEEPS}
    with redirect_stdout(StringIO()):
        for name, words in SWEEPS.items():
            options = ["train.steps=9", "--workers", "1", "--out", str(made[name])]
            assert sweep.main(["configs/xor.yaml", *words, *options]) == 0
    return made


def forge_line(sweep: Path, **changed: Any) -> None:
    lines = [json.loads(line) for line in (sweep / "members.jsonl").read_text().splitlines()]
    lines[0] |= changed
    (sweep / "members.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


def forge_plan(sweep: Path) -> None:
    facts = json.loads((sweep / "sweep.json").read_text())
    facts["plan"]["cells"][0]["config"]["optimizer"]["lr"] = 7.0
    (sweep / "sweep.json").write_text(json.dumps(facts))


def forge_table(sweep: Path) -> None:
    header, first, *rest = (sweep / "sweep.csv").read_text().splitlines()
    cells = first.split(",")
    cells[2] = "0.001"
    (sweep / "sweep.csv").write_text("\n".join([header, ",".join(cells), *rest]) + "\n")


def link(path: Path) -> None:
    path.unlink()
    path.symlink_to("/dev/zero")


def group_of_none(sweep: Path) -> None:
    run = next(sweep.parent.parent.glob("2*")) / "run.json"
    run.write_text(json.dumps({**json.loads(run.read_text()), "group": "another"}))


FORGERIES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a loss": (lambda sweep: forge_line(sweep, final_loss=0.001), "has other results for seed 0"),
    "a status": (lambda sweep: forge_line(sweep, status="failed"), "has other results for seed 0"),
    "a verdict": (lambda sweep: forge_line(sweep, met=True), "has other results for seed 0"),
    "numbers": (lambda sweep: forge_line(sweep, numbers={"val_loss": 0.0}), "other results for"),
    "a config": (forge_plan, "its optimizer is not that of its cell"),
    "a group": (group_of_none, "is of the group another"),
    "the table": (forge_table, "sweep.csv: rank 1 has the "),
    "no table": (lambda sweep: (sweep / "sweep.csv").unlink(), "sweep.csv is missing"),
    "a table that is a link": (
        lambda sweep: link(sweep / "sweep.csv"),
        "sweep.csv cannot be read",
    ),
    "a picture": (
        lambda sweep: (sweep / "sweep.png").write_bytes(b"\x89PNG\r\n\x1a\nx"),
        "sweep.png is no whole picture",
    ),
    "a picture that is a link": (
        lambda sweep: link(sweep / "sweep.png"),
        "sweep.png cannot be read",
    ),
    "a second picture": (
        lambda sweep: (sweep / "importance.png").write_bytes(b""),
        "importance.png is no whole picture",
    ),
    "no plan": (lambda sweep: (sweep / "sweep.json").unlink(), "cannot be read"),
}


@pytest.mark.parametrize("kind", SWEEPS)
@pytest.mark.parametrize("forgery", FORGERIES)
def test_what_contradicts_the_runs_is_damaged(
    forgery: str,
    kind: str,
    stores: dict[str, Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    store = Path(shutil.copytree(stores[kind], tmp_path / "runs", symlinks=True))
    (path,) = store.glob("sweeps/2*")
    forge, message = FORGERIES[forgery]
    forge(path)
    assert runs.main(["check", "--store", str(store)]) == 1
    assert message in capsys.readouterr().out
    assert runs.main(["check", path.name, "--store", str(store)]) == 1


@pytest.mark.parametrize("kind", SWEEPS)
def test_an_honest_sweep_is_sound(
    kind: str, stores: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    (path,) = stores[kind].glob("sweeps/2*")
    assert check_sweep(path) == []
    assert runs.main(["check", path.name, "--store", str(stores[kind])]) == 0
    assert capsys.readouterr().out == f"sweep {path.name}: sound\n"


def test_a_run_that_was_deleted_is_no_damage(stores: dict[str, Path], tmp_path: Path) -> None:
    store = Path(shutil.copytree(stores["single"], tmp_path / "runs", symlinks=True))
    shutil.rmtree(next(store.glob("2*")))
    (path,) = store.glob("sweeps/2*")
    assert check_sweep(path) == []


def test_a_member_that_was_trained_on_does_not_damage_its_sweep(
    stores: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = Path(shutil.copytree(stores["single"], tmp_path / "runs", symlinks=True))
    (path,) = store.glob("sweeps/2*")
    assert train.main(["--resume", "latest", "train.steps=15", "--out", str(store)]) == 1
    assert (check_sweep(path), capsys.readouterr().err) == ([], "")


def test_a_sweep_has_its_table_before_it_is_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish, seen = SweepStore.finish, []

    def looked_at(self: SweepStore, status: str) -> None:
        seen.append((status, (self.path / "sweep.csv").exists()))
        finish(self, status)

    monkeypatch.setattr(SweepStore, "finish", looked_at)
    options = ["train.steps=3", "train.engine=eager", "--workers", "1", "--out", str(tmp_path)]
    assert sweep.main(["configs/xor.yaml", "optimizer.lr=0.1,1", *options]) == 0
    assert seen == [("finished", True)]


def test_a_table_that_cannot_be_written_stops_the_sweep_and_is_written_by_a_resume(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    options = ["train.steps=3", "train.engine=eager", "--workers", "1", "--out", str(tmp_path)]
    with monkeypatch.context() as patched:
        patched.setattr("minigrad.sweep.report.replace", full)
        assert sweep.main(["configs/xor.yaml", "optimizer.lr=0.1,1", *options]) == 1
    assert "stopped by the disk (No space left on device): " in capsys.readouterr().out
    assert runs.main(["check", "--store", str(tmp_path)]) == 0
    assert sweep.main(["--resume", "latest", *options[2:]]) == 0
    assert len(list(tmp_path.glob("sweeps/2*/sweep.csv"))) == 1
