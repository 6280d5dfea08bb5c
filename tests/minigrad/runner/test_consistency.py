"""check finds, without training, claims of a run that contradict each other."""

import json
import shutil
from collections.abc import Callable
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from minigrad import runs, train
from minigrad.runner.consistency import contradictions
from minigrad.runner.interrupts import AT_ONCE
from minigrad.tracking import init
from minigrad.tracking.check import check_soundness
from minigrad.tracking.store import load
from minigrad.training.seed_table import SeedTable
from tests.minigrad.runner.test_verify import forge_lines, forge_state, forge_summary
from tests.stored_runs import change_facts, facts, newest

COMMANDS = {
    "xor": ["configs/xor.yaml", "train.steps=12", "train.log_every=5"],
    "iris": ["configs/iris.yaml", "train.steps=12", "train.log_every=2", "expect={}"],
    "seeds": ["configs/xor.yaml", "--seeds", "3", "train.steps=12", "train.log_every=5"],
}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    stores = {name: tmp_path_factory.mktemp(name) for name in COMMANDS}
    with redirect_stdout(StringIO()):
        for name, words in COMMANDS.items():
            train.main([*words, "--out", str(stores[name])])
    return {name: newest(store) for name, store in stores.items()}


def forge_config(run: Path, old: str, new: str) -> None:
    text = (run / "config.yaml").read_text()
    assert old in text
    (run / "config.yaml").write_text(text.replace(old, new))


def forge_table(run: Path, name: str, number: float) -> None:
    arrays: dict[str, Any] = dict(np.load(run / "seeds.npz"))
    arrays[name][0] = number
    np.savez(run / "seeds.npz", **arrays)


def other_seeds(run: Path) -> None:
    (run / "seeds.npz").write_bytes(SeedTable.empty([0, 1]).to_bytes())


def forge_test(run: Path, **changed: object) -> None:
    test = json.loads((run / "test.json").read_text())
    (run / "test.json").write_text(json.dumps({**test, **changed}))


def forge_both(run: Path) -> None:
    forge_test(run, accuracy=1.0)
    forge_summary(run, test_accuracy=1.0)


def without_test(run: Path) -> None:
    (run / "test.json").unlink()
    summary = facts(run)["summary"]
    change_facts(run, summary={k: v for k, v in summary.items() if not k.startswith("test")})


def judged(run: Path, met: bool) -> None:
    change_facts(run, expectations=[{**one, "met": met} for one in facts(run)["expectations"]])


FORGERIES: dict[str, tuple[str, Callable[[Path], object], str]] = {
    "name": ("xor", lambda run: change_facts(run, name="abc"), "has the name 'abc'"),
    "seed": ("xor", lambda run: change_facts(run, seed=5), "has the seed 5"),
    "engine": ("xor", lambda run: change_facts(run, engine="numpy"), "has the engine 'numpy'"),
    "a fact": ("xor", lambda run: change_facts(run, f1=1.0), "has 'f1', which no training records"),
    "an error": ("xor", lambda run: change_facts(run, error="x"), "finished, with the error 'x'"),
    "a status": ("xor", lambda run: change_facts(run, status="interrupted"), "does not say why"),
    "a verdict": ("xor", lambda run: judged(run, True), "do not follow from its results"),
    "no verdict": ("xor", lambda run: change_facts(run, expectations=[]), "do not follow"),
    "a loss": ("xor", lambda run: forge_summary(run, final_loss=1e-9), "do not follow"),
    "no result": ("xor", lambda run: change_facts(run, summary={}), "has no initial_loss"),
    "a result": ("xor", lambda run: forge_summary(run, f1=1.0), "'f1', which no training measures"),
    "steps": ("xor", lambda run: forge_summary(run, steps=99), "says 99 steps, config.yaml 12"),
    "a text": ("xor", lambda run: forge_summary(run, steps="many"), "not of the kind"),
    "a metric": (
        "xor",
        lambda run: forge_lines(run, lambda lines: [line.update(f1=1.0) for line in lines]),
        "metrics.jsonl has 'f1', which no training logs",
    ),
    "no checkpoint": ("xor", lambda run: (run / "checkpoint.json").unlink(), "json is missing"),
    "its step": (
        "xor",
        lambda run: forge_state(run, "checkpoint.json", lambda state: state.update(step=3)),
        "checkpoint.json is of 3 steps, the summary says 12",
    ),
    "no parameters": (
        "xor",
        lambda run: forge_state(run, "checkpoint.json", lambda state: state.update(parameters=[])),
        "checkpoint.json has 0 parameters, its model 33",
    ),
    "a table": ("xor", lambda run: other_seeds(run), "a run of one seed"),
    "no test": ("iris", without_test, "has no test_loss, unlike what config.yaml asks for"),
    "a test": ("iris", lambda run: forge_test(run, accuracy=1.0), "has the accuracy 1.0"),
    "both": (
        "iris",
        forge_both,
        "its accuracy is not that of its confusion",
    ),
    "the best step": ("iris", lambda run: forge_summary(run, best_step=3), "another best model"),
    "the best loss": (
        "iris",
        lambda run: forge_state(
            run, "checkpoint.json", lambda state: state["best"].update(val_loss=0.0)
        ),
        "another best model",
    ),
    "no best": (
        "iris",
        lambda run: forge_config(run, "keep_best: val_loss", "keep_best: null"),
        "another best model",
    ),
    "a median": ("seeds", lambda run: forge_summary(run, final_loss=0.0), "the final_loss 0.0"),
    "a count": ("seeds", lambda run: forge_summary(run, met=3), "the met 3, seeds.npz 0"),
    "a seed": ("seeds", lambda run: forge_table(run, "seeds", 77), "has other seeds than"),
    "a seed's loss": ("seeds", lambda run: forge_table(run, "final_loss", 0.0), "seeds.npz 0."),
    "no table": ("seeds", lambda run: (run / "seeds.npz").unlink(), "seeds.npz is missing"),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_what_contradicts_itself_is_damaged(
    forgery: str, trained: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kind, forge, message = FORGERIES[forgery]
    run = Path(shutil.copytree(trained[kind], tmp_path / trained[kind].name))
    forge(run)
    assert runs.main(["check", "--store", str(tmp_path)]) == 1
    assert message in capsys.readouterr().out


@pytest.mark.parametrize("kind", COMMANDS)
def test_an_honest_run_contradicts_nothing(kind: str, trained: dict[str, Path]) -> None:
    run = load(trained[kind])
    assert (check_soundness(run).damage, list(contradictions(run))) == ([], [])


def test_a_second_signal_after_the_last_step_is_no_damage(
    trained: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = Path(shutil.copytree(trained["xor"], tmp_path / trained["xor"].name))
    at_once: dict[str, Any] = {"status": "interrupted", "summary": {}, "expectations": None}
    change_facts(run, error=f"interrupted by Ctrl-C and {AT_ONCE}", **at_once)
    assert runs.main(["check", "--store", str(tmp_path)]) == 0
    assert runs.main(["verify", "latest", "--store", str(tmp_path)]) == 0, capsys.readouterr()
    change_facts(run, error="interrupted by Ctrl-C after step 11 of 12, at loss 0.1", **at_once)
    assert runs.main(["check", "--store", str(tmp_path)]) == 1


def test_a_loop_of_ones_own_records_what_it_likes(tmp_path: Path) -> None:
    with init("own", store=tmp_path, author="me") as run:
        run.log({"f1": 1.0})
        run.summary["f1"] = 1.0
    assert list(contradictions(load(run.path))) == []
