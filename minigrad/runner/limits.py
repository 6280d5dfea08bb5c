"""How large a training may be: checked before any work starts."""

from itertools import pairwise

from minigrad.config import Config
from minigrad.config.models import MAX_PARAMETERS
from minigrad.data import Dataset
from minigrad.training import seeds
from nn.losses import TASKS

MAX_OPERATIONS = 5_000_000
"""In the graph of one step; each takes about half a kilobyte."""

OF_ARRAYS = ("numpy", "tensor", "native")
"""The engines whose operations take a whole batch each."""

MAX_NUMBERS = 10_000_000
"""Of weights and data in a run of many seeds; a weight takes up to half a kilobyte."""

MAX_LOSSES = 50_000_000
"""Kept in a run of many seeds, eight bytes each."""


def layer_sizes(config: Config, dataset: Dataset) -> list[int]:
    """Inputs, hidden layers and outputs of the config's MLP."""
    outputs = (dataset.classes or 1) if TASKS.get(config.loss) == "classes" else 1
    return [dataset.n_features, *config.model.hidden, outputs]


def check_size(config: Config, dataset: Dataset, batch_size: int) -> None:
    """Raise ConfigError for a model or a step that is too large."""
    parameters = _parameter_count(config, dataset)
    if parameters > MAX_PARAMETERS:
        raise config.refusal(
            f"this makes {parameters:,} parameters; the limit is {MAX_PARAMETERS:,}",
            *("model", "hidden"),
        )
    operations = 2 * parameters * batch_size
    if operations > MAX_OPERATIONS and config.train.engine not in OF_ARRAYS:
        raise config.refusal(
            f"{batch_size:,} samples of a model with {parameters:,} parameters make {operations:,} "
            f"operations a step; the limit is {MAX_OPERATIONS:,}: take smaller batches, or "
            "train.engine=numpy",
            *("train", "batch_size"),
        )


def check_memory(config: Config, dataset: Dataset) -> None:
    """Raise ConfigError for more seeds than fit in memory together."""
    count = len(seeds.parse(config.train.seeds))
    parameters = _parameter_count(config, dataset)
    gaps, rest = divmod(config.train.steps - 1, config.train.log_every)
    steps = gaps + 1 + bool(rest)  # every so many, from the first on, and the last
    if count * steps > MAX_LOSSES:
        raise config.refusal(
            f"the losses of {count:,} seeds at {steps:,} logged steps are {count * steps:,}; the "
            f"limit is {MAX_LOSSES:,}: take fewer seeds, or a larger train.log_every",
            *("train", "seeds"),
        )
    numbers = count * (parameters + len(dataset.inputs) * (dataset.n_features + 1))
    if numbers > MAX_NUMBERS:
        raise config.refusal(
            f"{count:,} seeds of {parameters:,} parameters and {len(dataset.inputs):,} samples "
            f"each are {numbers:,} numbers; the limit is {MAX_NUMBERS:,}: take fewer seeds",
            *("train", "seeds"),
        )


def _parameter_count(config: Config, dataset: Dataset) -> int:
    return sum((n + 1) * m for n, m in pairwise(layer_sizes(config, dataset)))
