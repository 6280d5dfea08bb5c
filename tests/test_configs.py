"""Every config under configs/ keeps the promises of its expect block.

experiments/all-configs/all_configs.py shows it for ten seeds; here are two of them, on the fastest
engine that is here and, slowly, on the one that the config names.
"""

from pathlib import Path

import pytest

from minigrad.config import load as load_config
from minigrad.data import DATASETS
from minigrad.runner import build
from minigrad.runner.engine_choice import fast_engine
from minigrad.runner.expectations import judge

CONFIGS = sorted(path for path in Path("configs").glob("*.yaml") if path.stem != "digits")  # slow


@pytest.mark.parametrize("engine", ["fast", pytest.param("own", marks=pytest.mark.slow)])
@pytest.mark.parametrize("seed", [0, 7])
@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_a_config_meets_its_expectations(path: Path, seed: int, engine: str) -> None:
    fast = [f"train.engine={fast_engine()[0]}"] if engine == "fast" else []
    config = load_config(path, [f"seed={seed}", *fast])
    trainer = build.build_trainer(config)
    initial = trainer.evaluate().loss
    for _ in trainer.train(config.train.steps):
        pass
    verdicts = judge(config.expect, initial, trainer.evaluate().loss)
    assert len(verdicts) == 2, "a config promises where its loss starts and where it ends"
    assert [verdict.sentence for verdict in verdicts if not verdict.met] == []


def test_every_dataset_has_a_config() -> None:
    assert {load_config(path).data.name for path in CONFIGS} == set(DATASETS)
