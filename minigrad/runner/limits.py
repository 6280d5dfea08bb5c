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
"""Of weights and data in a run of many seeds; `memory_note` says what they take."""

MANY_SEEDS = 10_000
"""From here on a run says beforehand what memory it needs."""

_BASE, _OF_SEED, _OF_WEIGHT = 150e6, 2000, 150
"""Bytes at the most: of the program, of each seed, and of each of its weights."""

MAX_LOSSES = 10_000_000
"""Kept in a run of many seeds, eight bytes each; of more, quantiles are kept."""


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


def keeps_curves(config: Config) -> bool:
    """Whether the losses of all seeds at all logged steps are kept, or their quantiles alone."""
    return _loss_count(config) <= MAX_LOSSES


def are_many(config: Config) -> bool:
    """Whether there are so many seeds that the run says beforehand what memory it needs."""
    return len(seeds.parse(config.train.seeds)) >= MANY_SEEDS


def memory_note(config: Config, dataset: Dataset) -> str:
    """What a run of very many seeds will need, as a sentence."""
    count = len(seeds.parse(config.train.seeds))
    parameters = _parameter_count(config, dataset)
    megabytes = (_BASE + count * (_OF_SEED + _OF_WEIGHT * parameters)) / 1e6
    megabytes += 3 * 8 * min(_loss_count(config), MAX_LOSSES * keeps_curves(config)) / 1e6
    note = f"{count:,} seeds of {parameters:,} parameters: up to {megabytes:,.0f} MB of memory"
    if not keeps_curves(config):
        losses = _loss_count(config)
        note += f"; {losses:,} losses would not fit, so their quantiles at each step are kept"
    return note


def _loss_count(config: Config) -> int:
    gaps, rest = divmod(config.train.steps - 1, config.train.log_every)
    steps = gaps + 1 + bool(rest)  # every so many, from the first on, and the last
    return len(seeds.parse(config.train.seeds)) * steps


def check_memory(config: Config, dataset: Dataset) -> None:
    """Raise ConfigError for more seeds than fit in memory together."""
    count = len(seeds.parse(config.train.seeds))
    parameters = _parameter_count(config, dataset)
    numbers = count * (parameters + len(dataset.inputs) * (dataset.n_features + 1))
    if numbers > MAX_NUMBERS:
        raise config.refusal(
            f"{count:,} seeds of {parameters:,} parameters and {len(dataset.inputs):,} samples "
            f"each are {numbers:,} numbers; the limit is {MAX_NUMBERS:,}: take fewer seeds",
            *("train", "seeds"),
        )


def _parameter_count(config: Config, dataset: Dataset) -> int:
    return sum((n + 1) * m for n, m in pairwise(layer_sizes(config, dataset)))
