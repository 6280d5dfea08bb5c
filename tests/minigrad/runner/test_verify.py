"""verify trains a stored run again and finds the last bit that differs."""

import json
import math
import re
import shutil
from collections.abc import Callable
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from minigrad import runner, train
from minigrad.config import load as load_config
from minigrad.runner.verify import verify_claims
from minigrad.tracking import checkpoint, init
from minigrad.tracking.store import StoreError, find, load
from minigrad.training.seed_table import SeedTable
from nn.activations import ACTIVATIONS
from tests.stored_runs import change_facts, facts, newest

OVERRIDES = [
    "train={steps: 40, batch_size: 20, log_every: 3}",
    "data.val_fraction=0.2",
    "expect={}",
]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = tmp_path_factory.mktemp("trained")
    with redirect_stdout(StringIO()):
        assert train.main(["configs/moons.yaml", *OVERRIDES, "--out", str(store)]) == 0
    return newest(store)


@pytest.fixture
def run_path(trained: Path, tmp_path: Path) -> Path:
    """A copy of the run, to be changed, as the newest of its store."""
    (tmp_path / "latest").symlink_to(trained.name)
    return Path(shutil.copytree(trained, tmp_path / trained.name))


def change_line(path: Path, number: int, change: Callable[[dict[str, float]], None]) -> None:
    lines = (path / "metrics.jsonl").read_text().splitlines()
    line = json.loads(lines[number])
    change(line)
    lines[number] = json.dumps(line)
    (path / "metrics.jsonl").write_text("\n".join(lines) + "\n")


def test_a_finished_run_is_identical(run_path: Path) -> None:
    result = verify_claims(find(run_path.parent, "latest"))
    assert result.identical
    assert "identical in every number of 14 logged steps and in all else" in result.sentence
    assert result.sentence.endswith(
        "(not checked: dates and times, command, group, host and git, output.log, pictures)"
    )
    assert (result.step, result.changed) == (None, [])


@pytest.mark.usefixtures("without_pictures")
def test_a_verdict_in_the_words_of_older_runs_is_no_difference(tmp_path: Path) -> None:
    with redirect_stdout(StringIO()):
        train.main(["configs/xor.yaml", "train.steps=3", "--out", str(tmp_path)])
    run = newest(tmp_path)
    verdicts = facts(run)["expectations"]
    verdict = verdicts[1]
    loss = f"{verdict['found']:.4g}"
    assert verdict["sentence"] == f"final loss {loss} is not below 0.001"
    verdict["sentence"] = f"final loss {loss} misses 0.001 by {verdict['found'] - 0.001:.4g}"
    change_facts(run, expectations=verdicts)
    assert verify_claims(load(run)).identical
    verdict["sentence"] = "final loss 0.0001 misses 0.001 by 0.1"
    change_facts(run, expectations=verdicts)
    assert not verify_claims(load(run)).identical


@pytest.mark.parametrize("metric", ["loss", "val_loss", "grad_norm", "lr", "accuracy"])
def test_one_changed_last_bit_is_found_at_its_step(run_path: Path, metric: str) -> None:
    def last_bit(line: dict[str, float]) -> None:
        line[metric] = math.nextafter(line[metric], math.inf)

    change_line(run_path, 5, last_bit)
    result = verify_claims(find(run_path.parent, "latest"))
    assert not result.identical
    assert result.step == 15
    assert f"differs first at step 15: {metric} was" in result.sentence
    assert "1 unit in the last place apart, as little as the rounding of another" in result.sentence
    assert "all that was recorded is as it was: python, platform, processor" in result.sentence
    assert "cause" not in result.sentence


def test_a_changed_summary_is_found(run_path: Path) -> None:
    summary = facts(run_path)["summary"]
    change_facts(run_path, summary={**summary, "final_loss": summary["final_loss"] * (1 + 1e-15)})
    assert (
        "differs in the summary: final_loss was"
        in verify_claims(find(run_path.parent, "latest")).sentence
    )


def forge_summary(path: Path, **changed: object) -> None:
    change_facts(path, summary={**facts(path)["summary"], **changed})


def forge_lines(path: Path, change: Callable[[list[dict[str, float]]], object]) -> None:
    log = path / "metrics.jsonl"
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    change(lines)
    log.write_text("".join(json.dumps(line) + "\n" for line in lines))


def forge_state(path: Path, name: str, change: Callable[[dict[str, Any]], object]) -> None:
    state = checkpoint.read(path / name)
    change(state)
    (path / name).unlink()
    checkpoint.write(path, state)


FORGERIES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a line between logged steps": (
        lambda run: forge_lines(run, lambda lines: lines.insert(1, {**lines[0], "step": 1})),
        "step 1 is in the log, and is not logged",
    ),
    "a step twice": (
        lambda run: forge_lines(run, lambda lines: lines.insert(3, lines[2])),
        "step 6 is in the log twice",
    ),
    "a step that goes back": (
        lambda run: forge_lines(run, lambda lines: lines.append(lines[0])),
        "step 0 comes after step 39",
    ),
    "a metric invented in every line": (
        lambda run: forge_lines(run, lambda lines: [line.update(f1=0.99) for line in lines]),
        "differs first at step 0: f1 was 0.99, is None",
    ),
    "a metric taken out of every line": (
        lambda run: forge_lines(run, lambda lines: [line.pop("accuracy") for line in lines]),
        "differs first at step 0: accuracy was None",
    ),
    "a time taken out": (
        lambda run: forge_lines(run, lambda lines: lines[2].pop("time")),
        "differs first at step 6: time was None",
    ),
    "a negative time": (
        lambda run: forge_lines(run, lambda lines: lines[2].update(time=-1.0)),
        "time at step 6 is -1.0",
    ),
    "an invented result": (
        lambda run: forge_summary(run, test_accuracy=1.0),
        "differs in the summary: test_accuracy was 1.0, is absent",
    ),
    "a result with no number": (
        lambda run: forge_summary(run, final_loss="small"),
        "differs in the summary: final_loss was 'small'",
    ),
    "a result of null": (
        lambda run: forge_summary(run, val_loss=None),
        "differs in the summary: val_loss was None",
    ),
    "the number of steps": (
        lambda run: forge_summary(run, steps=400),
        "differs in the summary: steps was 400, is 40",
    ),
    "seconds that are none": (
        lambda run: forge_summary(run, seconds="quick"),
        "seconds in the summary is not a duration",
    ),
    "the status": (
        lambda run: change_facts(run, status="interrupted"),
        "its status is interrupted, and all 40 steps are done",
    ),
    "a divergence": (
        lambda run: change_facts(run, status="diverged"),
        "its status is diverged, and this time it did not",
    ),
    "a success with an error": (lambda run: change_facts(run, error="x"), "with the error 'x'"),
    "a verdict": (
        lambda run: change_facts(run, expectations=[{"name": "final_loss_below", "met": True}]),
        "differs in the expectations: was 'a list of 1', is 'a list of 0'",
    ),
    "the seed": (lambda run: change_facts(run, seed=7), "run.json has the seed 7, config.yaml 0"),
    "the engine": (
        lambda run: change_facts(run, engine="numpy"),
        "run.json has the engine 'numpy', config.yaml 'eager'",
    ),
    "an agreement with eager": (
        lambda run: change_facts(run, lifted={"loss": 0.0}),
        "differs in lifted: was {'loss': 0.0}, is None",
    ),
    "a parameter in the checkpoint": (
        lambda run: forge_state(
            run, "checkpoint.json", lambda state: state["parameters"].__setitem__(2, 0.5)
        ),
        "differs in checkpoint.json: parameters[2] was 0.5",
    ),
    "a velocity in the checkpoint": (
        lambda run: forge_state(run, "checkpoint.json", lambda state: state.update(optimizer={})),
        "differs in checkpoint.json: optimizer.",
    ),
    "the checkpoint's step": (
        lambda run: forge_state(run, "checkpoint.json", lambda state: state.update(step=39)),
        "differs in checkpoint.json: ",
    ),
    "a test that nobody made": (
        lambda run: (run / "test.json").write_text('{"rows": 3}'),
        "test.json is there, and no test was asked for",
    ),
    "a test that is a link": (
        lambda run: (run / "test.json").symlink_to("nowhere"),
        "test.json is there, and no test was asked for",
    ),
    "a table of seeds that nobody made": (
        lambda run: (run / "seeds.npz").write_bytes(b""),
        "seeds.npz is there, and it is a run of one seed",
    ),
    "a fact that no training records": (
        lambda run: change_facts(run, accuracy=0.99),
        "run.json has 'accuracy', which no training records",
    ),
    "the count of its lines": (
        lambda run: change_facts(run, lines=3),
        "run.json counts 3 lines in its log",
    ),
    "more in the checkpoint": (
        lambda run: forge_state(run, "checkpoint.json", lambda state: state.update(f1=1.0)),
        "checkpoint.json has 'f1', which it does not keep",
    ),
    "seconds in the checkpoint": (
        lambda run: forge_state(run, "checkpoint.json", lambda state: state.update(seconds="3")),
        "seconds in checkpoint.json is not a duration",
    ),
    "the checkpoint's bytes": (
        lambda run: (run / "checkpoint.json").write_bytes(
            (run / "checkpoint.json").read_bytes().replace(b"1", b"2", 1)
        ),
        "is damaged: its checksum",
    ),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forged_claim_is_found(run_path: Path, forgery: str) -> None:
    forge, message = FORGERIES[forgery]
    forge(run_path)
    result = verify_claims(find(run_path.parent, "latest"))
    assert not result.identical
    assert message in result.sentence


def test_verdicts_are_judged_again(tmp_path: Path) -> None:
    overrides = ["train.steps=3", "expect={initial_loss: [0.1, 2.0], final_loss_below: 1.0}"]
    run = runner.train("configs/xor.yaml", overrides, store=tmp_path).stored
    assert verify_claims(run).identical
    verdicts = facts(run.path)["expectations"]
    verdicts[1]["expected"] = 0.001
    change_facts(run.path, expectations=verdicts)
    result = verify_claims(find(tmp_path, "latest"))
    assert "differs in the expectations: [1].expected was 0.001, is 1.0" in result.sentence


def test_a_checkpoint_that_is_gone_is_told_as_not_checked(run_path: Path) -> None:
    (run_path / "checkpoint.json").unlink()
    result = verify_claims(find(run_path.parent, "latest"))
    assert result.identical
    assert "(not checked: checkpoint.json, which is not there," in result.sentence


def test_each_seeds_numbers_and_the_counts_of_many_are_compared(tmp_path: Path) -> None:
    overrides = ["train.steps=5", "train.engine=numpy", "train.seeds=4", "train.log_every=2"]
    run = runner.train("configs/xor.yaml", overrides, store=tmp_path).stored
    assert verify_claims(run).identical
    table = SeedTable.from_bytes((run.path / "seeds.npz").read_bytes())
    table.final_loss[2] = 0.0
    (run.path / "seeds.npz").write_bytes(table.to_bytes())
    assert "differs in seeds.npz: final_loss of seed 2 was 0.0" in verify_claims(run).sentence
    forge_summary(run.path, diverged=1)
    assert (
        "differs in the summary: diverged was 1" in verify_claims(find(tmp_path, "latest")).sentence
    )


def test_a_run_that_diverged_diverges_again_at_its_step(tmp_path: Path) -> None:
    overrides = ["optimizer.lr=1e200", "model.activation=relu", "loss=mse", "train.steps=50"]
    run = runner.train("configs/xor.yaml", overrides, store=tmp_path).stored
    assert run.status == "diverged"
    result = verify_claims(run)
    assert result.identical, result.sentence
    change_facts(run.path, error="training diverged at step 40: so")
    assert (
        "its error was 'training diverged at step 40: so'" in verify_claims(load(run.path)).sentence
    )


def test_an_interrupted_run_claims_no_end(tmp_path: Path) -> None:
    settings = ["train.steps=200", "expect={}", "train.checkpoint_every=60"]
    config = load_config("configs/xor.yaml", settings)
    run = runner.train(config, store=tmp_path).stored
    lines = (run.path / "metrics.jsonl").read_text().splitlines(keepends=True)
    state = checkpoint.read(run.path / "checkpoint.previous.json")
    (run.path / "metrics.jsonl").write_text("".join(lines[: state["step"]]))
    (run.path / "checkpoint.json").unlink()
    checkpoint.write(run.path, state)
    last = json.loads(lines[state["step"] - 1])
    sentence = f"interrupted by Ctrl-C after step {last['step']} of 200, at loss "
    stopped = {"status": "interrupted", "summary": {}, "expectations": []}
    change_facts(run.path, **stopped, error=f"{sentence}{last['loss']:.4g}")
    assert verify_claims(load(run.path)).identical
    change_facts(run.path, error=f"{sentence}0.0001")
    assert "and the loss is" in verify_claims(load(run.path)).sentence
    change_facts(run.path, summary={"final_loss": 0.0})
    sentence = verify_claims(load(run.path)).sentence
    assert "differs in the summary: final_loss was 0.0, is absent" in sentence


@pytest.mark.usefixtures("without_pictures")
def test_a_run_that_was_resumed_for_more_steps_is_identical(tmp_path: Path) -> None:
    settings = ["train.steps=11", "train.log_every=3", "expect={}"]
    run = runner.train("configs/xor.yaml", settings, store=tmp_path).stored
    with redirect_stdout(StringIO()):
        assert train.main(["--resume", "latest", "train.steps=20", "--out", str(tmp_path)]) == 0
    assert [int(row["step"]) for row in load(run.path).metrics()] == [
        0,
        3,
        6,
        9,
        10,
        12,
        15,
        18,
        19,
    ]
    result = verify_claims(load(run.path))
    assert result.identical, result.sentence


@pytest.mark.parametrize("changed", [True, False])
def test_the_data_are_blamed_only_where_their_checksum_differs(
    tmp_path: Path, changed: bool
) -> None:
    rows = tmp_path / "rows.csv"
    rows.write_text("x,y\n0,0\n1,1\n2,0\n3,1\n")
    data = f"data={{name: csv, path: {rows}, target: y}}"
    run = runner.train(
        load_config("configs/xor.yaml", [data, "train.steps=3", "expect={}"]),
        store=tmp_path / "store",
    ).stored
    assert list(facts(run.path)["sha256"]) == [str(rows)]
    if changed:
        rows.write_text("x,y\n0,0\n1,1\n2,0\n4,1\n")
    else:
        change_line(run.path, 0, lambda line: line.update(loss=0.5))
    result = verify_claims(load(run.path))
    assert not result.identical
    assert (f"likely cause: sha256 of {rows}" in result.sentence) == changed
    assert ("data and plugins" in result.sentence) != changed
    assert ("more than the rounding of another processor" in result.sentence) or changed


def test_what_an_older_run_did_not_record_is_named_and_not_blamed(run_path: Path) -> None:
    lasting = facts(run_path)
    for key in ("processor", "libc", "variables", "sha256"):
        lasting.pop(key)
    (run_path / "run.json").write_text(json.dumps(lasting))
    change_line(run_path, 0, lambda line: line.update(loss=1.0))
    sentence = verify_claims(find(run_path.parent, "latest")).sentence
    assert "not recorded: processor, libc, variables, data and plugins" in sentence
    assert "cause" not in sentence


def test_other_packages_or_code_are_named_as_the_likely_cause(run_path: Path) -> None:
    packages = facts(run_path)["packages"] | {"numpy": "1.0"}
    change_facts(run_path, packages=packages, code="0123")
    run = find(run_path.parent, "latest")
    same = verify_claims(run)
    assert same.identical
    assert "though it was made with numpy 1.0, now" in same.sentence
    change_line(run_path, 0, lambda line: line.update(loss=1.0))
    other = verify_claims(find(run_path.parent, "latest"))
    assert other.step == 0
    assert "likely cause: numpy 1.0, now" in other.sentence
    assert "other code of minigrad" in other.sentence


def test_a_run_of_a_loop_of_ones_own_cannot_be_verified(tmp_path: Path) -> None:
    with init("mine", {"lr": 0.1}, store=tmp_path) as run:
        run.log({"loss": 1.0})
    with pytest.raises(StoreError, match="a loop of your own: it cannot be trained again"):
        verify_claims(find(tmp_path, "latest"))


@pytest.mark.parametrize(
    ("keep", "message"),
    [
        (lambda lines: lines[:4] + lines[6:], "step 12 is missing from the log"),
        (lambda lines: lines[:8], "step 24 is missing from the log"),
        (lambda lines: [*lines[:3], "rubbish", *lines[4:]], "its log is damaged: metrics.jsonl:4"),
        (
            lambda lines: [*lines, lines[-1].replace('"step": 39', '"step": 1000000000')],
            "step 1000000000 is stored, and the config has 40 steps",
        ),
        (
            lambda lines: [lines[0].replace('"val_loss": ', '"val_loss": -0.0, "x": '), *lines[1:]],
            "differs first at step 0: val_loss was -0.0",
        ),
    ],
)
def test_lines_that_are_missing_or_damaged_are_named(run_path: Path, keep, message: str) -> None:
    metrics = run_path / "metrics.jsonl"
    metrics.write_text("\n".join(keep(metrics.read_text().splitlines())) + "\n")
    result = verify_claims(find(run_path.parent, "latest"))
    assert not result.identical
    assert message in result.sentence


def test_a_run_that_was_resumed_under_other_code_says_so(run_path: Path) -> None:
    change_facts(run_path, resumed=[{"at": "x", "made_with": {"code": "0123"}}])
    assert "other code of minigrad" in verify_claims(find(run_path.parent, "latest")).sentence


def test_a_run_without_a_logged_step_or_with_a_damaged_config_cannot_be_verified(
    run_path: Path,
) -> None:
    log, stored = run_path / "metrics.jsonl", (run_path / "config.yaml").read_text()
    log.write_text("")
    with pytest.raises(StoreError, match="has no logged steps: there is nothing to verify"):
        verify_claims(find(run_path.parent, "latest"))
    log.write_text('{"step": 0, "loss": 0.7}\n')
    (run_path / "config.yaml").write_text(stored.replace("name: moons", "name: mooons"))
    with pytest.raises(StoreError, match=r"cannot be trained again: .*did you mean 'moons'"):
        verify_claims(find(run_path.parent, "latest"))


def test_a_training_that_diverges_this_time_is_told_with_its_step(run_path: Path) -> None:
    config = run_path / "config.yaml"
    config.write_text(re.sub(r"lr: [\d.]+", "lr: 1.7e+308", config.read_text()))
    for number in range(14):
        change_line(run_path, number, lambda line: line.update(lr=1.7e308))
    result = verify_claims(find(run_path.parent, "latest"))
    assert not result.identical
    assert re.search(r": this time training diverged at step [1-3]: ", result.sentence)


def test_a_run_that_agrees_with_eager_no_more_is_told_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ACTIVATIONS, "own", lambda x: x * 2.0)
    overrides = ["train.engine=numpy", "model.activation=own", "train.steps=3", "expect={}"]
    run = runner.train("configs/xor.yaml", overrides, store=tmp_path).stored
    monkeypatch.setitem(ACTIVATIONS, "own", lambda x: x * 2.0 if x.data > 0 else x * 3.0)
    verified = verify_claims(run)
    assert not verified.identical
    assert "lifted and eager disagree" in verified.sentence


def test_a_damaged_run_is_named_as_such(run_path: Path) -> None:
    (run_path / "run.json").write_text("{")
    with pytest.raises(StoreError, match=r"cannot be trained again: run\.json:1:2: not valid JSON"):
        verify_claims(find(run_path.parent, run_path.name))
