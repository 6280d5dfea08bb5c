"""The benchmarks run, say what they have to say, and the READMEs' tables are what they found.

No figure is judged here. The peers' interpreters are bare ones, so that who is absent is known.
"""

import json
import math
import os
import subprocess
import sys
import venv
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from experiments.benchmarks.parts import readme, report
from experiments.benchmarks.parts.command_line import exit_code
from experiments.benchmarks.parts.contest import Entry, check_equal_work
from experiments.benchmarks.parts.findings import Findings
from experiments.benchmarks.parts.rows import Row, Section, beside
from experiments.benchmarks.parts.surroundings import Surroundings
from experiments.benchmarks.peers.served import Task, Turn

FOLDER = Path("experiments/benchmarks")
PAGES = "live_page"  # it measures one thing, and needs the server
BESIDE_ANOTHER = "against", "all"  # those that compare with a checkout
SCRIPTS = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != PAGES)


@dataclass(frozen=True)
class Ran:
    code: int
    output: str
    errors: str
    rows: list[dict[str, Any]]
    sections: list[dict[str, Any]]


@pytest.fixture(scope="module")
def bare_python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """An interpreter without any package."""
    folder = tmp_path_factory.mktemp("bare")
    venv.create(folder)
    return str(folder / "bin" / "python")


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory, bare_python: str) -> dict[str, Ran]:
    """Every script, quickly, by its name."""
    out = tmp_path_factory.mktemp("results")

    def run(script: str) -> Ran:
        file = out / script / "results.json"
        file.parent.mkdir()
        place = ("--out", str(file.parent)) if script == "all" else ("--json", str(file))
        peers = ("--torch-python", bare_python, "--jax-python", bare_python)
        base = ("--base", ".") if script in BESIDE_ANOTHER else ()  # itself: there is no other
        done = command(script, "--quick", *place, *peers, *base)
        data = json.loads(file.read_text()) if file.exists() else {"rows": [], "sections": []}
        return Ran(done.returncode, done.stdout, done.stderr, data["rows"], data["sections"])

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return dict(zip(SCRIPTS, pool.map(run, SCRIPTS), strict=True))


def command(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    path = str(FOLDER / f"{script}.py")
    return subprocess.run([sys.executable, path, *arguments], capture_output=True, text=True)


@pytest.fixture(scope="module")
def committed() -> Findings:
    return Findings.load(FOLDER / "results.json")


@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.slow
def test_every_script_runs_and_prints_the_rows_that_it_writes(
    script: str, ran: dict[str, Ran]
) -> None:
    result = ran[script]
    assert result.code == 0, result.errors
    assert result.rows
    assert "Traceback" not in result.errors
    for row in result.rows:
        assert row["question"] in result.output
        assert row["what"] in result.output


@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.slow
def test_a_row_has_what_it_needs(script: str, ran: dict[str, Ran]) -> None:
    for row in ran[script].rows:
        assert all(row[key] for key in ("question", "what", "unit"))
        assert math.isfinite(row["median"])
        figures = [row["peer_median"], row["ratio"]]
        if row["peer"] is None:
            assert figures == [None, None]
        else:
            assert figures == [None, None] or all(map(math.isfinite, figures))


@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.slow
def test_clock_threads_and_machine_are_said(script: str, ran: dict[str, Ran]) -> None:
    output = ran[script].output
    first = output.splitlines()[0]
    assert f"{os.cpu_count()} core" in first
    assert f"Python {sys.version.split()[0]}, numpy" in first
    for section in ran[script].sections:
        if section["clock"]:
            method = (
                f"{section['question']}: {section['clock']} time, {section['threads']}, 1 round"
            )
            assert method in output


@pytest.mark.slow
def test_absent_peers_are_told(ran: dict[str, Ran]) -> None:
    for script in ("all", "lifted"):
        for name, package in (("micrograd", "micrograd"), ("PyTorch", "torch"), ("JAX", "jax")):
            line = f"{name} is absent: its interpreter has no {package}"
            assert line in ran[script].output
        rows = [row for row in ran[script].rows if (row["peer"] or "").startswith("PyTorch")]
        assert len(rows) >= 4
        assert all(row["ratio"] is None for row in rows)
    assert "micrograd is absent" in ran["eager_step"].output
    lines = [
        line
        for line in ran["eager_step"].output.splitlines()
        if "2-8-1" in line and "micrograd" in line
    ]
    assert len(lines) == 1
    assert lines[0].split()[-2:] == ["micrograd", "absent"]


@pytest.mark.slow
def test_who_is_not_asked_for_is_not_called_absent(ran: dict[str, Ran]) -> None:
    assert "absent" not in ran["xor_seeds"].output


@pytest.mark.slow
def test_one_command_runs_what_all_the_scripts_do(ran: dict[str, Ran]) -> None:
    questions = {name: {row["question"] for row in result.rows} for name, result in ran.items()}
    whole = questions.pop("all")
    assert whole == set().union(*questions.values())


def test_the_readme_of_the_folder_names_every_script() -> None:
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert [name for name in SCRIPTS if f"python {FOLDER}/{name}.py" not in text] == []


def test_results_come_as_json_and_as_markdown(tmp_path: Path, committed: Findings) -> None:
    committed.save(tmp_path / "again.json")
    again = Findings.load(tmp_path / "again.json")
    assert again.to_json() == committed.to_json()
    assert report.markdown(again) == report.markdown(committed)
    written = (FOLDER / "results.md").read_text(encoding="utf-8")
    assert written == f"# Results\n\n{report.markdown(committed)}\n"


def test_the_tables_of_the_readmes_are_those_of_the_results(committed: Findings) -> None:
    assert readme.between(Path("README.md")) == report.short(committed)
    assert readme.between(FOLDER / "README.md") == report.markdown(committed)


def test_the_results_leave_nobody_and_nothing_out(committed: Findings) -> None:
    assert committed.surroundings.absent == {}
    assert set(committed.surroundings.versions) >= {
        "Python",
        "numpy",
        "micrograd",
        "PyTorch",
        "JAX",
    }
    assert [row.what for row in committed.rows if row.peer and row.ratio is None] == []


def test_the_first_readme_shows_every_step_and_the_fastest_in_bold(committed: Findings) -> None:
    lines = readme.between(Path("README.md")).splitlines()
    shown_lines = [line.strip("| ").split(" | ") for line in lines[: lines.index("")]]
    grid = list(zip(*shown_lines, strict=True))  # an engine a line: a problem a column
    (steps,) = [each for each in committed.sections if each.question == report.STEPS]
    engines = [name for name in grid[0] if name != "---"]
    assert engines == [*steps.detail[0]]
    assert [row[0] for row in grid[1:]] == [next(iter(line.values())) for line in steps.detail]
    for (_, _, *cells), line in zip(grid[1:], steps.detail, strict=True):
        figures = [value for value in line.values() if isinstance(value, float)]
        shown = [cell.strip("*").replace(",", "") for cell in cells]
        assert [float(cell) for cell in shown if cell != "-"] == pytest.approx(figures, rel=0.005)
        others = [value for name, value in line.items() if name != "limit"][1:]
        least = min(value for value in others if value is not None)
        bold = [others[at] for at, cell in enumerate(cells) if cell.startswith("**")]
        assert bold == [least]


def test_the_ratio_is_the_median_of_those_within_a_round() -> None:
    row = beside("a step", "us", [1, 2, 4], "somebody", [8, 6, 4])
    assert (row.median, row.peer_median, row.ratio) == (2, 6, 3)
    assert beside("a step", "us", [1, 2, 4], "somebody", None).ratio is None


@pytest.mark.parametrize(
    ("row", "verdict"),
    [
        (Row("a", 1, "s"), None),
        (Row("a", 1, "s", at_most=2), "ok"),
        (Row("a", 3, "s", at_most=2), "missed"),
        (Row("a", 3, "s", at_most=3), "ok"),
        (Row("a", math.nan, "s", at_most=2), "missed"),
        (Row("a", 9, "s", "b", 9, 1, at_least=2), "missed"),
        (Row("a", 9, "s", "b", 27, 3, at_least=2), "ok"),
        (Row("a", 9, "s", "b", at_least=2), "absent"),
    ],
)
def test_a_bound_holds_or_is_missed(row: Row, verdict: str | None) -> None:
    assert row.verdict == verdict
    around = Surroundings("a processor", 2, "x", "y", 0.0, {}, {})
    findings = Findings(around, [Section("A question", [row], 1)])
    assert exit_code(findings) == (verdict == "missed")
    assert ("MISSED" in report.text(findings)) == (verdict == "missed")


def test_unequal_work_is_refused() -> None:
    class Fake:
        def __init__(self, name: str, loss: float) -> None:
            self.peer = type("peer", (), {"name": name})
            self.loss = loss

        def turn(self, _task: Path, _steps: int) -> Turn:
            return Turn(1.0, 1.0, [self.loss])

    def entries(loss: float) -> list[Any]:
        sides = Fake("one", 0.5), Fake("other", loss)
        return [Entry(side, Path("task"), 4) for side in sides]  # type: ignore[arg-type]

    assert check_equal_work(entries(0.5 * (1 + 1e-12))) < 1e-11
    for wrong in (0.5 * (1 + 1e-8), math.nan):
        with pytest.raises(SystemExit, match="unequal work: after 4 steps one and other are"):
            check_equal_work(entries(wrong))


def test_an_older_checkout_can_read_a_task(tmp_path: Path) -> None:
    task = Task([2, 1], [[0.0, 1.0]], [1.0], [[0.1, 0.2, 0.3]], lr=0.1, momentum=0.9)
    for each, more in ((task, set()), (replace(task, batch=1), {"batch"})):
        each.save(tmp_path / "task.json")
        assert Task.load(tmp_path / "task.json") == each
        known = {"sizes", "inputs", "targets", "weights", "lr", "momentum"}
        assert set(json.loads((tmp_path / "task.json").read_text())) == known | more


def test_only_what_is_between_the_markers_is_replaced(tmp_path: Path) -> None:
    file = tmp_path / "README.md"
    file.write_text("before\n<!-- benchmarks -->\nold\n<!-- /benchmarks -->\nafter\n")
    for _ in range(2):
        readme.put(file, "| new |")
        assert readme.between(file) == "| new |"
    text = "before\n<!-- benchmarks -->\n| new |\n<!-- /benchmarks -->\nafter\n"
    assert file.read_text() == text


def test_a_readme_without_its_markers_is_refused_and_kept(tmp_path: Path) -> None:
    file = tmp_path / "README.md"
    for text in ("nothing\n", "<!-- benchmarks -->\n", "<!-- /benchmarks -->\n"):
        file.write_text(text)
        with pytest.raises(SystemExit, match=r"README.md: needs a line <!-- benchmarks -->"):
            readme.put(file, "| new |")
        assert file.read_text() == text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--quick", "--readme"], "--readme wants figures that mean something"),
        (["--torch-python", "no/such/python"], "there is no interpreter no/such/python"),
        (["--base", "docs"], "must be a checkout of minigrad, found 'docs'"),
    ],
)
def test_what_cannot_work_is_refused_before_anything_is_measured(
    arguments: list[str], message: str
) -> None:
    done = command("all", *arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert message in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
