"""The notebooks run, and print what is stored in them."""

import runpy
import warnings
from pathlib import Path
from typing import Any

import pytest

NOTEBOOKS = sorted(Path("docs/notebooks").glob("*.ipynb"))


def outputs(notebook: Any) -> list[list[tuple[str, Any]]]:
    """Of each cell what it prints, and the kinds of what it shows: a run's id differs each time."""
    return [
        [
            ("stream", output.text)
            if output.output_type == "stream"
            else (output.output_type, sorted(output.get("data", [])))
            for output in cell.get("outputs", [])
        ]
        for cell in notebook.cells
    ]


def test_there_are_two() -> None:
    assert [path.stem for path in NOTEBOOKS] == ["a-thousand-seeds", "one-number"]


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(path, marks=[pytest.mark.slow] * (path.stem != "one-number"))
        for path in NOTEBOOKS
    ],
    ids=lambda path: path.stem,
)
def test_a_notebook_runs_and_shows_what_is_stored(path: Path) -> None:
    nbformat = pytest.importorskip("nbformat", reason="nbclient is not installed")
    pytest.importorskip("ipykernel", reason="ipykernel is not installed")
    executed = runpy.run_path("docs/notebooks/execute.py")["executed"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the client's own making
        now = executed(path)
    assert outputs(now) == outputs(nbformat.read(path, as_version=4))
    code = [cell for cell in now.cells if cell.cell_type == "code"]
    assert any(outputs(now)), "it shows something"
    assert len(code) > 5
