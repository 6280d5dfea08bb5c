"""--out replaces no file that the command did not make, unless --force says so."""

import os
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import pytest

from minigrad import runs, train
from minigrad.graph import __main__ as graph
from minigrad.plot.marks import OWN, marked
from minigrad.tracking.check import is_whole_png

MAKERS: dict[str, tuple[str, Callable[[Sequence[str]], int], list[str]]] = {
    "plot png": ("x.png", runs.main, ["plot", "latest", "--store", "STORE"]),
    "plot svg": ("x.svg", runs.main, ["plot", "latest", "--store", "STORE"]),
    "graph png": ("x.png", graph.main, ["configs/xor.yaml"]),
    "graph svg": ("x.svg", graph.main, ["configs/xor.yaml"]),
    "graph page": ("x.html", graph.main, ["configs/xor.yaml"]),
    "report": ("x.html", runs.main, ["report", "latest", "--store", "STORE"]),
}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = tmp_path_factory.mktemp("runs")
    with redirect_stdout(StringIO()):
        train.main(["configs/xor.yaml", "train.steps=6", "expect={}", "--out", str(store)])
    return store


def command(kind: str, store: Path, out: Path, *more: str) -> int:
    _, main, words = MAKERS[kind]
    words = [str(store) if word == "STORE" else word for word in words]
    return main([*words, "--out", str(out), *more])


@pytest.mark.parametrize("kind", MAKERS)
def test_our_own_file_is_made_again_and_no_other(
    kind: str, store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / MAKERS[kind][0]
    out.write_bytes(b"a thesis")
    assert command(kind, store, out) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert f"{out} exists already and is no " in line
    assert line.endswith("--force replaces it, --out names another place")
    assert out.read_bytes() == b"a thesis"
    assert command(kind, store, out, "--force") == 0
    assert out.read_bytes() != b"a thesis"
    assert command(kind, store, out) == 0


@pytest.mark.parametrize("kind", MAKERS)
@pytest.mark.parametrize("target", ["thesis", "nowhere"])
def test_a_link_is_not_ours(kind: str, target: str, store: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis").write_bytes(b"a thesis")
    out = tmp_path / MAKERS[kind][0]
    out.symlink_to(target)
    assert command(kind, store, out) == 2
    assert (os.readlink(out), sorted(os.listdir(tmp_path))) == (
        target,
        sorted(["thesis", out.name]),
    )


@pytest.mark.parametrize("kind", [kind for kind in MAKERS if kind != "report"])
def test_a_pipe_that_would_be_replaced_is_not_ours(kind: str, store: Path, tmp_path: Path) -> None:
    out = tmp_path / MAKERS[kind][0]
    os.mkfifo(out)
    assert command(kind, store, out) == 2
    assert not out.is_file()


def test_what_graphviz_draws_has_our_mark() -> None:
    svg = b'<?xml version="1.0"?>\n<svg width="1"><svg/></svg>\n'
    assert marked(svg).replace(b"<!-- drawn by minigrad -->\n", b"") == svg
    assert any(mark in marked(svg) for mark in OWN)


def test_the_mark_of_a_png_is_a_chunk_of_its_own(store: Path) -> None:
    (picture,) = store.glob("2*/boundary.png")
    content = marked(picture.read_bytes())
    assert is_whole_png(content)
    assert content.count(b"Software\0minigrad") == 2
