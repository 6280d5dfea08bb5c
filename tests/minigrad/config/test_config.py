"""Config: defaults, overrides, and every fault at once at its place."""

import json
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from minigrad import config
from minigrad.config import Config, ConfigError
from minigrad.files import yaml12
from minigrad.runner import build
from nn.activations import ACTIVATIONS
from nn.losses import LOSSES

XOR = "configs/xor.yaml"

MINIMAL = """\
name: tiny
data: {name: xor}
loss: bce
optimizer: {name: sgd, lr: 1.0}
"""


@pytest.fixture
def write(tmp_path: Path):
    def to_file(text: str) -> Path:
        path = tmp_path / "c.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return to_file


def faults(path: str | Path, *overrides: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        config.load(path, overrides)
    return caught.value.faults


@pytest.mark.parametrize("path", sorted(Path("configs").glob("*.yaml")), ids=str)
def test_every_config_loads_and_its_yaml_gives_it_again(path: Path, tmp_path: Path) -> None:
    loaded = config.load(path)
    again = tmp_path / "again.yaml"
    again.write_text(loaded.to_yaml(), encoding="utf-8")
    assert config.load(again).model_dump() == loaded.model_dump()


def test_what_is_left_out_has_a_default(write) -> None:
    loaded = config.load(write(MINIMAL))
    assert loaded.seed == 0
    assert loaded.model.model_dump() == {"hidden": [8], "activation": "tanh", "init": "glorot"}
    assert loaded.scheduler.name == "constant"
    assert loaded.train.batch_size is None
    assert loaded.optimizer.settings()["momentum"] == 0.0
    assert loaded.expect.final_loss_below is None


def test_small_numbers_and_odd_names_survive_the_stored_config(write) -> None:
    path = write(MINIMAL.replace("tiny", '"12"').replace("lr: 1.0", "lr: 1e-9"))
    again = write(config.load(path).to_yaml())
    loaded = config.load(again)
    assert loaded.name == "12"
    assert loaded.optimizer.settings()["lr"] == 1e-9


@pytest.mark.parametrize(
    ("override", "read"),
    [
        ("optimizer.lr=0.3", lambda c: c.optimizer.settings()["lr"] == 0.3),
        ("optimizer.lr=1e-3", lambda c: c.optimizer.settings()["lr"] == 1e-3),
        ("model.activation=relu", lambda c: c.model.activation == "relu"),
        ("model.hidden=[4, 4]", lambda c: c.model.hidden == [4, 4]),
        ("train.batch_size=null", lambda c: c.train.batch_size is None),
        ("data=moons", lambda c: c.data.settings() == {"n": 100, "noise": 0.1}),
        ("data.name=moons", lambda c: c.data.name == "moons"),
        ("expect={}", lambda c: c.expect.initial_loss is None),
        ("name=a=b", lambda c: c.name == "a=b"),
    ],
)
def test_overrides_reach_what_they_name(override: str, read) -> None:
    assert read(config.load(XOR, [override]))


def test_a_block_whose_name_changes_is_replaced_whole() -> None:
    assert config.load(XOR, ["optimizer.name=sgd"]).optimizer.settings()["momentum"] == 0.9
    assert config.load(XOR, ["optimizer=sgd"]).optimizer.settings()["momentum"] == 0.0
    loaded = config.load(XOR, ["data=moons", "data.n=50"])
    assert loaded.data.settings() == {"n": 50, "noise": 0.1}


def test_faults_carry_file_line_and_column(write) -> None:
    path = write(MINIMAL.replace("lr: 1.0", "lr: -0.5"))
    assert faults(path) == [f"{path}:4:28: optimizer.lr: must be greater than 0, found -0.5"]


def test_all_faults_are_told_at_once(write) -> None:
    path = write(
        "name: tiny\n"
        "sede: 1\n"
        "data: {name: xro}\n"
        "loss: bec\n"
        "optimizer: {name: sgd, lr: fast, momentm: 0.9}\n"
        "train: {steps: 1.5}\n"
        "expect: {initial_loss: [0.6]}\n"
    )
    messages = [fault.removeprefix(f"{path}:").split(" Known: ")[0] for fault in faults(path)]
    assert sorted(messages) == sorted(
        [
            "2:1: sede: unknown key 'sede': did you mean 'seed'?",
            "3:7: data: unknown name 'xro': did you mean 'xor'?",
            "4:7: loss: unknown name 'bec': did you mean 'bce'?",
            "5:28: optimizer.lr: must be a number, found 'fast'",
            "5:34: optimizer.momentm: unknown key 'momentm': did you mean 'momentum'?",
            "6:16: train.steps: must be a whole number, found 1.5",
            "7:24: expect.initial_loss: must have 2 members, found 1",
        ]
    )


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("optimizer.lr", "an override is written key=value"),
        ("=3", "an override is written key=value"),
        ("optimizer.lr=[", "not valid YAML"),
        ("seed.x=1", "seed has no keys of its own"),
        ("seed=-1", "seed: must be at least 0, found -1"),
        ("seed=true", "seed: must be a whole number, found true"),
        ("optimizer.lr=.nan", "optimizer.lr: must be a finite number, found nan"),
        ("optimizer.lr=true", "optimizer.lr: must be a number, found true"),
        ("optimzer.lr=1", "unknown key 'optimzer': did you mean 'optimizer'"),
        ("optimizer=null", "optimizer: must be a block of 'key: value' lines, found null"),
        ("optimizer={lr: 1}", "optimizer: its name is missing"),
        ("data={n: 4}", "data: its name is missing"),
        ("model=3", "model: must be a block of 'key: value' lines, found 3"),
        ("model.hidden=8", "model.hidden: must be a list, found 8"),
        ("model.hidden=[1000000, 1000000]", "1,000,004,000,001 parameters"),
        ("loss=null", "loss: must be text, found null"),
        ("name=", "name: must be text, found null"),
    ],
)
def test_bad_overrides_are_told_as_such(override: str, message: str) -> None:
    (fault,) = faults(XOR, override)
    assert fault.startswith("command line: ")
    assert message in fault
    assert "\n" not in fault


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "{path}:1:1: a config is a block of 'key: value' lines"),
        ("- 1\n", "{path}:1:1: a config is a block of 'key: value' lines"),
        ("a: [\n", "{path}:2:1: not valid YAML: "),
    ],
)
def test_a_file_that_is_no_config_is_told_so(write, text: str, fault: str) -> None:
    path = write(text)
    assert faults(path)[0].startswith(fault.format(path=path))


def test_a_missing_key_is_told_at_its_block(write) -> None:
    path = write(MINIMAL.replace("loss: bce\n", ""))
    assert faults(path) == [f"{path}:1:1: loss: is missing"]


def test_a_file_that_cannot_be_read_is_told_in_one_line(tmp_path: Path) -> None:
    assert faults(tmp_path / "none.yaml") == [
        f"{tmp_path}/none.yaml: cannot be read: No such file or directory"
    ]
    assert "it is a directory" in faults(tmp_path)[0]


def test_a_config_cannot_be_changed_after_it_was_checked() -> None:
    loaded = config.load(XOR)
    assert isinstance(loaded, Config)
    with pytest.raises(ValueError, match="frozen"):
        loaded.seed = 1


def test_the_stored_json_schema_is_current() -> None:
    stored = json.loads(Path("configs/schema.json").read_text(encoding="utf-8"))
    assert stored == config.schema(), "run: python -m minigrad.config > configs/schema.json"


def test_the_command_for_the_schema_prints_the_stored_file() -> None:
    printed = subprocess.run(
        [sys.executable, "-m", "minigrad.config"], capture_output=True, text=True, check=True
    )
    assert printed.stderr == ""
    assert printed.stdout == Path("configs/schema.json").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def validator() -> Any:
    schema = config.schema()
    kind = jsonschema.validators.validator_for(schema)
    kind.check_schema(schema)
    return kind(schema)


@pytest.mark.parametrize("path", sorted(Path("configs").glob("*.yaml")), ids=str)
def test_every_config_satisfies_the_json_schema(path: Path, validator: Any) -> None:
    data = yaml12.parse(path.read_bytes()).data
    validator.validate(data)
    with pytest.raises(jsonschema.ValidationError):
        validator.validate({**data, "sede": 1})


PLUGIN = """\
from nn.activations import ACTIVATIONS
from nn.losses import LOSSES


@ACTIVATIONS.register
def plugin_cube(x):
    "x ** 3"
    return x**3


@LOSSES.register
def plugin_quartic(outputs, target):
    "error ** 4"
    return (outputs[0] - target) ** 4
"""


def test_a_plugin_beside_the_config_adds_names_of_its_own(write, tmp_path: Path) -> None:
    (tmp_path / "my_ops.py").write_text(PLUGIN)
    text = MINIMAL.replace("bce", "plugin_quartic")
    path = write(text + "model: {activation: plugin_cube}\nplugins: [my_ops.py]\n")
    try:
        loaded = config.load(path)
        assert loaded.model.activation == "plugin_cube"
        assert loaded.plugins == [str(tmp_path / "my_ops.py")]
        for record in build.build_trainer(loaded).train(2):
            assert record.loss > 0
        assert config.load(path).loss == "plugin_quartic"  # a second time it is known already
    finally:
        ACTIVATIONS.pop("plugin_cube", None)
        LOSSES.pop("plugin_quartic", None)


LEFT_ALONE = {
    "nothing more": "",
    "no plugins": "plugins: []\n",
    "a name like code": "expect: {}\nseed: 3\n",
    "a file of data that is code": None,
}


@pytest.mark.parametrize("more", LEFT_ALONE)
def test_without_plugins_a_config_never_runs_code(
    write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: str
) -> None:
    monkeypatch.chdir(tmp_path)
    trace = tmp_path / "trace"
    code = f"with open({str(trace)!r}, 'w') as trace:\n    trace.write('ran')\n"
    names = (
        "my_ops",
        "plugins",
        "config",
        "conftest",
        "c",
        "xor",
        "tanh",
        "bce",
        "sgd",
        "__init__",
    )
    for name in names:
        (tmp_path / f"{name}.py").write_text(code)
    text = MINIMAL
    if LEFT_ALONE[more] is None:
        text = text.replace("name: xor", "name: csv, path: my_ops.py, target: y")
    with suppress(ConfigError):  # code is no CSV file
        build.build_trainer(config.load(write(text + (LEFT_ALONE[more] or ""))))
    assert not trace.exists()
    config.load(write(MINIMAL + "plugins: [my_ops.py]\n"))
    assert trace.exists()  # as it would, had it been run before


@pytest.mark.parametrize(
    "text", ["!!python/object/apply:os.mkdir [made]", "!!python/name:os.mkdir"]
)
def test_a_tag_of_yaml_runs_nothing(
    write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert "tag" in faults(write(f"{MINIMAL}seed: {text}\n"))[0]
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (None, "cannot be read: No such file"),
        ("x = = 1\n", "my_ops.py:1: invalid syntax"),
        ("x = 1\ny = z\n", "my_ops.py:2: NameError: name 'z' is not defined"),
        ("raise SystemExit\n", "my_ops.py:1: SystemExit"),
        ("#" * 1_000_001, "my_ops.py is larger than 1,000,000 bytes: is this code?"),
        (
            "from nn.activations import ACTIVATIONS\nACTIVATIONS.register_as('relu')(abs)\n",
            "my_ops.py:2: ValueError: activation 'relu' exists already",
        ),
    ],
)
def test_a_plugin_that_cannot_run_is_told_in_one_line(
    write, tmp_path: Path, code: str | None, message: str
) -> None:
    if code is not None:
        (tmp_path / "my_ops.py").write_text(code)
    path = write(MINIMAL + "plugins: [my_ops.py]\n")
    (fault,) = faults(path)
    assert fault.startswith(f"{path}:5:11: plugin ")
    assert message in fault
    assert "\n" not in fault


def test_activations_may_be_one_a_layer(write) -> None:
    path = write(MINIMAL + "model: {hidden: [3, 2], activation: [relu, tanh]}\n")
    assert config.load(path).model.activation == ["relu", "tanh"]
    assert "2 hidden layers cannot have 1 activations" in faults(path, "model.activation=[relu]")[0]
    assert "did you mean 'relu'" in faults(path, "model.activation=[rleu, tanh]")[0]


def test_a_path_to_data_stands_relative_to_the_config(tmp_path: Path) -> None:
    (tmp_path / "points.csv").write_text("x,y\n1,0\n2,1\n")
    path = tmp_path / "c.yaml"
    path.write_text(MINIMAL.replace("name: xor", "name: csv, path: points.csv, target: y"))
    train, _ = build.build_dataset(config.load(path))
    assert train.inputs == [[1.0], [2.0]]


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["data=blobs"], "configs/xor.yaml:7:12: loss: bce needs labels 0 and 1, and the data has"),
        (["data=sine", "loss=cross_entropy"], "command line: loss: cross_entropy needs labels"),
        (["optimizer={name: sgd, nesterov: true}"], "command line: optimizer: nesterov needs"),
        (["data=moons", "data.n=100000", "train.batch_size=null"], "take smaller batches"),
        (["data.val_fraction=0.01"], "each side needs at least 1"),
    ],
)
def test_what_does_not_fit_together_is_told_before_training(
    overrides: list[str], message: str
) -> None:
    loaded = config.load(XOR, overrides)
    with pytest.raises(ConfigError) as caught:
        build.build_trainer(loaded)
    assert message in caught.value.faults[0]


@pytest.mark.parametrize(
    ("targets", "loss", "fault"),
    [
        ((1, 2, 3), "cross_entropy", "labels up to 3 and no 0"),
        ((0, 1, 2, 4), "cross_entropy", "labels up to 4 and no 3"),
        ((0, 0, 0), "bce", "0 in every sample: there is nothing to tell apart"),
        ((0, 1, 0.5), "cross_entropy", "0.5 at points.csv:4; for measurements try mse"),
        ((0, 1, 2), "bce", "3 classes: try cross_entropy"),
        ((0, 2), "bce", "2 at points.csv:3; for measurements try mse"),
    ],
)
def test_targets_that_are_not_the_labels_of_a_loss_are_told_by_what_is_odd(
    targets: tuple[float, ...], loss: str, fault: str, tmp_path: Path
) -> None:
    rows = "".join(f"{i},{target}\n" for i, target in enumerate(targets))
    (tmp_path / "points.csv").write_text(f"x,y\n{rows}")
    path = tmp_path / "c.yaml"
    path.write_text(MINIMAL.replace("name: xor", "name: csv, path: points.csv, target: y"))
    with pytest.raises(ConfigError) as caught:
        build.build_dataset(config.load(path, [f"loss={loss}"]))
    sentence = caught.value.faults[0].replace(f"{tmp_path}/", "")
    assert sentence.endswith(f"and the data has {fault}")
