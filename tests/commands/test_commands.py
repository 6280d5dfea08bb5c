"""minigrad VERB, and python -m minigrad VERB: every verb is there, quickly, and typed with help."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from minigrad import __main__ as command
from minigrad.__main__ import VERBS, main
from minigrad.version import __version__
from tests.calling import call
from tests.imports import our_arrows

SHELL = """
import sys
from minigrad.__main__ import script
sys.argv[0] = "/usr/bin/minigrad"
sys.exit(script())
"""


def test_the_help_names_every_verb_and_fits_a_screen(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    text = capsys.readouterr().out
    assert main(["--help"]) == 0
    assert capsys.readouterr().out == text
    assert [line.split()[0] for line in text.splitlines() if line[2:].split(" ")[0] in VERBS] == [
        *VERBS
    ]
    assert len(text.splitlines()) <= 24
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize("verb", VERBS)
def test_the_help_of_a_verb_fits_a_screen(verb: str) -> None:
    result = call(command, verb, "--help")
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith(f"usage: python -m minigrad {verb}")
    assert len(result.stdout.splitlines()) <= 40


@pytest.mark.parametrize("verb", ["train", "sweep", "runs", "predict", "graph", "lift", "doctor"])
def test_every_verb_is_a_module_of_its_own_too(verb: str) -> None:
    words = [sys.executable, "-m", f"minigrad.{verb}", "--help"]
    result = subprocess.run(words, capture_output=True, text=True, check=True)
    assert result.stdout.startswith(f"usage: python -m minigrad.{verb}")


def test_the_version_is_printed_without_numpy() -> None:
    code = "import sys\nfrom minigrad.__main__ import main\nmain(['--version'])\n"
    code += "print({'numpy', 'pydantic', 'yaml'} & set(sys.modules))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.stdout == f"minigrad {__version__}\nset()\n"


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["trian"], "unknown verb 'trian': did you mean 'train'? Known: new, train"),
        (["train", "xor", "--sedes", "3"], "--sedes 3: did you mean --seeds?"),
        (["train", "xor", "--lr", "0.1"], "--lr 0.1: did you mean optimizer.lr=0.1?"),
        (["train", "xro"], "xro: cannot be read: No such file or directory: did you mean xor?"),
        (["runs", "lst"], "unknown VERB 'lst': did you mean 'list'? Known: list, show"),
        (["runs", "list", "--colums", "id"], "--colums id: did you mean --columns?"),
        (["sweep", "xor", "--worker", "2"], "--worker 2: did you mean --workers?"),
        (["doctor", "xor", "--jsno"], "--jsno: did you mean --json?"),
        (["--verison"], "unrecognized arguments: --verison: did you mean --version?"),
        (["completion", "fsh"], "unknown SHELL 'fsh': did you mean 'fish'? Known: bash, zsh, fish"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_mistyped_word_is_met_by_the_nearest_one(
    words: list[str], hint: str, tmp_path: Path
) -> None:
    result = call(command, *words, cwd=tmp_path)
    assert (result.returncode, result.stdout) == (2, "")
    assert hint in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "words",
    [
        ["runs", "list", "--limit", "{}"],
        ["runs", "serve", "--port", "{}"],
        ["runs", "export", "latest", "--to", "npz", "--seed", "{}"],
        ["predict", "latest", "rows.csv", "--seed", "{}"],
        ["graph", "xor", "--sample", "{}"],
        ["graph", "xor", "--nodes", "{}"],
        ["sweep", "xor", "optimizer.lr=uniform(0,1)", "--random", "2", "--seed", "{}"],
        ["sweep", "xor", "optimizer.lr=0.1,1", "--workers", "{}"],
        ["lab", "start", "{}"],
        ["lab", "results", "mine", "--labs", "{}"],
    ],
    ids=lambda words: " ".join(words[:2] + words[-2:-1]),
)
def test_a_count_is_written_in_ascii_digits(
    words: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    for text in ("\u0661", "1_0", "1 1", "+1", "-1", "1.0", "", "9" * 5000):
        with pytest.raises(SystemExit) as ended:
            main([word.replace("{}", text) for word in words])
        assert ended.value.code == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert "must be " in line
        assert len(line) < 250


def test_a_hint_names_the_command_in_the_form_in_which_it_was_called(tmp_path: Path) -> None:
    hint = "no runs in 'runs' yet: {} configs/xor.yaml makes one\n"
    for form, words in {
        "minigrad train": [sys.executable, "-c", SHELL],
        "python -m minigrad train": [sys.executable, "-m", "minigrad"],
    }.items():
        result = subprocess.run(
            [*words, "runs", "list"], capture_output=True, text=True, cwd=tmp_path
        )
        assert result.stdout == hint.format(form)


def completions(line: str, folder: Path) -> list[str]:
    """What bash is given for a line on which TAB is pressed."""
    answer = folder / "answer"
    command = f"exec {sys.executable} -c '{SHELL}' 8>{answer} 9>/dev/null"
    env = {"_ARGCOMPLETE": "1", "COMP_LINE": line, "COMP_POINT": str(len(line))}
    env |= {"_ARGCOMPLETE_IFS": "\n", "_ARGCOMPLETE_SHELL": "bash", "COMP_TYPE": "9"}
    subprocess.run(["bash", "-c", command], env=os.environ | env, cwd=folder, check=True)
    return [word.strip() for word in answer.read_text().splitlines()]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("minigrad tr", {"train"}),
        ("minigrad ", {*VERBS}),
        ("minigrad train --se", {"--seeds"}),
        ("minigrad runs com", {"compare"}),
        ("minigrad runs list --so", {"--sort"}),
        ("minigrad train moo", {"moons"}),
        ("minigrad doctor mi", {"mine.yaml"}),
        ("minigrad predict 2026", {"20261122T201500Z-xor-k3f9"}),
        ("minigrad runs show la", {"latest"}),
    ],
)
def test_a_shell_completes_verbs_options_configs_and_runs(
    line: str, expected: set[str], tmp_path: Path
) -> None:
    (tmp_path / "mine.yaml").touch()
    (tmp_path / "runs/20261122T201500Z-xor-k3f9").mkdir(parents=True)
    (tmp_path / "runs/latest").symlink_to("20261122T201500Z-xor-k3f9")
    assert expected <= set(completions(line, tmp_path)) <= {*expected, "-h", "--help", "--version"}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_has_a_script_that_calls_minigrad(
    shell: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert "minigrad" in script
    assert "_ARGCOMPLETE" in script


@pytest.mark.parametrize("hiding", ["nn.py", "nn/__init__.py", "optim/__init__.py"])
def test_a_users_own_file_that_hides_ours_is_named_in_one_sentence(
    hiding: str, tmp_path: Path
) -> None:
    file = tmp_path / hiding
    file.parent.mkdir(exist_ok=True)
    file.touch()
    name = hiding.removesuffix("/__init__.py").removesuffix(".py")
    sentence = f"{file} hides minigrad's package {name}: rename it, or start Python elsewhere\n"
    for words in (["minigrad.train", "xor"], ["minigrad", "train", "xor"]):
        started = [sys.executable, "-m", *words]
        result = subprocess.run(started, capture_output=True, text=True, cwd=tmp_path)
        assert (result.returncode, result.stderr) == (2, sentence)


def test_every_room_that_needs_a_hidden_package_says_so(tmp_path: Path) -> None:
    rooms = {
        arrow.module
        for arrow in our_arrows()
        if arrow.name.split(".")[0] in ("nn", "optim")
        and arrow.module.split(".")[0] == "minigrad"
        and not arrow.module.endswith("__main__")
    }
    (tmp_path / "nn.py").touch()
    code = "import importlib, sys\nfrom minigrad import Value\nfor name in sys.argv[1:]:\n"
    code += "    try:\n        importlib.import_module(name)\n"
    code += "    except ImportError as error:\n        print('nn.py hides' in str(error), name)\n"
    result = subprocess.run(
        [sys.executable, "-c", code, *rooms], capture_output=True, text=True, cwd=tmp_path
    )
    assert result.stderr == ""
    assert rooms
    assert result.stdout.splitlines() == [f"True {name}" for name in rooms]
