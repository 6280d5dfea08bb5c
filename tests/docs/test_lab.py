"""The labs fail as they are shipped, pass with the solutions, and their pages tell the truth."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

import pytest

LAB = Path("docs/lab")
SOLUTIONS = Path("tests/docs/lab_solutions")
PAGES = sorted(LAB.glob("[0-9]*-*.md"), key=lambda page: int(page.name.split("-")[0]))
NUMBERS = [int(page.name.split("-")[0]) for page in PAGES]


@dataclass
class Outcome:
    """The names of the tests that passed, and what each of the others said."""

    passed: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)

    @property
    def names(self) -> set[str]:
        return {*self.passed, *self.failed}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the labs as they are shipped, where pytest finds the project's settings."""
    shutil.copy("pyproject.toml", tmp_path)
    shutil.copytree(LAB, tmp_path / LAB, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def solve(folder: Path, *numbers: int) -> None:
    for number in numbers:
        shutil.copy(SOLUTIONS / f"lab{number}.py", folder / LAB)


def run(folder: Path, *arguments: str, labs: str = "docs/lab") -> Outcome:
    """What `pytest docs/lab ...` finds in a folder. Fails if a test could not be collected."""
    report = folder / "report.xml"
    command = [sys.executable, "-m", "pytest", labs, f"--junitxml={report}", *arguments]
    done = subprocess.run(
        command,
        cwd=folder,
        env=os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},  # they take longer than the labs
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    outcome = Outcome()
    for case in ElementTree.parse(report).iter("testcase"):
        name = f"{case.get('classname')}.{case.get('name')}"
        failure = case.find("failure")
        assert case.find("error") is None, f"{name}: {done.stdout}"
        assert case.find("skipped") is None, name
        if failure is None:
            outcome.passed.append(name)
        else:
            outcome.failed[name] = failure.get("message") or ""
    return outcome


def test_every_lab_has_its_page_its_file_its_test_and_its_solution() -> None:
    assert list(range(1, len(NUMBERS) + 1)) == NUMBERS
    for number in NUMBERS:
        for path in (LAB / f"lab{number}.py", LAB / f"test_lab{number}.py"):
            assert path.exists()
        assert (SOLUTIONS / f"lab{number}.py").exists()


def test_every_test_fails_as_shipped(folder: Path) -> None:
    outcome = run(folder)
    assert len({name.split(".test_lab")[1].split(".")[0] for name in outcome.names}) == len(NUMBERS)
    assert outcome.passed == [], "a lab is filled in: fine on your machine, not in the project"
    first_of_lab_1 = next(iter(outcome.failed.values()))
    assert first_of_lab_1.startswith("NotImplementedError: lab 1, task 1:")


@pytest.mark.parametrize(
    "number",
    [pytest.param(n, marks=[pytest.mark.slow] * bool(i % 4)) for i, n in enumerate(NUMBERS)],
)
def test_a_lab_fails_until_it_is_done_and_passes_then(number: int, folder: Path) -> None:
    solve(folder, *range(1, number))
    before = run(folder, "-m", f"lab{number}")
    assert before.names
    assert all(f"test_lab{number}." in name for name in before.names)
    assert before.passed == []

    solve(folder, number)
    after = run(folder, "-m", f"lab{number}")
    assert after.failed == {}
    assert after.names == before.names


def test_a_half_written_lab_does_not_stand_in_the_way_of_another(folder: Path) -> None:
    solve(folder, 1)
    (folder / LAB / "lab2.py").write_text("def add(a, b", encoding="utf-8")
    assert run(folder, "-m", "lab1").failed == {}


def test_a_copy_of_the_labs_works_without_the_project_around_it(tmp_path: Path) -> None:
    shutil.copytree(LAB, tmp_path / "my-labs")
    shutil.copy(SOLUTIONS / "lab1.py", tmp_path / "my-labs")
    outcome = run(tmp_path, "-m", "lab1", labs="my-labs")
    assert outcome.names
    assert outcome.failed == {}


# What learners do wrong: in which lab, what the solution says, what they write in its place, and
# words of the message that they get.
MISTAKES = [
    (1, "(f(x + h) - f(x - h)) / (2 * h)", "(f(x + h) - f(x)) / h", "looks to the right only"),
    (2, "return y, (y,)", "return y, y", "with one operand it is (slope,)"),
    (3, "return record(subtract, other, self)", "return self - other", "8.0 - b is not b - 8.0"),
    (4, "elif node not in seen:", "else:", "32767 nodes are all the paths"),
    (5, "parent.grad += slope", "parent.grad = slope", "`=` replaces, `+=` adds up"),
    (
        6,
        "        if len(x) != len(self.weights):",
        "        if False:",
        "raise ValueError with both",
    ),
    (7, "zero_grad(model.parameters())", "pass", "gradients were not cleared"),
    (8, "@OPTIMIZERS.register\nclass Momentum", "class Momentum", "@OPTIMIZERS.register"),
    (9, ".reshape(shape)", "", "a stretched axis stays, with length 1"),
    (10, "grad @ b.swapaxes(-1, -2)", "grad @ b.T", "transposes each matrix of a stack"),
    (11, "np.exp(x - x.max(axis=1, keepdims=True))", "np.exp(x)", "Take the row's largest"),
]


@pytest.mark.parametrize(
    ("number", "right", "wrong", "hint"),
    [
        pytest.param(*mistake, id=f"lab{mistake[0]}", marks=[pytest.mark.slow] * bool(i % 3))
        for i, mistake in enumerate(MISTAKES)
    ],
)
def test_a_usual_mistake_is_met_by_a_message_that_names_it(
    number: int, right: str, wrong: str, hint: str, folder: Path
) -> None:
    solve(folder, *NUMBERS)
    file = folder / LAB / f"lab{number}.py"
    source = file.read_text(encoding="utf-8")
    assert source.count(right) == 1
    file.write_text(source.replace(right, wrong), encoding="utf-8")
    failed = run(folder, "-m", f"lab{number}").failed
    guide = Path("docs/teaching/README.md").read_text(encoding="utf-8")
    (test,) = re.findall(rf"^\| {number} \| .* \| `(test_\w+)` \|$", guide, re.MULTILINE)
    first, message = next(iter(failed.items()))  # what `minigrad lab check` shows
    assert f".{test}" in first
    assert hint in message
    assert re.search(r"\n +expected: .*\n +found: .*\n +hint: ", message)


def test_the_examples_on_the_pages_hold_once_the_labs_are_done(folder: Path) -> None:
    solve(folder, *NUMBERS)
    pages = [page.name for page in PAGES]
    for page in pages:  # a fence ends an output, as an empty line does
        text = (folder / LAB / page).read_text(encoding="utf-8")
        (folder / LAB / page).write_text(re.sub(r"(?m)^```.*$", "", text), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "doctest", *pages],
        cwd=folder / LAB,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.slow
def test_the_training_commands_on_the_pages_meet_their_expectations(folder: Path) -> None:
    solve(folder, *NUMBERS)
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    (folder / LAB).rename(folder / "my-labs")
    commands = re.findall(r"^minigrad (train .+)$", text, flags=re.MULTILINE)
    assert len(commands) == 2
    for command in commands:
        arguments = [sys.executable, "-m", "minigrad", *command.split()]
        done = subprocess.run(arguments, cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_names_its_command_its_file_and_a_next_page(page: Path) -> None:
    number = NUMBERS[PAGES.index(page)]
    text = page.read_text(encoding="utf-8")
    assert text.startswith(f"# Lab {number}. ")
    assert f"minigrad lab check {number}\n" in text
    assert f"(lab{number}.py)" in text
    assert [
        next_page for next_page in PAGES[number : number + 1] if next_page.name not in text
    ] == []


@pytest.mark.slow
def test_the_labs_and_the_translations_are_no_part_of_the_default_run() -> None:
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "docs"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "docs/theory/1-" in done.stdout
    assert "docs/lab" not in done.stdout
    assert "docs/es" not in done.stdout
