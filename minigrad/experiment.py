"""A checked Config -> the Trainer that it describes."""

import random

from minigrad.config import Config
from minigrad.data import DATASETS, Dataset
from minigrad.engines import ENGINES
from minigrad.trainer import Trainer
from minigrad.value import Value
from nn import MLP
from nn.losses import CORRECT, LOSSES
from optim import OPTIMIZERS
from optim.schedules import SCHEDULES


def build(config: Config) -> Trainer:
    """The trainer, ready for its first step. The same config gives the same numbers, to the bit."""
    dataset = build_dataset(config)
    engine = ENGINES[config.train.engine](build_model(config, dataset), LOSSES[config.loss])
    optimizer = OPTIMIZERS[config.optimizer.name](engine.parameters, **config.optimizer.settings())
    return Trainer(
        engine=engine,
        optimizer=optimizer,
        dataset=dataset,
        batch_size=config.train.batch_size or len(dataset.inputs),
        schedule=SCHEDULES[config.scheduler.name](**config.scheduler.settings()),
        rng=_generator(config, "batches"),
        correct=CORRECT.get(config.loss),
    )


def build_dataset(config: Config) -> Dataset:
    make = DATASETS[config.data.name]
    return make(**config.data.settings(), rng=_generator(config, "data"))


def build_model(config: Config, dataset: Dataset) -> MLP:
    """The config's MLP. Its weights come from `random.Random(seed)`, as in a script by hand."""
    return MLP(
        dataset.n_features,
        [*config.model.hidden, 1],
        activation=config.model.activation,
        init=config.model.init,
        rng=random.Random(config.seed),
    )


def sample_loss(config: Config, sample: int) -> Value:
    """The loss of one sample (from 0), its inputs and parameters labelled, for a look at the graph.

    Raises ValueError where there is no such sample.
    """
    dataset = build_dataset(config)
    if not 0 <= sample < len(dataset.inputs):
        raise ValueError(
            f"there is no sample {sample}: the data has 0 to {len(dataset.inputs) - 1}"
        )
    model = build_model(config, dataset)
    for name, parameter in model.named_parameters():
        layer, neuron, kind, *index = (
            name.removeprefix("layers.").replace("neurons.", "").split(".")
        )
        parameter.label = f"{kind[0]}{layer}[{','.join([neuron, *index])}]"
    inputs = [Value(x, label=f"x{i}") for i, x in enumerate(dataset.inputs[sample])]
    return LOSSES[config.loss](model(inputs), dataset.targets[sample])


def _generator(config: Config, purpose: str) -> random.Random:
    # A generator for each purpose: a setting of one never shifts the numbers of another.
    return random.Random(f"{purpose} {config.seed}")
