"""Many models on the native machine: where it has no answer for one, that one is asked alone."""

import math
from collections.abc import Callable
from dataclasses import fields
from typing import Any

import numpy as np
import pytest

from minigrad import native
from minigrad.config import load
from minigrad.engines.native_replicas import NativeReplicaEngine
from minigrad.runner import build

pytestmark = pytest.mark.skipif(not native.available(), reason="the native machine is not built")

LOST = 4


def engine(path: str = "configs/xor.yaml") -> tuple[NativeReplicaEngine, tuple[Any, Any]]:
    given = ["train.engine=native", "train.seeds=9", "expect={}"]
    trainer = build.build_replicas(load(path, given))
    assert isinstance(trainer.engine, NativeReplicaEngine)
    return trainer.engine, trainer.whole_batch()


def without_an_answer(call: Callable[..., Any]) -> Callable[..., Any]:
    """The machine's call, which does not know the numbers of one model."""

    def broken(*arguments: Any) -> Any:
        result = call(*arguments)
        for field in fields(result):
            array = getattr(result, field.name)
            if field.name == "finite":
                array[LOST] = False
            elif array is not None:
                array[LOST] = math.nan
        return result

    return broken


def test_a_loss_that_the_machine_does_not_know_is_that_of_the_model_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ours, batch = engine()
    expected = ours.evaluate(*batch)
    monkeypatch.setattr(ours.machine, "evaluate", without_an_answer(ours.machine.evaluate))
    result = ours.evaluate(*batch)
    assert result.failures == {}
    assert result.losses == pytest.approx(expected.losses, rel=1e-12)
    assert result.outputs == pytest.approx(expected.outputs, rel=1e-12)
    assert result.correct is not None
    assert expected.correct is not None
    assert result.correct.tolist() == expected.correct.tolist()


def test_a_gradient_that_the_machine_does_not_know_is_that_of_the_model_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ours, batch = engine()
    losses, slopes = ours.gradient(*batch).losses.copy(), ours.parameter.grad.copy()
    monkeypatch.setattr(ours.machine, "gradient", without_an_answer(ours.machine.gradient))
    step = ours.gradient(*batch)
    assert step.failures == {}
    assert step.losses == pytest.approx(losses, rel=1e-12)
    assert ours.parameter.grad == pytest.approx(slopes, rel=1e-9, abs=1e-15)


def test_a_model_without_an_answer_says_why_and_the_others_keep_theirs() -> None:
    ours, batch = engine()
    expected = ours.evaluate(*batch).losses.copy()
    ours.parameter.data[LOST] = math.inf
    others = [replica for replica in range(9) if replica != LOST]
    for result in (ours.evaluate(*batch), ours.gradient(*batch)):
        assert list(result.failures) == [LOST]
        assert "nan" in result.failures[LOST]
        assert math.isnan(result.losses[LOST])
        assert result.losses[others].tolist() == expected[others].tolist()
    assert not ours.parameter.grad[LOST].any()


def test_a_batch_is_another_one_where_only_its_targets_are() -> None:
    ours, (inputs, targets) = engine()
    first = ours.evaluate(inputs, targets).losses.copy()
    turned = 1 - np.asarray(targets)
    assert not np.allclose(ours.evaluate(inputs, turned).losses, first)
    assert ours.evaluate(inputs, targets).losses.tolist() == first.tolist()


def test_the_first_gradient_is_compared_with_eager_and_no_later_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ours, batch = engine()
    assert ours.agreement is None
    ours.gradient(*batch)
    assert ours.agreement is not None
    assert ours.agreement.samples > 0
    monkeypatch.setattr(ours, "_agree", lambda *_: pytest.fail("compared again"))
    ours.gradient(*batch)
