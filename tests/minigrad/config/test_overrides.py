"""Overrides are meant together, and what is wrong with one is the command line's."""

from pathlib import Path

import pytest

from minigrad.config import ConfigError, load
from minigrad.runner.build import build_trainer

XOR = "configs/xor.yaml"


def faults(*overrides: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(XOR, overrides)
    return caught.value.faults


@pytest.mark.parametrize(
    "overrides",
    [
        ["optimizer.lr=0.25", "optimizer=adam"],
        ["optimizer=adam", "optimizer.lr=0.25"],
        ["optimizer.lr=0.25", "optimizer.name=adam"],
        ["optimizer.lr=0.25", "optimizer={name: adam}"],
        ["optimizer.lr=7", "optimizer={name: adam, lr: 0.25}"],
        ["optimizer.lr=7", "optimizer.lr=0.25", "optimizer=rmsprop", "optimizer=adam"],
    ],
)
def test_a_setting_before_its_blocks_name_is_not_lost(overrides: list[str]) -> None:
    optimizer = load(XOR, overrides).optimizer
    assert (optimizer.name, optimizer.settings()["lr"]) == ("adam", 0.25)


def test_a_setting_before_a_block_that_replaces_others_is_not_lost() -> None:
    train = load(XOR, ["train.log_every=7", "train={steps: 40}"]).train
    assert (train.log_every, train.steps) == (7, 40)


def test_an_empty_block_leaves_nothing_of_what_was_set_before_it() -> None:
    expect = load(XOR, ["expect.final_loss_below=0.5", "expect={}"]).expect
    assert (expect.final_loss_below, expect.initial_loss) == (None, None)


def test_a_setting_that_the_named_block_does_not_have_is_refused() -> None:
    (fault,) = faults("optimizer.momentum=0.5", "optimizer=adam")
    assert fault.startswith("command line: optimizer.momentum: unknown key 'momentum'")


@pytest.mark.parametrize(
    ("overrides", "dropped"),
    [
        (["optimizer=adam"], ["optimizer=adam drops lr 1.0, momentum 0.9 of configs/xor.yaml"]),
        (["optimizer=sgd"], ["optimizer=sgd drops lr 1.0, momentum 0.9 of configs/xor.yaml"]),
        (["optimizer.lr=2", "optimizer=sgd"], ["optimizer=sgd drops momentum 0.9 of"]),
        (["optimizer={name: sgd, lr: 1.0, momentum: 0.9}"], []),
        (["optimizer.name=sgd"], []),
        (["optimizer.lr=2"], []),
        (["data=and"], []),
    ],
)
def test_what_a_blocks_name_drops_is_said(overrides: list[str], dropped: list[str]) -> None:
    sentences = load(XOR, overrides).dropped
    assert len(sentences) == len(dropped)
    assert all(a.startswith(b) for a, b in zip(sentences, dropped, strict=True))


@pytest.mark.parametrize(
    ("text", "name"),
    [("run #3", "run #3"), ("#3", "#3"), ("'a #b'", "a #b"), ("a#b", "a#b")],
)
def test_an_override_has_no_comments(text: str, name: str) -> None:
    assert load(XOR, [f"name={text}"]).name == name


def test_a_number_with_a_comment_is_no_number() -> None:
    assert faults("optimizer.lr=0.1 # small") == [
        "command line: optimizer.lr: must be a number, found '0.1 # small'"
    ]


@pytest.mark.parametrize(
    ("override", "fault"),
    [
        ("optimizer={name: sgd, lr: -1}", "optimizer.lr: must be greater than 0, found -1"),
        ("optimizer={name: sgd, momentum: 2}", "optimizer.momentum: must be less than 1, found 2"),
        ("optimizer={name: sgd, lrr: 1}", "optimizer.lrr: unknown key 'lrr': did you mean 'lr'?"),
        ("train={steps: 0}", "train.steps: must be at least 1, found 0"),
        ("train={}", ""),
        ("model={hidden: [0]}", "model.hidden.0: must be at least 1, found 0"),
        ("optimizer={lr: 1}", "optimizer: its name is missing"),
        ("optimizer=5", "optimizer: "),
        ("optimizer=[sgd]", "optimizer: "),
        ("optimizer=null", "optimizer: "),
        ("optimizer=adm", "optimizer: unknown name 'adm': did you mean 'adam'?"),
    ],
)
def test_faults_in_a_block_of_the_command_line_are_blamed_on_it(override: str, fault: str) -> None:
    if not fault:
        load(XOR, [override])
        return
    (line,) = faults(override)
    assert line.startswith(f"command line: {fault}")
    assert "dict" not in line
    assert "object" not in line


@pytest.mark.parametrize(
    ("override", "suggestion"),
    [
        ("model.hidden=8", "must be a list, found 8: did you mean [8]?"),
        ("lr=0.1", "unknown key 'lr': did you mean 'optimizer.lr'?"),
        ("train.lr=0.1", "did you mean 'optimizer.lr'?"),
        ("momentum=0.5", "did you mean 'optimizer.momentum'?"),
        ("hidden=[4]", "did you mean 'model.hidden'?"),
        ("steps=10", "did you mean 'train.steps'?"),
        ("train.epoch=10", "unknown key 'epoch': did you mean '"),
        ("epochs=10", "did you mean 'train."),
        ("learning_rate=1", "did you mean 'optimizer.lr'?"),
        ("optimizer.learning_rate=1", "did you mean 'lr'?"),
        ("batch_size=4", "did you mean 'train.batch_size'?"),
        ("seeds=5", "did you mean 'train.seeds'?"),
        ("optimizer.momentun=0", "did you mean 'momentum'?"),
        ("expect.initial_loss=[0.8, 0.6]", "found [0.8, 0.6]: did you mean [0.6, 0.8]?"),
    ],
)
def test_what_was_meant_is_suggested(override: str, suggestion: str) -> None:
    (line,) = faults(override)
    assert suggestion in line


def test_a_long_override_or_path_is_a_fault_in_one_line(tmp_path: Path) -> None:
    assert len(faults(f"name={'x' * 300}")) == 1
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path / ("x" * 300))


@pytest.mark.parametrize(
    ("one", "other", "what"),
    [
        ("train.steps=7", "train.epochs=2", "how long to train"),
        ("train.epochs=2", "train.steps=7", "how long to train"),
        ("train={epochs: 2}", "train.steps=7", "how long to train"),
        ("train.steps=7", "train={epochs: 2}", "how long to train"),
        ("seed=1", "train.seeds=3", "which seeds"),
        ("train={seeds: 3}", "seed=1", "which seeds"),
    ],
)
def test_two_ways_to_say_the_same_are_refused_by_name(one: str, other: str, what: str) -> None:
    fault = f"command line: '{one}' and '{other}' both say {what}: leave one of them out"
    assert fault in faults(one, "train.log_every=2", other)


def test_one_of_two_ways_prevails_over_the_files_and_null_is_none() -> None:
    assert load(XOR, ["train.epochs=2"]).train.epochs == 2
    assert load(XOR, ["train.steps=7", "train.epochs=null"]).train.steps == 7
    assert load(XOR, ["train.steps=7", "train.steps=9"]).train.steps == 9  # of one key the last


@pytest.mark.parametrize(
    ("overrides", "fault"),
    [
        (["model.activation=[]"], f"{XOR}:6:12: model: 1 hidden layers cannot have 0 activations"),
        (["model.hidden=[4,4]", "model.activation=[elu]"], f"{XOR}:6:12: model: 2 hidden layers"),
        (["optimizer.nesterov=true", "optimizer.momentum=0"], f"{XOR}:8:12: optimizer: nesterov"),
        (
            ["optimizer.dampening=0.5", "optimizer.nesterov=true"],
            f"{XOR}:8:12: optimizer: nesterov",
        ),
    ],
)
def test_members_that_do_not_go_together_are_blamed_on_the_command_line_too(
    overrides: list[str], fault: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        build_trainer(load(XOR, overrides))
    (sentence,) = caught.value.faults
    assert sentence.startswith(f"command line and {fault}")


def test_a_block_that_no_override_touches_is_the_files_alone(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(Path(XOR).read_text().replace("activation: tanh", "activation: [tanh, relu]"))
    for overrides in ([], ["optimizer.lr=0.1"], ["seed=1"]):
        with pytest.raises(ConfigError) as caught:
            load(path, overrides)
        (fault,) = caught.value.faults
        assert fault.startswith(f"{path}:6:")


@pytest.mark.parametrize("text", ["@x", "%x", "`x", "a: b: c"])
def test_text_that_yaml_cannot_read_is_to_be_quoted(text: str) -> None:
    (fault,) = faults(f"name={text}")
    assert fault.endswith("""write text in quotes, as 'name="..."'""")
    assert load(XOR, [f'name="{text}"']).name == text


def test_bytes_of_no_encoding_in_an_override_are_no_fault_of_a_file() -> None:
    (fault,) = faults("name=\udcff")
    assert "not UTF-8" in fault
    assert "file" not in fault
