"""What a training that is at its end leaves: the model to use, its results, and its test."""

import json
from collections.abc import Mapping
from typing import Any

from minigrad.config import Config
from minigrad.runner import testing
from minigrad.runner.best import BestModel
from minigrad.training.protocol import TrainerLike


def best_model(
    config: Config, trainer: TrainerLike, state: Mapping[str, Any] | None
) -> BestModel | None:
    """What follows the training, from `state` on, which the trainer has loaded.

    Raises ValueError for a state without its numbers.
    """
    best = BestModel.of(config, trainer)
    if best is not None and state is not None:
        try:
            best.load_state_dict(state["best"])
        except (KeyError, TypeError):
            raise ValueError("the checkpoint has no best model to go on from") from None
    return best


def whole_state(trainer: TrainerLike, best: BestModel | None) -> dict[str, Any]:
    """What a checkpoint holds."""
    return trainer.state_dict() | ({} if best is None else {"best": best.state_dict()})


def results(
    config: Config, trainer: TrainerLike, best: BestModel | None, initial_loss: float
) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """The summary of the run, but for its duration, and the content of test.json, if any.

    Raises Diverged.
    """
    summary = trainer.results(initial_loss)
    if best is not None:
        summary["best_step"] = best.chosen[0]
    if trainer.table() is None:
        summary |= testing.in_target_units(config, trainer.dataset, summary)
    test = testing.measure_test(config, trainer)
    return {**summary, **testing.summary_of(test or {})}, test


def test_file(test: Mapping[str, Any]) -> bytes:
    """test.json."""
    return json.dumps(test, indent=2, allow_nan=False).encode() + b"\n"
