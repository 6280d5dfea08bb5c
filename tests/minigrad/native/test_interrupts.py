"""A signal during a call of the machine ends the training after that call, and no other follows."""

import signal
from pathlib import Path
from typing import Any

import pytest

from minigrad import train
from minigrad.native.machine import Machine, Steps


@pytest.mark.parametrize("seeds", [[], ["--seeds", "20"]])
@pytest.mark.parametrize("last", [1, 3])
def test_the_call_that_a_signal_comes_in_is_the_last_one(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    seeds: list[str],
    last: int,
) -> None:
    calls = []
    take_steps = Machine.train

    def interrupted(machine: Machine, *args: Any, **named: Any) -> Steps:
        steps = take_steps(machine, *args, **named)
        calls.append(len(steps.losses))
        if len(calls) == last:
            signal.raise_signal(signal.SIGINT)
        return steps

    monkeypatch.setattr(Machine, "train", interrupted)
    monkeypatch.setattr(train, "draw", lambda _session: [])
    command = ["configs/xor.yaml", "train.steps=1000000", "train.engine=native", *seeds]
    assert train.main([*command, "--out", str(tmp_path)]) == 130
    assert len(calls) == last
    done = f"interrupted by Ctrl-C after step {sum(calls) - 1} of 1000000"
    assert done in capsys.readouterr().out
