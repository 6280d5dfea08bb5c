"""minigrad lab: a folder of one's own, what to look at first, hints, progress, a class's table."""

import ast
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from minigrad.lab import exercises
from minigrad.lab.__main__ import main
from minigrad.lab.words import say

SOLUTIONS = Path("tests/docs/lab_solutions").absolute()
LABS = Path("docs/lab").absolute()
MESSAGES: dict[str, str] = json.loads(Path("docs/es/lab/messages.json").read_text(encoding="utf-8"))
NUMBERS = exercises.numbers()
pytestmark = pytest.mark.usefixtures("in_tmp_path")


def solve(*numbers: int, folder: str = "my-labs") -> None:
    for number in numbers:
        shutil.copy(SOLUTIONS / f"lab{number}.py", folder)


def printed(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> str:
    assert main(words) == code
    output = capsys.readouterr()
    return output.out + output.err


def test_a_first_start_says_where_to_read_and_where_to_write(
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = printed(capsys, "start", "1")
    assert text.startswith("Lab 1. Central difference (about 30 minutes)\nAt the end of this lab")
    assert "write  my-labs/lab1.py\n" in text
    assert Path(re.findall("read   (.*)", text)[0]).name == "1-central-difference.md"


def test_git_ignores_the_folder(capsys: pytest.CaptureFixture[str]) -> None:
    printed(capsys, "start")
    subprocess.run(["git", "init", "-q", "."], check=True)
    status = subprocess.run(["git", "status", "--porcelain"], capture_output=True, text=True)
    assert status.stdout == ""


def test_an_untouched_lab_shows_its_task_first_and_no_traceback(
    capsys: pytest.CaptureFixture[str],
) -> None:
    printed(capsys, "start", "1")
    lines = [line for line in printed(capsys, "check", code=1).splitlines() if line]
    assert lines[0] == "to do: lab 1, task 1: divide the change of f by the change of x"
    assert "lab 1: 0 of 10 tests pass" in lines
    assert len(lines) <= 3


def test_a_mistake_is_shown_with_its_hint(capsys: pytest.CaptureFixture[str]) -> None:
    printed(capsys, "start", "1")
    solve(1)
    file = Path("my-labs/lab1.py")
    text = file.read_text()
    file.write_text(text.replace("(f(x + h) - f(x - h)) / (2 * h)", "(f(x + h) - f(x)) / h"))
    text = printed(capsys, "check", code=1)
    assert "  hint:     " in text
    assert "Traceback" not in text
    assert len(text.splitlines()) <= 12
    file.write_text("def slope(f, x, h=1e-6):\n    return f(y)\n\n\ngradient = slope\n")
    assert "lab1.py:2: NameError: name 'y' is not defined" in printed(capsys, "check", code=1)
    file.write_text("def slope(f, x, h=1e-6)\n")
    text = printed(capsys, "check", code=1)
    assert "SyntaxError: expected ':'" in text
    assert "tests pass" not in text


def test_a_lab_that_is_done_leads_to_the_next_one(capsys: pytest.CaptureFixture[str]) -> None:
    printed(capsys, "start", "1")
    assert "lab 1 is not done: 0 of 10 tests pass" in printed(capsys, "next", code=1)
    solve(1)
    assert printed(capsys, "check").endswith("Lab 1 is done: minigrad lab next\n")
    assert "Lab 2. Local rules" in printed(capsys, "next")
    progress = printed(capsys)
    assert re.search(r"^   1  Central difference +done$", progress, re.MULTILINE)
    assert re.search(r"^>  2  Local rules +-$", progress, re.MULTILINE)
    assert progress.endswith(f"1 of {len(NUMBERS)} labs done\n")
    assert "not done yet: 2, 3" in printed(capsys, "start", "4")
    assert "Lab 5." in printed(capsys, "next", "--skip")


def test_hints_come_one_by_one_and_are_those_of_the_page(
    capsys: pytest.CaptureFixture[str],
) -> None:
    printed(capsys, "start", "3")
    hints = exercises.lab(3).hints
    for number, hint in enumerate(hints, 1):
        assert printed(capsys, "hint") == f"{number}/{len(hints)}  {hint}\n"
    assert "no more hints" in printed(capsys, "hint")


def test_what_a_learner_wrote_is_never_overwritten(capsys: pytest.CaptureFixture[str]) -> None:
    printed(capsys, "start", "1")
    Path("my-labs/lab1.py").write_text("mine")
    Path("my-labs/judge.py").write_text("old")
    printed(capsys, "start", "2")
    assert Path("my-labs/lab1.py").read_text() == "mine"
    assert Path("my-labs/judge.py").read_text() == (LABS / "judge.py").read_text()
    Path("other").mkdir()
    Path("other/file").touch()
    assert "other holds something else" in printed(capsys, "start", "--folder", "other", code=2)


def test_without_a_folder_the_command_says_how_to_begin(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert "minigrad lab start 1 makes it" in printed(capsys, "check", code=2)


def test_without_pytest_the_command_says_what_to_install(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    printed(capsys, "start", "1", "--language", "es")
    monkeypatch.setattr("minigrad.lab.grading.find_spec", lambda _: None)
    sentence = printed(capsys, "check", code=2)
    assert "necesitan pytest" in sentence
    assert "pip install -e '.[labs]'" in sentence


def test_a_damaged_state_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    printed(capsys, "start", "1")
    for text in ("{", '{"current": 99}', '{"colour": 1}', "[]"):
        Path("my-labs/progress.json").write_text(text)
        sentence = printed(capsys, "hint", code=2)
        assert sentence.startswith("my-labs/progress.json: ")
        assert sentence.count("\n") == 1


def test_everything_can_be_had_in_spanish(capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(capsys, "start", "1", "--language", "es")
    assert text.startswith("Laboratorio 1. Diferencia central (unos 30 minutos)\nAl final")
    text = printed(capsys, "check", code=1)
    assert "por hacer: laboratorio 1, tarea 1: divide el cambio de f" in text
    assert "laboratorio 1: pasan 0 de 10 tests" in text
    assert printed(capsys, "hint")[5:] == f"{exercises.lab(1, 'es').hints[0]}\n"
    solve(1)
    file = Path("my-labs/lab1.py")
    file.write_text(file.read_text().replace("(f(x + h) - f(x - h)) / (2 * h)", "0.0"))
    text = printed(capsys, "check", code=1)
    assert "  pista:    De x - h a x + h" in text
    assert "terminados" in printed(capsys)


def test_a_class_is_one_table_of_tests_that_nobody_changed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in ("ana/my-labs", "luis"):
        printed(capsys, "start", "1", "--folder", name)
    solve(1, folder="ana/my-labs")
    Path("luis/test_lab1.py").write_text("def test_nothing():\n    pass\n")
    words = ["results", "ana", "luis", "--labs", "1", "--out", "class.csv"]
    assert printed(capsys, *words) == "wrote class.csv\n"
    refused = "class.csv exists already: --force replaces it, --out names another place\n"
    assert printed(capsys, *words, code=2) == refused
    assert printed(capsys, *words, "--force") == "wrote class.csv\n"
    assert Path("class.csv").read_text() == "learner,lab 1,done\nana,10/10,1\nluis,0/10,0\n"
    assert "ana      10/10" in printed(capsys, "results", "ana/my-labs", "--labs", "1")
    assert "no such folder: eva" in printed(capsys, "results", "eva", code=2)


@pytest.mark.parametrize("language", exercises.LANGUAGES)
def test_every_lab_states_its_aim_its_time_and_hints(language: str) -> None:
    for number in NUMBERS:
        lab = exercises.lab(number, language)
        assert lab.aim.startswith(("At the end of this lab", "Al final de este laboratorio"))
        assert 20 <= lab.minutes <= 90
        assert len(lab.hints) == len(exercises.lab(number).hints) >= 2
    readme = (exercises.folder(language) / "README.md").read_text(encoding="utf-8")
    times = re.findall(r"\| (\d+) min \|$", readme, re.MULTILINE)
    assert times == [str(exercises.lab(number).minutes) for number in NUMBERS]


def texts(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    if isinstance(node, ast.JoinedStr):
        parts = (v.value if isinstance(v, ast.Constant) else "{}" for v in node.values)
        yield "".join(map(str, parts))


def messages() -> Iterator[str]:
    """What a learner may read: questions, hints, and what is to be written."""
    for file in sorted(LABS.glob("*lab*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                if node.func.id in ("same", "refuses", "NotImplementedError"):
                    for argument in node.args:
                        yield from texts(argument)
                elif node.func.id == "_check":
                    yield from texts(node.args[-1])
            elif isinstance(node, ast.Assign):
                names = {name.id for name in ast.walk(node) if isinstance(name, ast.Name)}
                if names & {"hint", "asked", "question", "REGISTERED"}:
                    values = getattr(node.value, "elts", [node.value])
                    for value in values:
                        yield from texts(value)


def is_code(message: str) -> bool:
    """Whether a message is an expression, which is the same in every language."""
    try:
        ast.parse(message.replace("{}", "x"), mode="eval")
    except SyntaxError:
        return False
    return " " not in message or any(sign in message for sign in "([='")


def test_every_message_of_the_labs_has_a_translation() -> None:
    wanted = {message for message in messages() if " " in message and not is_code(message)}
    assert len(wanted) > 150
    lacking = [
        message
        for message in sorted(wanted)
        if not any(key.rstrip("{}") == message.rstrip("{}\n") for key in MESSAGES)
    ]
    assert lacking == []


def test_a_translation_keeps_what_varies() -> None:
    assert [key for key, value in MESSAGES.items() if key.count("{}") != value.count("{}")] == []


def test_a_folder_that_was_handed_over_is_not_written_through_its_links(
    capsys: pytest.CaptureFixture[str],
) -> None:
    printed(capsys, "start", "1")
    outside = Path("outside")
    outside.write_text("a thesis")
    for name in (".gitignore", "pytest.ini", "test_lab1.py", "lab1.py", "messages.json"):
        path = Path("my-labs", name)
        path.unlink(missing_ok=True)
        path.symlink_to(outside.absolute())
    printed(capsys, "start", "2", "--language", "es")
    assert outside.read_text() == "a thesis"
    assert Path("my-labs/lab1.py").is_symlink()  # what a learner wrote is left alone


@pytest.mark.parametrize(
    "state",
    [
        "[" * 600,
        "[]",
        '{"current": "1"}',
        '{"hints": {"1": "x"}}',
        '{"passed": {"1": [1]}}',
        '{"passed": {"1": 3}}',
        '{"passed": [1]}',
        None,
    ],
)
def test_a_damaged_state_is_named_in_a_line(
    state: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    printed(capsys, "start", "1")
    path = Path("my-labs/progress.json")
    path.unlink()
    if state is None:
        os.mkfifo(path)
    else:
        path.write_text(state)
    for words in ([], ["hint"], ["start", "2"]):
        (line,) = printed(capsys, *words, code=2).splitlines()
        assert "delete it, and start again" in line


def test_a_learners_link_and_pipe_are_unreadable_and_hang_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in ("ana", "luis"):
        printed(capsys, "start", "1", "--folder", name)
        Path(name, "lab1.py").unlink()
    Path("ana/lab1.py").symlink_to("/dev/zero")
    os.mkfifo("luis/lab1.py")
    assert printed(capsys, "results", "ana", "luis", "--labs", "1").count("unreadable") == 2


def test_a_folder_that_cannot_be_used_is_named_in_a_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = printed(capsys, "--folder", "x" * 300, code=2)
    assert text.endswith("xx...: File name too long\n") or "x: File name too long" in text
    assert "Errno" not in text


def test_only_earlier_labs_are_missing_and_the_last_one_leads_to_the_table(
    capsys: pytest.CaptureFixture[str],
) -> None:
    first = printed(capsys, "start", "1")
    assert say("earlier", "en", labs="1") not in first
    assert say("earlier", "en", labs="1, 2") in printed(capsys, "start", "3")
    printed(capsys, "start", str(NUMBERS[-1]))
    table = printed(capsys, "next", "--skip")
    assert f"\n> {NUMBERS[-1]:>2}  " in table
