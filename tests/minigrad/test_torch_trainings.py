"""Whole trainings follow PyTorch's from the same initial weights."""

import importlib.util
import json
import math
from pathlib import Path

import pytest

_HERE = Path(__file__).parent
_spec = importlib.util.spec_from_file_location("trainings", _HERE / "make_torch_trainings.py")
assert _spec is not None
assert _spec.loader is not None
script = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(script)

STORED: dict[str, list[float]] = json.loads(script.LOSSES.read_text())


def test_every_training_is_stored() -> None:
    assert STORED.keys() == script.TRAININGS.keys()
    assert all(len(losses) >= 60 for losses in STORED.values())


@pytest.mark.parametrize("name", STORED)
def test_every_loss_follows_pytorch(name: str) -> None:
    ours = script.minigrad_losses(script.TRAININGS[name])
    for step, (mine, theirs) in enumerate(zip(ours, STORED[name], strict=True)):
        assert math.isclose(mine, theirs, rel_tol=1e-9), (step, mine, theirs)
    assert ours[-1] < ours[0]


def test_the_stored_losses_are_pytorchs() -> None:
    pytest.importorskip("torch")
    for name, losses in script.derive().items():
        for mine, theirs in zip(losses, STORED[name], strict=True):
            assert math.isclose(mine, theirs, rel_tol=1e-9), name
