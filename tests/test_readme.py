"""The README and the first experiment do what they say, and the pages show what is printed."""

import io
import json
import re
import shlex
import subprocess
import sys
from contextlib import redirect_stdout
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

from minigrad import runner, runs, train
from minigrad.config.catalogue import catalogue_text
from minigrad.data import DATASETS
from nn.activations import ACTIVATIONS
from tests.calling import call

README = Path("README.md").read_text(encoding="utf-8")
SHOWN = "".join(page.read_text("utf-8") for page in (Path("README.md"), *Path("docs").glob("*.md")))
EXAMPLES = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)


def test_pytorch_takes_over_the_weights_as_the_readme_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("torch", reason="torch is not installed")
    (example,) = [example for example in EXAMPLES if "import torch" in example]
    _, loading, _ = example.split("\n\n")
    assert len(loading.splitlines()) == 4
    run = runner.train("configs/xor.yaml", store=tmp_path)
    monkeypatch.chdir(tmp_path)
    with redirect_stdout(io.StringIO()):
        assert runs.main(["export", str(run.path), "--to", "npz", "--out", "model.npz"]) == 0
    assert_keeps_its_promises(example)


def assert_keeps_its_promises(example: str) -> None:
    """What it prints is what the comments behind its prints say."""
    promised = re.findall(r"print\(.*\)\s*# (.*)", example)
    printed = io.StringIO()
    with redirect_stdout(printed):
        exec(example, {})
    assert printed.getvalue().splitlines() == promised


def test_every_file_the_readme_links_to_exists() -> None:
    links = [link for link in re.findall(r"\]\(([^)]+)\)", README) if "://" not in link]
    assert links
    assert [link for link in links if not Path(link).exists()] == []


@pytest.mark.usefixtures("without_pictures")
def test_every_override_the_readme_shows_works(tmp_path: Path) -> None:
    commands = re.findall(r"^minigrad train ((?:xor|moons) .+)$", README, flags=re.MULTILINE)
    assert len(commands) >= 6
    for command in commands:
        arguments = [*shlex.split(command), "train.steps=2", "expect={}", "--out", str(tmp_path)]
        with redirect_stdout(io.StringIO()):
            assert train.main(arguments) == 0, command


def test_the_first_experiment_prints_the_losses_of_the_runner(tmp_path: Path) -> None:
    script = subprocess.run(
        [sys.executable, "experiments/train-xor/train_xor.py"],
        capture_output=True,
        text=True,
        check=True,
    )
    printed = dict(re.findall(r"^step +(\d+)  loss ([\d.]+)$", script.stdout, flags=re.MULTILINE))
    with redirect_stdout(io.StringIO()):
        train.main(["configs/xor.yaml", "--out", str(tmp_path)])
    lines = (tmp_path / "latest" / "metrics.jsonl").read_text().splitlines()
    logged = {m["step"]: m["loss"] for m in map(json.loads, lines)}
    assert len(printed) == 11
    for step, loss in printed.items():
        if int(step) < 500:
            assert loss == f"{logged[int(step)]:.6f}"
    shown = Path("experiments/train-xor/README.md").read_text(encoding="utf-8")
    for line in script.stdout.splitlines():
        if "predicted" in line or line.startswith(("MLP", "step   0", "step 500")):
            assert line in shown


def test_the_losses_the_readme_prints_are_those_of_its_commands(tmp_path: Path) -> None:
    shown = re.findall(
        r"```sh\nminigrad train (xor .+)\n```\n\n"
        r"```text\n(loss .+ in 500 steps), .+ s on eager\n",
        README,
    )
    assert len(shown) == 2
    for command, promised in shown:
        printed = io.StringIO()
        with redirect_stdout(printed):
            assert train.main([*command.split(), "--out", str(tmp_path)]) == 0
        first = printed.getvalue().splitlines()[0]
        assert re.fullmatch(re.escape(promised) + r", \d+\.\d\d s on eager", first), command


def test_the_counts_of_names_are_current() -> None:
    listed = catalogue_text().split("\n\n")
    counts = {
        block.split(":")[0]: len(re.findall(r"^  \w", block, flags=re.MULTILINE))
        for block in listed
    }
    words = {
        "datasets": "data",
        "activations": "model.activation",
        "initialisers": "model.init",
        "losses": "loss",
        "optimizers": "optimizer",
        "schedules": "scheduler",
    }
    counted = re.findall(r"(\d+)\s+(\w+)", README.split("--list` prints")[1].split(".")[0])
    printed_counts = {words[word]: int(count) for count, word in counted}
    assert printed_counts == {key: count for key, count in counts.items() if key != "train.engine"}


@pytest.mark.parametrize("page", ["docs/plugins.md", "docs/es/plugins.md"])
def test_the_plugin_of_the_docs_works_as_written(page: str, tmp_path: Path) -> None:
    text = Path(page).read_text(encoding="utf-8")
    activation, dataset = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    (snippet,) = re.findall(r"```yaml\n(.*?)```", text, flags=re.DOTALL)
    (tmp_path / "my_ops.py").write_text(activation + dataset)
    (tmp_path / "c.yaml").write_text(
        snippet + "name: own\ndata: {name: ramp, n: 5}\nloss: mse\noptimizer: sgd\n"
    )
    try:
        with redirect_stdout(io.StringIO()):
            arguments = [str(tmp_path / "c.yaml"), "train.steps=3", "--out", str(tmp_path / "runs")]
            assert train.main(arguments) == 0
            assert train.main([str(tmp_path / "runs/latest/config.yaml"), *arguments[1:]]) == 0
    finally:
        ACTIVATIONS.pop("mish", None)
        DATASETS.pop("ramp", None)


@pytest.mark.slow
def test_the_runs_commands_of_the_readme_work_on_what_it_trains(tmp_path: Path) -> None:
    store = str(tmp_path)
    for command in re.findall(r"^minigrad train (moons .+)$", README, re.MULTILINE):
        with redirect_stdout(io.StringIO()):
            short = [*shlex.split(command), "train.steps=20", "expect={}", "--out", store]
            assert train.main(short) == 0
    with redirect_stdout(io.StringIO()) as resumed:
        assert train.main(["--resume", "latest", "train.steps=30", "--out", store]) == 0
    assert "in 30 steps" in resumed.getvalue()
    commands = re.findall(r"^(?:\$ )?minigrad runs (.+)$", README, re.MULTILINE)
    verbs = [command.split()[0] for command in commands]
    assert sorted(verbs) == ["list", "plot", "verify"]
    last_letters = sorted(path.name[-4:] for path in tmp_path.glob("2*"))
    for command in commands:
        words = command.replace("4288 q7d7 zptv", " ".join(last_letters)).split()
        if "onnx" in words and find_spec("onnx") is None:
            continue
        made = (".png", ".onnx", ".npz")
        words = [str(tmp_path / word) if word.endswith(made) else word for word in words]
        with redirect_stdout(io.StringIO()) as output:
            assert runs.main([*words, "--store", store]) == 0, output.getvalue()
    assert (tmp_path / "optimizers.png").exists()


def shown_after(command: str) -> str:
    """The block of text that a page shows after a command, before the next command."""
    after = SHOWN.split(f"{command}\n```\n", 1)[1].split("```sh")[0]
    return after.split("```text\n", 1)[1].split("```")[0]


def printed(module: str, *arguments: str) -> str:
    result = call(import_module(module), *arguments, columns=120)
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_the_array_program_the_readme_shows_is_what_the_command_prints() -> None:
    command = "minigrad lift configs/moons.yaml"
    assert shown_after(command) == printed("minigrad.lift.__main__", "configs/moons.yaml")


def test_the_doctor_says_what_the_readme_shows() -> None:
    shown = shown_after("minigrad doctor configs/xor.yaml").splitlines()
    assert printed("minigrad.doctor.__main__", "configs/xor.yaml").splitlines()[:-1] == shown[:-1]


def test_a_thousand_seeds_end_as_the_readme_shows(tmp_path: Path) -> None:
    shown = shown_after("minigrad train xor --seeds 1000").splitlines()
    arguments = ["configs/xor.yaml", "--seeds", "1000", "--out", str(tmp_path)]
    lines = printed("minigrad.train", *arguments).splitlines()
    assert lines[0].rpartition(", ")[0] == shown[0].rpartition(", ")[0]
    assert lines[1] == shown[1]


@pytest.mark.slow
def test_the_sweep_ranks_as_the_readme_shows(tmp_path: Path) -> None:
    (command,) = re.findall(r"^minigrad sweep (.+)$", README, flags=re.MULTILINE)
    shown = shown_after(f"minigrad sweep {command}").splitlines()
    lines = printed(
        "minigrad.sweep.__main__", *shlex.split(command), "--out", str(tmp_path)
    ).splitlines()
    assert lines[0].partition(" in ")[0] == shown[0].partition(" in ")[0]
    assert lines[2 : len(shown)] == shown[2:]
    assert sum(line.startswith(("adam", "{name")) for line in lines) == 16
