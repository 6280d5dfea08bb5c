"""python -m minigrad.doctor: every config here is healthy, and each fault is told by its name."""

import json
import math
import random
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from minigrad import config
from minigrad.data import Dataset
from minigrad.doctor import Finding, examine
from minigrad.doctor import __main__ as command
from minigrad.doctor.gradient import check_gradient
from minigrad.doctor.labels import check_labels
from minigrad.doctor.overfit import check_overfit
from minigrad.doctor.patient import Patient
from minigrad.doctor.samples import check_data
from minigrad.doctor.short_run import ShortRun
from minigrad.doctor.start import check_start
from minigrad.doctor.units import check_units
from minigrad.doctor.updates import check_training, check_updates
from tests.calling import call
from tests.terminals import left_by_its_reader
from tests.waiting import until

CONFIGS = sorted(path for path in Path("configs").glob("*.yaml") if path.stem != "digits")  # slow
XOR, MOONS, CIRCLES = "configs/xor.yaml", "configs/moons.yaml", "configs/circles.yaml"
CHECKS = [
    *("model", "data", "labels", "start", "gradient"),
    *("units", "updates", "training", "dying", "overfit"),
]
LAST = ["updates", "training", "dying", "overfit"]

ZEROS = """
from nn.initialisers import INITIALISERS


@INITIALISERS.register
def zeros(fan_in, fan_out, rng):
    return 0.0
"""
STEEP = """
import math

from minigrad.value import _node
from nn.activations import ACTIVATIONS


@ACTIVATIONS.register
def steep_tanh(x):
    y = math.tanh(x.data)

    def backward(grad):
        x.grad += grad * 1.1 * (1 - y * y)

    return _node(y, "steep_tanh", (x,), backward)
"""


def doctor(*arguments: str, cwd: Path | str = ".") -> subprocess.CompletedProcess[str]:
    return call(command, *arguments, cwd=cwd)


def findings_of(result: subprocess.CompletedProcess[str]) -> dict[str, Finding]:
    """Each check's verdict and line."""
    assert result.stderr == ""
    *lines, summary = result.stdout.splitlines()
    assert summary.startswith("10 checks: ")
    findings = {}
    for line in lines:
        verdict, name, sentence = line.split(maxsplit=2)
        assert verdict in ("ok", "warn", "FAIL", "skip")
        findings[name] = Finding(verdict, sentence)  # type: ignore[arg-type]
    assert list(findings) == CHECKS
    assert result.returncode == any(finding.verdict == "FAIL" for finding in findings.values())
    return findings


def named(findings: dict[str, Finding], *verdicts: str) -> list[str]:
    return [name for name, finding in findings.items() if finding.verdict in verdicts]


def plugin(folder: Path, text: str) -> str:
    """The override that names a plugin of this text."""
    path = folder / "mine.py"
    path.write_text(text.lstrip())
    return f"plugins=[{path}]"


def examined(path: str, *overrides: str) -> dict[str, Finding]:
    """The same without a process, for what needs no plugin."""
    return dict(examine(config.load(path, overrides)))


def of(check: Callable[[Patient], Finding], data: Dataset) -> Finding:
    """What a check that looks at the data alone says of this data."""
    patient = Patient(config.load(XOR))
    patient.data = data
    return check(patient)


# --- healthy ----------------------------------------------------------------------------------


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_a_healthy_config_is_all_ok(path: Path) -> None:
    result = doctor(str(path))
    assert named(findings_of(result), "ok") == CHECKS
    assert result.stdout.splitlines()[-1].startswith("10 checks: all ok, ")
    assert result.returncode == 0


SOME_CONFIGS = [
    pytest.param(path, id=path.stem, marks=[pytest.mark.slow] * bool(i % 4))
    for i, path in enumerate(CONFIGS)
]


@pytest.mark.parametrize("path", SOME_CONFIGS)
def test_health_does_not_hang_on_the_seed(path: Path) -> None:
    assert named(examined(str(path), "seed=7"), "ok") == CHECKS


@pytest.mark.parametrize(
    "overrides",
    [
        ["model.activation=relu", "optimizer.lr=0.3"],
        ["optimizer=adam", "optimizer.lr=0.1"],
        ["data=checkerboard", "data.tiles=2", "train.batch_size=50"],
        ["data=parity", "data.bits=5", "train.batch_size=32", "optimizer.lr=0.1"],
        ["data.n=400", "train.batch_size=100"],
        ["train.steps=2"],
    ],
    ids=" ".join,
)
def test_other_sound_settings_raise_no_alarm(overrides: list[str]) -> None:
    findings = examined(XOR, *overrides)
    assert {name: str(findings[name]) for name in named(findings, "warn", "FAIL", "skip")} == {}


# --- the five broken ones ---------------------------------------------------------------------


def test_no_hidden_layer_on_xor_is_too_simple_a_model() -> None:
    findings = findings_of(doctor(XOR, "model.hidden=[]"))
    assert named(findings, "warn", "FAIL", "skip") == ["overfit"]
    message = findings["overfit"].sentence
    assert message.startswith(
        "the model is too simple, with no hidden layer: 4 samples keep a loss"
    )
    # the best that a line can do on XOR is to answer one half everywhere
    assert f"of {math.log(2):.4f} after 1,000 steps" in message
    assert message.endswith("add one, as model.hidden=[8]")


def test_a_learning_rate_of_1000_is_too_large() -> None:
    findings = findings_of(doctor(XOR, "optimizer.lr=1e3"))
    assert named(findings, "FAIL") == ["updates", "training"]
    assert named(findings, "skip") == ["dying", "overfit"]
    assert named(findings, "warn") == []
    for name in ("updates", "training"):
        message = findings[name].sentence
        assert message.startswith("the learning rate of 1000 is too large: ")
        assert "try optimizer.lr=0." in message


@pytest.mark.parametrize("path", [XOR, CIRCLES])
def test_a_relu_net_of_constant_zeros_names_the_initialiser(tmp_path: Path, path: str) -> None:
    zeros = plugin(tmp_path, ZEROS)
    findings = findings_of(doctor(path, zeros, "model.init=zeros", "model.activation=relu"))
    assert named(findings, "warn", "FAIL") == ["units"]
    assert named(findings, "skip") == LAST
    message = findings["units"].sentence
    assert "units of layer 1 start alike, every weight 0, and dead: by model.init=zeros" in message
    assert message.endswith("take one that draws, as model.init=he")


@pytest.mark.parametrize("seed", range(4))
def test_shuffled_labels_are_told_from_a_csv(tmp_path: Path, seed: int) -> None:
    header, *rows = Path("configs/data/leaves.csv").read_text().splitlines()
    parts = [row.rpartition(",") for row in rows]
    labels = [label for _, _, label in parts]
    random.Random(seed).shuffle(labels)
    mixed = [f"{inputs},{label}" for (inputs, _, _), label in zip(parts, labels, strict=True)]
    (tmp_path / "mixed.csv").write_text("\n".join([header, *mixed]) + "\n")
    findings = findings_of(doctor("configs/csv.yaml", f"data.path={tmp_path / 'mixed.csv'}"))
    assert named(findings, "warn", "FAIL") == ["labels"]
    assert named(findings, "skip") == ["overfit"]
    message = findings["labels"].sentence
    assert message.startswith("the labels look shuffled: ")
    assert "of nearest neighbours share a label, shuffled ones " in message
    assert message.endswith("see that each row has its own label")


@pytest.mark.parametrize("name", ["moons", "circles", "spiral", "blobs"])
def test_shuffled_labels_are_told_on_every_shape(name: str) -> None:
    path = f"configs/{name}.yaml"
    data = Patient(config.load(path)).data
    targets = random.Random(name).sample(data.targets, len(data.targets))
    assert of(check_labels, data).verdict == "ok"
    assert of(check_labels, replace(data, targets=targets)).verdict == "FAIL"


@pytest.mark.parametrize("path", [XOR, CIRCLES])
def test_a_wrong_slope_of_a_plugins_activation_is_named(tmp_path: Path, path: str) -> None:
    findings = findings_of(doctor(path, plugin(tmp_path, STEEP), "model.activation=steep_tanh"))
    assert named(findings, "warn", "FAIL") == ["gradient"]
    assert named(findings, "skip") == LAST
    right = 1 - math.tanh(-2.0) ** 2
    assert findings["gradient"].sentence == (
        f"activation steep_tanh has a wrong slope: at x = -2 backward() gives {1.1 * right:.4g}, "
        f"central differences give {right:.4g}: mend its local rule"
    )


# --- each check: data and labels --------------------------------------------------------------

POINTS = [[0.1 * i, 0.5 - 0.1 * i] for i in range(12)]
HALVES = [0.0] * 6 + [1.0] * 6


def test_sound_data_is_counted() -> None:
    finding = of(check_data, Dataset(POINTS, HALVES, classes=2))
    assert str(finding) == "12 samples of 2 features from -0.6 to 1.1; 2 classes with 6, 6"
    assert finding.numbers["classes"] == [6, 6]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (Dataset([[0.0], [math.nan]], [0.0, 1.0], 2), "x0 of sample 1 is nan"),
        (Dataset([[0.0], [1.0]], [math.inf, 1.0]), "target of sample 0 is inf"),
        (Dataset([[0.0], [1.0]], [1.0, 1.0], 2), "every target is 1"),
        (Dataset([[0.0], [1.0]], [0.0, 2.0], 3), "class 1 of 3 has no sample to train on"),
        (
            Dataset([[0.0], [-math.inf]], [0.0, 1.0], 2, "a.csv", [2, 3]),
            "x0 of a.csv:3 is -inf",
        ),
    ],
)
def test_data_that_cannot_be_learnt_from_fails(data: Dataset, sentence: str) -> None:
    finding = of(check_data, data)
    assert (finding.verdict, finding.sentence) == ("FAIL", sentence)
    assert finding.advice


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (
            Dataset([[x, 85 * y] for x, y in POINTS], HALVES, 2),
            "inputs as large as 51: bring them near 1 by data.standardize=true",
        ),
        (
            Dataset([[x, 0.001 * y] for x, y in POINTS], HALVES, 2),
            "one feature spreads 1e+03 times as wide as another: data.standardize=true",
        ),
        (
            Dataset([[x, 3.0] for x, _ in POINTS], HALVES, 2),
            "x1 is 3 in every sample and tells nothing: drop it",
        ),
        (
            Dataset([*POINTS, *POINTS], [0.0] * 11 + [1.0] + [0.0] * 11 + [1.0], 2),
            "class 1 has 2 samples of 24: collect more, or accuracy will mislead",
        ),
        (
            Dataset([*POINTS, POINTS[0]], [*HALVES, 1.0], 2),
            "sample 0 and sample 12 have the same inputs and labels 0 and 1: no model can fit both",
        ),
        (
            Dataset(POINTS, [100.0 * x for x, _ in POINTS]),
            "targets as large as 110: scale them to near 1",
        ),
    ],
    ids=["large", "uneven", "constant", "unbalanced", "contradictory", "large targets"],
)
def test_data_that_will_be_hard_is_a_warning(data: Dataset, sentence: str) -> None:
    finding = of(check_data, data)
    assert (finding.verdict, str(finding)) == ("warn", sentence)


def test_labels_that_alternate_as_at_parity_are_no_shuffled_ones() -> None:
    data = Patient(config.load("configs/parity.yaml", ["data.bits=6"])).data
    finding = of(check_labels, data)
    assert str(finding).startswith("0 % of nearest neighbours share a label, ")
    assert finding.verdict == "ok"


def test_one_telling_feature_among_many_saves_labels_from_being_called_shuffled() -> None:
    rng = random.Random(4)
    targets = [float(i % 2) for i in range(60)]
    noise = [[rng.gauss(0.0, 1.0) for _ in range(30)] for _ in targets]
    inputs = [[t + rng.gauss(0.0, 0.6), *row] for t, row in zip(targets, noise, strict=True)]
    finding = of(check_labels, Dataset(inputs, targets, classes=2))
    assert finding.verdict == "ok"
    assert finding.sentence.startswith("one feature alone explains ")
    assert of(check_labels, Dataset(noise, targets, classes=2)).verdict == "FAIL"


def test_measurements_in_the_wrong_order_are_told() -> None:
    data = Patient(config.load("configs/sine.yaml")).data
    assert of(check_labels, data).sentence.startswith("targets correlate with their neighbours' ")
    targets = random.Random(1).sample(data.targets, len(data.targets))
    finding = of(check_labels, replace(data, targets=targets))
    assert finding.verdict == "FAIL"
    assert finding.advice == "see that each row has its own target"


# --- each check: the model before training ----------------------------------------------------


def test_a_start_far_above_a_guess_is_told(tmp_path: Path) -> None:
    patient = Patient(config.load(MOONS, ["model.hidden=[16,16]", "model.init=normal"]))
    doubt = check_start(patient)
    assert doubt.verdict == "warn"
    assert "times as much: weights or inputs are too large" in str(doubt)
    wide = config.load("configs/sine.yaml", ["model.hidden=[100]", "model.init=normal"])
    assert check_start(Patient(wide)).verdict == "FAIL"
    (tmp_path / "warm.csv").write_text("\n".join(["x,y", *(f"{i / 9},{i + 50}" for i in range(9))]))
    csv = ["data=csv", f"data.path={tmp_path / 'warm.csv'}", "data.target=y"]
    findings = examined("configs/sine.yaml", *csv)
    assert named(findings, "FAIL") == ["start"]
    assert named(findings, "skip") == LAST
    far = findings["start"]
    # an output of 0 costs some 54^2; the variance of 50 ... 58 is (9^2 - 1) / 12
    assert far.numbers["guess"] == pytest.approx(80 / 12)
    assert far.advice == "the targets lie far from 0, where outputs start: take their mean off"


@pytest.mark.parametrize("loss", ["bce", "hinge", "cross_entropy"])
def test_a_guess_costs_what_mathematics_says(loss: str) -> None:
    expected = {"bce": math.log(2), "hinge": 1.0, "cross_entropy": math.log(2)}
    finding = examined(MOONS, f"loss={loss}")["start"]
    assert finding.numbers["guess"] == pytest.approx(expected[loss])


def test_of_a_large_model_some_slopes_of_every_layer_are_checked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("minigrad.doctor.gradient._VISITS", 5000)
    finding = check_gradient(Patient(config.load(XOR)))
    assert finding.verdict == "ok"
    assert 2 <= finding.numbers["checked"] < 33
    count = finding.numbers["checked"]
    assert finding.sentence.startswith(f"all {count} slopes checked, of 33, agree with central")


def test_a_wrong_slope_outside_the_activations_is_told_by_its_operation(tmp_path: Path) -> None:
    loss = plugin(
        tmp_path,
        """
from minigrad.value import _node
from nn.losses import LOSSES


@LOSSES.register
def cube(outputs, target):
    error = outputs[0] - target

    def backward(grad):
        error.grad += grad * 2 * error.data

    return _node(abs(error.data) ** 3, "cube", (error,), backward)
""",
    )
    finding = findings_of(doctor(XOR, loss, "loss=cube"))["gradient"]
    assert finding.verdict == "FAIL"
    assert "backward() gives" in finding.sentence
    assert "the local slope of cube at - (" in finding.sentence


def test_a_graph_that_is_never_the_same_cannot_be_checked(tmp_path: Path) -> None:
    flicker = plugin(
        tmp_path,
        """
import itertools

from nn.activations import ACTIVATIONS

calls = itertools.count()


@ACTIVATIONS.register
def flicker(x):
    return x.tanh() if next(calls) % 5 else x.sigmoid()
""",
    )
    finding = findings_of(doctor(XOR, flicker, "model.activation=flicker"))["gradient"]
    assert finding.verdict == "warn"
    assert finding.sentence.startswith("no slope can be checked: ")
    assert "the graph itself changes" in finding.sentence


def test_saturated_units_are_told_with_their_cure() -> None:
    findings = examined("configs/csv.yaml", "data.standardize=false")
    assert named(findings, "warn", "FAIL") == ["data", "units"]
    assert findings["units"].sentence == "4 saturated of 4 units of layer 1 at the start"
    assert "data.standardize=true" in findings["units"].advice


@pytest.mark.parametrize(
    ("weight", "verdict", "sentence"),
    [
        ("-abs(rng.gauss(0, 1))", "FAIL", "8 dead of 8 units of layer 1 at the start"),
        ("rng.gauss(-1, 1)", "warn", "dead of 8 units of layer 1 at the start"),
        ("rng.choice([-1, 1])", "warn", "units of a layer are alike"),
    ],
)
def test_dead_and_doubled_units_are_counted(
    tmp_path: Path, weight: str, verdict: str, sentence: str
) -> None:
    init = plugin(tmp_path, ZEROS.replace("return 0.0", f"return {weight}"))
    finding = findings_of(doctor(XOR, init, "model.init=zeros", "model.activation=relu"))["units"]
    assert finding.verdict == verdict
    assert sentence in finding.sentence


# --- each check: training ---------------------------------------------------------------------


@pytest.mark.parametrize("path", SOME_CONFIGS)
def test_a_rate_of_1000_is_too_large_everywhere_and_nothing_else_is_blamed(path: Path) -> None:
    findings = examined(str(path), "optimizer.lr=1000")
    assert findings["updates"].verdict == "FAIL"
    assert set(named(findings, "warn", "FAIL")) <= {"updates", "training"}


@pytest.mark.parametrize("name", ["xor", "or", "sine", "blobs"])
def test_a_rate_of_a_ten_millionth_is_too_small(name: str) -> None:
    findings = examined(f"configs/{name}.yaml", "optimizer.lr=1e-7")
    assert named(findings, "warn", "FAIL") == ["updates"]
    assert findings["updates"].sentence.startswith("the learning rate of 1e-07 is too small: ")


@pytest.mark.parametrize(("path", "lr"), [(XOR, 1000.0), (MOONS, 10.0), (CIRCLES, 1e-7)])
def test_the_rate_that_it_advises_is_healthy(path: str, lr: float) -> None:
    findings = examined(path, f"optimizer.lr={lr}")
    (advice,) = {finding.advice for finding in findings.values() if finding.verdict == "FAIL"}
    assert named(examined(path, advice.removeprefix("try ")), "FAIL") == []


def test_a_loss_that_rises_is_told_by_its_numbers() -> None:
    findings = examined(XOR, "optimizer.lr=10")
    assert named(findings, "FAIL") == ["training"]
    assert str(findings["training"]).startswith(
        "the learning rate of 10 is too large: loss 0.6995 ->"
    )
    assert findings["training"].numbers["end"] > 1.25 * findings["training"].numbers["start"]


def test_training_that_diverges_is_told_with_the_step() -> None:
    findings = examined(XOR, "loss=mse", "model.activation=relu", "optimizer.lr=1e300")
    assert named(findings, "FAIL") == ["updates", "training"]
    assert "training diverged at step " in findings["training"].sentence


def test_a_layer_that_the_gradient_hardly_reaches_is_named() -> None:
    deep = ["model.hidden=[4,4,4,4,4,4,4,4]", "model.activation=sigmoid", "optimizer.lr=0.1"]
    finding = check_updates(Patient(config.load(XOR, deep)))
    assert finding.verdict == "warn"
    assert finding.sentence.startswith("layer 1 hardly learns: ")


def test_units_that_die_in_the_first_steps_are_told() -> None:
    findings = examined("configs/spiral.yaml", "optimizer.lr=10")
    assert named(findings, "FAIL") == ["dying"]
    assert findings["dying"].sentence == "16 dead of 16 units of layer 1 after 60 steps"
    assert "leaky_relu" in findings["dying"].advice


@pytest.mark.parametrize(
    ("overrides", "verdict", "cause"),
    [
        (["model.hidden=[1]"], "FAIL", "the model is too simple, or stuck"),
        (["model.activation=linear"], "FAIL", "the model is too simple, for linear layers"),
        (["optimizer=sgd", "optimizer.lr=0.02"], "warn", "sgd with lr 0.02 does not get there"),
    ],
)
def test_a_handful_that_is_not_learnt_has_its_cause(
    overrides: list[str], verdict: str, cause: str
) -> None:
    findings = examined(XOR, *overrides)
    assert named(findings, "warn", "FAIL") == ["overfit"]
    assert findings["overfit"].verdict == verdict
    assert findings["overfit"].sentence.startswith(cause)


def test_an_optimizer_that_blows_a_handful_up_is_told() -> None:
    finding = check_overfit(Patient(config.load(XOR, ["loss=mse", "optimizer.lr=1e200"])))
    assert finding.verdict == "FAIL"
    assert "does not get there: 4 samples keep a loss of inf after " in finding.sentence


def test_a_large_model_which_has_no_time_for_all_steps_is_judged_mildly(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    a_step = 2 * 33 * 4  # parameters and samples of XOR
    monkeypatch.setattr("minigrad.doctor.patient._OPERATIONS", 60 * a_step)
    half = check_overfit(Patient(config.load(XOR, ["optimizer.lr=0.1"])))
    assert half.verdict == "ok"
    assert half.sentence.startswith("4 samples half learnt in 60 steps: loss 0.")
    hardly = check_overfit(Patient(config.load(XOR, ["optimizer.lr=0.001"])))
    assert hardly.verdict == "warn"
    assert hardly.numbers["loss"] > 0.9 * hardly.numbers["guess"]


def test_logistic_regression_may_start_from_zeros(tmp_path: Path) -> None:
    findings = findings_of(doctor("configs/and.yaml", plugin(tmp_path, ZEROS), "model.init=zeros"))
    assert named(findings, "ok") == CHECKS


def test_a_loss_that_no_weight_moves_is_told(tmp_path: Path) -> None:
    flat = """
from nn.losses import LOSSES


@LOSSES.register
def flat(outputs, target):
    return outputs[0] * 0.0 + 1.0
"""
    findings = findings_of(doctor(XOR, plugin(tmp_path, flat), "loss=flat"))
    assert named(findings, "FAIL") == ["updates"]
    assert findings["updates"].sentence.startswith("no step moves any weight, the gradient is 0: ")


def test_training_that_diverges_at_its_first_step_is_told() -> None:
    patient = Patient(config.load(XOR))
    broke = "training diverged at step 0: the gradient's norm is inf"
    patient.short_run = ShortRun(patient.model(), lr=1.0, start=0.7, broke=broke)
    for check in (check_updates, check_training):
        finding = check(patient)
        assert finding.verdict == "FAIL"
        assert finding.sentence.endswith(f"too large: {broke}")
        assert finding.advice == "try optimizer.lr=0.1"


# --- the command ------------------------------------------------------------------------------


def test_json_says_the_same_with_numbers() -> None:
    finding = findings_of(doctor(XOR, "model.hidden=[]"))
    result = doctor(XOR, "model.hidden=[]", "--json")
    assert (result.returncode, result.stderr) == (1, "")
    parsed = json.loads(result.stdout, parse_constant=pytest.fail)
    assert (parsed["name"], parsed["ok"]) == ("xor", False)
    assert [check["name"] for check in parsed["checks"]] == CHECKS
    assert [check["verdict"] for check in parsed["checks"]] == [f.verdict for f in finding.values()]
    last = parsed["checks"][-1]
    assert f"{last['sentence']}: {last['advice']}" == finding["overfit"].sentence
    assert last["numbers"]["loss"] == pytest.approx(math.log(2), abs=1e-4)


def test_json_holds_numbers_that_json_has_no_word_for() -> None:
    blown = ["loss=mse", "model.activation=relu", "optimizer.lr=1e300"]
    parsed = json.loads(doctor(XOR, *blown, "--json").stdout, parse_constant=pytest.fail)
    training = next(check for check in parsed["checks"] if check["name"] == "training")
    assert training["numbers"]["end"] == "nan"


def test_the_same_config_gives_the_same_lines_but_for_the_seconds() -> None:
    here = doctor("configs/csv.yaml").stdout.splitlines()
    process = subprocess.run(
        [sys.executable, "-m", "minigrad.doctor", "configs/csv.yaml"],
        capture_output=True,
        text=True,
    )
    assert (process.returncode, process.stderr) == (0, "")
    assert process.stdout.splitlines()[:-1] == here[:-1]
    assert len(here) == 11


def test_it_writes_no_files(tmp_path: Path) -> None:
    (tmp_path / "xor.yaml").write_text(Path(XOR).read_text())
    assert doctor("xor.yaml", cwd=tmp_path).returncode == 0
    assert [path.name for path in tmp_path.iterdir()] == ["xor.yaml"]


def test_a_config_for_another_engine_is_examined_as_eager() -> None:
    findings = examined(XOR, "train.engine=numpy", "train.seeds=10")
    assert named(findings, "ok") == CHECKS


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("return {}['key']", "mine.py:6: KeyError: 'key': mend the plugin"),
        ("return x / 0", "has no finite real result: / needs a divisor other than 0"),
        ("raise SystemExit(3)", "mine.py:6: SystemExit: 3"),
    ],
)
def test_an_activation_that_throws_is_a_line_and_no_traceback(
    tmp_path: Path, body: str, sentence: str
) -> None:
    text = f"""
from nn.activations import ACTIVATIONS


@ACTIVATIONS.register
def broken(x):
    {body}
"""
    findings = findings_of(doctor(XOR, plugin(tmp_path, text), "model.activation=broken"))
    assert named(findings, "FAIL") == ["start"]
    assert named(findings, "skip") == CHECKS[4:]
    assert sentence in findings["start"].sentence
    assert findings["start"].sentence.startswith("mine.py:6: ")


def test_an_initialiser_that_throws_is_a_fault_of_the_config(tmp_path: Path) -> None:
    init = plugin(tmp_path, ZEROS.replace("return 0.0", "return 1 / 0"))
    ended = doctor(XOR, init, "model.init=zeros")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == "command line: model.init: ZeroDivisionError: division by zero\n"


def test_numbers_that_overflow_before_training_are_a_line(tmp_path: Path) -> None:
    (tmp_path / "large.csv").write_text("x,y\n1e200,0\n-1e200,1\n0.5,2\n")
    csv = ["data=csv", f"data.path={tmp_path / 'large.csv'}", "data.target=y", "model.hidden=[]"]
    findings = examined("configs/sine.yaml", *csv)
    assert named(findings, "FAIL") == ["start"]
    assert findings["start"].sentence.startswith(
        "the loss is inf: the first operation to break was "
    )


@pytest.mark.parametrize("json_too", [[], ["--json"]])
@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["configs/none.yaml"], "configs/none.yaml: cannot be read: No such file or directory"),
        ([XOR, "model.activation=tahn"], "command line: model.activation: unknown name 'tahn'"),
        ([XOR, "train.engine=nunpy"], "command line: train.engine: unknown name 'nunpy'"),
        ([XOR, "loss=cross_entropy", "data=sine"], "command line: loss: cross_entropy needs "),
        ([], "python -m minigrad.doctor: the following arguments are required: CONFIG"),
        ([XOR, "--nonsense"], "python -m minigrad.doctor: unrecognized arguments: --nonsense"),
    ],
)
def test_bad_usage_and_bad_configs_exit_2_in_one_line(
    arguments: list[str], line: str, json_too: list[str]
) -> None:
    result = doctor(*arguments, *json_too)
    assert (result.returncode, result.stdout) == (2, "")
    (message,) = result.stderr.splitlines()
    assert message.startswith(line)


def test_ctrl_c_ends_it_with_130_and_one_line(tmp_path: Path) -> None:
    endless = plugin(
        tmp_path,
        """
import signal
from pathlib import Path

from nn.activations import ACTIVATIONS


@ACTIVATIONS.register
def endless(x):
    Path(__file__).with_name("begun").touch()
    while True:
        signal.pause()
""",
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "minigrad.doctor", XOR, endless, "model.activation=endless"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline().startswith("ok    model ")
    until((tmp_path / "begun").exists, process)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate()
    assert process.returncode == 130
    (line,) = err.splitlines()
    assert line.startswith("interrupted by Ctrl-C after ")
    assert line.endswith(" of 10 checks")


def test_a_reader_that_leaves_early_sees_no_traceback() -> None:
    command = [sys.executable, "-m", "minigrad.doctor", XOR]
    assert left_by_its_reader(command) == (0, "")


def standardized(data: Dataset) -> Finding:
    patient = Patient(config.load(XOR, ["data.standardize=true"]))
    patient.data = data
    return check_data(patient)


def test_scaling_is_not_advised_where_it_is_on() -> None:
    rare = Dataset([[0.0, 0.1 * i] for i in range(20)] + [[24.0, 1.0]], [0.0, 1.0] * 10 + [1.0], 2)
    assert str(standardized(rare)) == (
        "x0 is as large as 24 deviations: see whether those are outliers"
    )


@pytest.mark.parametrize(("check", "activation"), [(check_units, "tanh"), (check_start, "relu")])
@pytest.mark.parametrize("is_on", [True, False])
def test_large_sums_are_scaled_by_what_is_not_on_yet(
    check: Callable[[Patient], Finding], activation: str, is_on: bool
) -> None:
    overrides = [f"model.activation={activation}", f"data.standardize={str(is_on).lower()}"]
    patient = Patient(config.load(XOR, overrides))
    patient.data = Dataset([[1e4 * x for x in point] for point in POINTS], HALVES, 2)
    advice = check(patient).advice
    assert "model.init" in advice
    assert ("data.standardize" in advice) is not is_on


def test_features_are_called_by_their_columns() -> None:
    names = ["width", "height", "depth"]
    data = Dataset([[x, 3.0, 0.0] for x, _ in POINTS], HALVES, 2, names=names)
    assert str(of(check_data, data)) == (
        "height, depth are the same in every sample and tell nothing: drop them"
    )
    broken = replace(data, inputs=[[0.0, math.nan, 1.0], *data.inputs[1:]])
    assert of(check_data, broken).sentence == "height of sample 0 is nan"
