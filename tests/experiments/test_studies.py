"""Each study of experiments/ does what its page says: its command, its numbers, its figure.

All six run once, as whole processes, two at a time. The two that gain least from fewer seeds run in
full, and what they print and draw is compared with the page; the others run with two seeds.
"""

import math
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from itertools import chain
from pathlib import Path
from xml.etree import ElementTree

import pytest

from minigrad import train
from minigrad.tracking import store
from nn.initialisers import INITIALISERS

pytestmark = pytest.mark.slow

EXPERIMENTS = Path("experiments")
IN_FULL = ["initialisation", "smallest-xor"]
STUDIES = ["batch-noise", "dying-relu", "lr-range", "optimizers", *IN_FULL]

NUMBER = re.compile(r"\d+(?:\.\d+)?(?:e-\d+)?")
PATH = "{http://www.w3.org/2000/svg}path"
TEXT = "{http://www.w3.org/2000/svg}text"


@dataclass
class Study:
    """A study's folder and page; and what its command has printed, drawn and stored just now."""

    folder: Path
    page: str
    printed: str
    figure: Path
    store: Path

    @property
    def script(self) -> Path:
        return self.folder / f"{self.folder.name.replace('-', '_')}.py"

    @property
    def committed(self) -> Path:
        return self.script.with_suffix(".svg")

    @property
    def shown(self) -> str:
        """What the page says that the command prints."""
        (block,) = re.findall(r"```text\n(.*?)```", self.page, flags=re.DOTALL)
        return str(block)

    @property
    def answer(self) -> str:
        return self.page.split("## Answer\n")[1].split("## ")[0].strip()


@pytest.fixture(scope="module")
def studies(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Study]:
    def run(name: str) -> Study:
        folder, out = EXPERIMENTS / name, tmp_path_factory.mktemp(name)
        page = (folder / "README.md").read_text(encoding="utf-8")
        study = Study(folder, page, "", out / "figure.svg", out / "runs")
        options = ["--store", str(study.store), "--figure", str(study.figure)]
        command = [sys.executable, "-W", "error", str(study.script), *options]
        if name not in IN_FULL:
            command += ["--seeds", "2"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        study.printed = done.stdout
        return study

    with ThreadPoolExecutor(max_workers=2) as pool:
        return dict(zip(STUDIES, pool.map(run, STUDIES), strict=True))


@pytest.fixture(params=STUDIES)
def study(request: pytest.FixtureRequest, studies: dict[str, Study]) -> Study:
    return studies[request.param]


@pytest.fixture(params=IN_FULL)
def full_study(request: pytest.FixtureRequest, studies: dict[str, Study]) -> Study:
    return studies[request.param]


def test_the_script_has_at_most_80_lines(study: Study) -> None:
    assert len(study.script.read_text(encoding="utf-8").splitlines()) <= 80


def test_the_page_has_question_command_figure_answer_and_what_to_try(study: Study) -> None:
    head, rest = study.page.split("```sh\n", maxsplit=1)
    assert head.startswith("# ")
    assert head.strip().endswith("?")
    assert rest.startswith(f"python {study.script}\n```\n\n![")
    assert f"]({study.committed.name})" in rest
    assert 3 <= len(re.findall(r"[.?!](?=\s|$)", study.answer)) <= 6
    assert "\n- " in study.page.split("## What to try\n")[1]


def test_the_answer_quotes_only_what_is_printed_or_drawn(study: Study) -> None:
    numbers = set(NUMBER.findall(study.shown)) | set(NUMBER.findall(texts(study.committed)))
    assert numbers.issuperset(NUMBER.findall(study.answer))


def test_the_figure_is_small_and_made_of_lines_and_text(study: Study) -> None:
    assert study.committed.stat().st_size < 100_000
    kinds = {element.tag for element in ElementTree.parse(study.committed).iter()}
    assert not any(kind.endswith("image") for kind in kinds)
    assert {PATH, TEXT} <= kinds


def test_the_command_prints_the_lines_and_draws_the_panels_of_the_page(study: Study) -> None:
    assert first_words(study.printed) == first_words(study.shown)
    assert panels(study.figure) == panels(study.committed) > 0


def test_the_command_prints_the_numbers_of_the_page(full_study: Study) -> None:
    assert alike(full_study.printed, full_study.shown), full_study.printed


def test_the_command_draws_the_figure_of_the_page(full_study: Study) -> None:
    assert alike(texts(full_study.figure), texts(full_study.committed))
    assert moved(full_study.figure, full_study.committed) < 0.05


def test_the_figure_of_other_seeds_is_told_apart(studies: dict[str, Study]) -> None:
    for name in ("batch-noise", "optimizers"):
        # twice as far as two figures of the same seeds may be apart
        assert moved(studies[name].figure, studies[name].committed) > 0.1
        assert not alike(studies[name].printed, studies[name].shown)


def test_every_run_of_a_study_is_in_the_store_and_finished(study: Study) -> None:
    runs = store.runs(study.store)
    assert len(runs) >= 8
    assert {run.status for run in runs} == {"finished"}
    assert all(run.metrics() for run in runs)


def test_the_commands_to_try_work(study: Study, tmp_path: Path) -> None:
    commands = re.findall(r"^python -m minigrad\.train (.+)$", study.page, flags=re.MULTILINE)
    assert commands
    try:
        for command in commands:
            with redirect_stdout(StringIO()):
                arguments = [*command.split(), "train.steps=2", "--out", str(tmp_path)]
                assert train.main(arguments) in (0, 1), command  # 1 where an expectation is missed
    finally:
        INITIALISERS.pop("small", None)  # the plugin of initialisation/


def test_the_table_of_studies_has_them_all() -> None:
    table = (EXPERIMENTS / "README.md").read_text(encoding="utf-8")
    links = re.findall(r"^\| \[[^]]+\?\]\(([^)]+)\) \| .+ \|$", table, flags=re.MULTILINE)
    assert sorted(links) == sorted(STUDIES)
    assert all(Path(EXPERIMENTS, link).exists() for link in re.findall(r"\]\(([^)]+)\)", table))


def first_words(text: str) -> list[str]:
    return [line.split()[0] for line in text.splitlines()]


def alike(text: str, expected: str) -> bool:
    """The same words, and numbers that differ by a tenth at most.

    Another processor adds in another order, and training makes much of the last digits.
    """
    if NUMBER.sub("#", text).split() != NUMBER.sub("#", expected).split():
        return False
    pairs = zip(NUMBER.findall(text), NUMBER.findall(expected), strict=True)
    return all(math.isclose(float(a), float(b), rel_tol=0.1, abs_tol=1e-12) for a, b in pairs)


def texts(figure: Path) -> str:
    lines = ElementTree.parse(figure).iter(TEXT)
    return "\n".join("".join(line.itertext()).strip() for line in lines)


def panels(figure: Path) -> int:
    return len(re.findall(r'id="axes_\d+"', figure.read_text(encoding="utf-8")))


def moved(figure: Path, expected: Path) -> float:
    """The share of coordinates that are not within 4 points of where they were, of some 700."""
    drawn, before = list(outlines(figure)), list(outlines(expected))
    if list(map(len, drawn)) != list(map(len, before)):
        return 1.0
    pairs = list(zip(chain(*drawn), chain(*before), strict=True))
    return sum(abs(a - b) > 4 for a, b in pairs) / len(pairs)


def outlines(figure: Path) -> Iterator[list[float]]:
    for path in ElementTree.parse(figure).iter(PATH):
        yield [float(number) for number in re.findall(r"-?\d+(?:\.\d+)?", path.get("d", ""))]
