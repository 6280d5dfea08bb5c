"""A store that was handed over: what is done to a run there changes nothing elsewhere."""

import os
import shutil
from collections.abc import Callable
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import pytest

from minigrad import runs, train
from minigrad.sweep import __main__ as sweep

HERE = "20260101T000000Z-xor-aaaa"


def contents(folder: Path) -> dict[str, tuple[bytes, float]]:
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {str(path): (path.read_bytes(), path.stat().st_mtime) for path in files}


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = tmp_path_factory.mktemp("elsewhere")
    short = ["train.steps=6", "expect={}", "--out", str(store)]
    with redirect_stdout(StringIO()):
        train.main(["configs/xor.yaml", *short])
        sweep.main(["configs/xor.yaml", "optimizer.lr=0.1,1", *short, "--workers", "1"])
    return store


@pytest.fixture
def handed(elsewhere: Path, tmp_path: Path) -> tuple[Path, Path]:
    """A store whose run and whose sweeps are links, and the store that they lead to."""
    outside = Path(shutil.copytree(elsewhere, tmp_path / "outside", symlinks=True))
    run = min(outside.glob("2*"))
    (run / "loss.png").unlink(missing_ok=True)
    store = tmp_path / "handed"
    store.mkdir()
    (store / HERE).symlink_to(run)
    (store / "sweeps").symlink_to(outside / "sweeps")
    (store / "latest").symlink_to(HERE)
    return store, outside


WRITERS: dict[str, Callable[[Path, str], int]] = {
    "train": lambda store, which: train.main(
        ["--resume", which, "train.steps=9", "--out", str(store)]
    ),
    "tag": lambda store, which: runs.main(["tag", which, "+x", "--store", str(store)]),
    "note": lambda store, which: runs.main(["note", which, "x", "--store", str(store)]),
    "plot": lambda store, which: runs.main(["plot", which, "--store", str(store)]),
    "sweep": lambda store, _: sweep.main(["--resume", "latest", "--out", str(store)]),
    "new sweep": lambda store, _: sweep.main(
        ["configs/xor.yaml", "optimizer.lr=0.1,1", "--out", str(store)]
    ),
}


@pytest.mark.parametrize("which", [HERE, "latest", "path", "path of latest"])
@pytest.mark.parametrize("verb", WRITERS)
def test_nothing_is_written_through_a_link(
    verb: str, which: str, handed: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    store, outside = handed
    before = contents(outside)
    which = {"path": str(store / HERE), "path of latest": str(store / "latest")}.get(which, which)
    assert WRITERS[verb](store, which) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "is a link" in line
    assert contents(outside) == before


@pytest.mark.parametrize("relative", [False, True])
def test_latest_leads_out_of_no_store(
    relative: bool, handed: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    store, outside = handed
    run = min(outside.glob("2*"))
    own = Path(shutil.copytree(run, store / "20260102T000000Z-own-bbbb"))
    (store / "latest").unlink()
    target = Path(os.path.relpath(run, store)) if relative else run
    (store / "latest").symlink_to(target)
    before = contents(outside)
    assert runs.main(["tag", "latest", "+x", "--store", str(store)]) == 0
    assert capsys.readouterr().out == f"{own.name}: x\n"
    assert runs.main(["tag", str(store / "latest"), "+x"]) == 2  # by its path it is no run
    assert contents(outside) == before


def test_verify_reads_a_run_that_is_a_link_and_records_nothing(
    handed: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    store, outside = handed
    before = contents(outside)
    assert runs.main(["verify", "latest", "--store", str(store)]) == 0
    assert "identical in every number" in capsys.readouterr().out
    assert contents(outside) == before
