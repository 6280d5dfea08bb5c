"""Config: defaults, overrides, and every fault at once at its place."""

from pathlib import Path

import pytest

from minigrad import config
from minigrad.config import Config, ConfigError

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
    told = [fault.removeprefix(f"{path}:") for fault in faults(path)]
    assert sorted(told) == sorted(
        [
            "2:1: unknown key 'sede': did you mean 'seed'? Known: "
            "data, expect, loss, model, name, optimizer, scheduler, seed, train",
            "3:7: data: unknown name 'xro': did you mean 'xor'? Known: moons, xor",
            "4:7: loss: unknown name 'bec': did you mean 'bce'? Known: bce, mse",
            "5:28: optimizer.lr: must be a number, found 'fast'",
            "5:34: unknown key 'momentm': did you mean 'momentum'? Known: "
            "dampening, lr, momentum, name, nesterov, weight_decay",
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
        ("optimizer={lr: 1}", "optimizer.name: is missing"),
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
    assert "Is a directory" in faults(tmp_path)[0]


def test_a_config_cannot_be_changed_after_it_was_checked() -> None:
    loaded = config.load(XOR)
    assert isinstance(loaded, Config)
    with pytest.raises(ValueError, match="frozen"):
        loaded.seed = 1
