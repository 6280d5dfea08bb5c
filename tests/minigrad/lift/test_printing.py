"""The array program as text, and the command that prints it."""

import subprocess
import sys

import pytest

import nn
from minigrad import Value, lift
from minigrad.lift.__main__ import main


def test_the_command_prints_the_program_of_a_config(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["configs/xor.yaml"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "MLP of sizes 2-8-1, tanh: 33 parameters, bce"
    assert lines[2].startswith("63 scalar operations a sample are ")
    assert [" ".join(line.split()) for line in lines[4:9]] == [
        "x = input(2)",
        "target = input(1)",
        "r1 = dot(8x3) p[0:24], x and 1",
        "r2 = tanh(8) r1",
        "r3 = dot(1x9) p[24:33], r2 and 1",
    ]
    assert lines[-1] == "outputs r3"


def test_the_command_takes_overrides_and_classes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["configs/blobs.yaml", "model.hidden=[3]"]) == 0
    out = capsys.readouterr().out
    assert "dot(3x3)" in out
    assert "cross_entropy" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["no.yaml"], "no.yaml"),
        (["configs/xor.yaml", "model.hidden=[0]"], "model.hidden"),
        (["configs/xor.yaml", "loss=mean"], "loss"),
    ],
)
def test_a_bad_config_is_said_in_a_line(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert message in captured.err
    assert "Traceback" not in captured.err


def test_a_fault_of_a_plugin_is_said_by_its_kind(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object) -> Value:
        raise KeyError("nothing here")

    monkeypatch.setitem(nn.losses.LOSSES, "bce", broken)
    assert main(["configs/xor.yaml"]) == 2
    assert capsys.readouterr().err == "KeyError: 'nothing here'\n"


def test_the_command_runs_as_a_module() -> None:
    command = [sys.executable, "-m", "minigrad.lift", "configs/xor.yaml"]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "loss r" in ended.stdout
    assert ended.stderr == ""


def test_every_kind_of_operand_has_its_words() -> None:
    p = [Value(0.1 * i + 0.1) for i in range(6)]

    def loss(x: list[Value]) -> Value:
        squares = [weight * weight for weight in p]
        total = squares[0] + squares[1] + squares[2] + squares[3] + squares[4]
        mixed = [x[0] * 2.0, x[1] * 3.0, x[2] * 4.0, x[0] * 5.0, x[1] * 2.0]
        odd = (p[0] * x[0] + p[3] * x[2]) - p[5] + (p[1] * x[1] + p[2] * x[0])
        parts = sum((m * m for m in mixed), Value(0.0))
        return total.sqrt() + odd.tanh() - parts - (p[4] - x[0]).exp() + (p[1] / (x[1] + 9.0))

    fast = lift.compile(loss, p)
    assert str(fast) == "not traced yet: gradient() traces it on the first sample"
    fast.gradient([[0.5, 0.25, -0.5]])
    text = str(fast)
    for words in ("(once, not once a sample)", "sum(1x5)", "(2, 3, 4, ...)", " - ", "p[4]"):
        assert words in text, text


def test_the_native_machines_instructions_follow_where_they_are_asked_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["configs/xor.yaml"]) == 0
    program = capsys.readouterr().out
    assert main(["configs/xor.yaml", "--native"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith(program)
    forward, back = printed.removeprefix(program).split("\nback\n")
    assert "matmul(8x2)" in forward
    assert "tanh_share(8)" in back
