"""Builds the trainer of many seeds that a Config describes."""

import multiprocessing
import random
from collections.abc import Iterator, Sequence

import numpy as np

from minigrad.config import Config
from minigrad.data import DATASETS, Dataset
from minigrad.engines.replicas import ReplicaEngine
from minigrad.lift.kernels import Array
from minigrad.runner.build import (
    batch_size,
    build_dataset,
    build_model,
    faults_at,
    generator,
    optimizer,
    schedule,
)
from minigrad.runner.description import describe
from minigrad.runner.limits import check_memory, keeps_curves, layer_sizes
from minigrad.threads import usable_cores
from minigrad.training import seeds
from minigrad.training.batches import Batches
from minigrad.training.replicas import Replica, ReplicaTrainer
from minigrad.training.trainer import Stateful
from nn import MLP
from nn.losses import CORRECT, LOSSES


def build_replicas(config: Config) -> ReplicaTrainer:
    """See build.build_replicas."""
    every = seeds.parse(config.train.seeds)
    replicas = list(_replicas(config, every))
    first = replicas[0].dataset
    model = build_model(config.with_seed(every[0]), first)
    weights = _weights(config, model, every)
    with faults_at(config, "train", "engine"):
        engine = _engine(config, model, weights, first)
    return ReplicaTrainer(
        engine,
        optimizer(config, [engine.parameter]),
        replicas,
        is_logged=config.train.is_logged,
        correct=CORRECT.get(config.loss),
        clip_norm=config.train.clip_norm,
        clip_value=config.train.clip_value,
        description=describe(config, [replica.dataset for replica in replicas]),
        keeps_curves=keeps_curves(config),
    )


def _engine(config: Config, model: MLP, weights: Array, data: Dataset) -> ReplicaEngine:
    loss, features = LOSSES[config.loss], data.inputs[0]
    if config.train.engine != "native":
        return ReplicaEngine(model, weights, loss, features)
    from minigrad.engines.native_replicas import NativeReplicaEngine

    is_worker = multiprocessing.parent_process() is not None  # of a sweep, which has one a core
    return NativeReplicaEngine(
        model,
        weights,
        loss,
        features,
        correct=CORRECT.get(config.loss),
        threads=1 if is_worker else usable_cores(),
    )


def _replicas(config: Config, every: Sequence[int]) -> Iterator[Replica]:
    """Each seed's data and batches. What no seed changes is there once, for all of them."""
    one = config.with_seed(every[0])
    rng = generator(one, "data")
    before = rng.getstate()
    first = _replica(one, *build_dataset(one, rng))
    check_memory(config, first.dataset)
    # of a dataset of one's own nobody knows what it depends on
    is_ours = getattr(DATASETS[config.data.name], "__module__", "").startswith("minigrad.data.")
    draws = not is_ours or config.data.val_fraction or rng.getstate() != before
    has_state = isinstance(first.schedule, Stateful) or hasattr(first.schedule, "observe")
    if draws or has_state or not first.batches.whole:
        yield first
        for seed in every[1:]:
            seeded = config.with_seed(seed)
            data = build_dataset(seeded) if draws else (first.dataset, None)
            _check_shape(seeded, data[0], first)
            yield _replica(seeded, *data)
        return
    for seed in every:
        yield Replica(seed, first.dataset, None, first.batches, first.schedule)


def _replica(config: Config, train: Dataset, validation: Dataset | None) -> Replica:
    batches = Batches(train, batch_size(config, train), generator(config, "batches"))
    return Replica(config.seed, train, validation, batches, schedule(config))


def _weights(config: Config, model: MLP, every: Sequence[int]) -> Array:
    """Each seed's weights, [seeds, parameters]; to draw them takes a tenth of the time of a model.

    The model has those of the last one then.
    """
    parameters = model.parameters()
    weights = np.empty((len(every), len(parameters)))
    with faults_at(config, "model", "init"):
        for place, seed in enumerate(every):
            if place:
                model.reset_parameters(random.Random(seed))
            weights[place] = [parameter.data for parameter in parameters]
    return weights


def _check_shape(config: Config, train: Dataset, first: Replica) -> None:
    count, expected = len(train.inputs), len(first.dataset.inputs)
    if count != expected:
        raise config.refusal(
            f"seeds are trained at once on as many samples each, and seed {first.seed} "
            f"has {expected}, seed {config.seed} has {count}",
            "data",
        )
    sizes, wanted = layer_sizes(config, train), layer_sizes(config, first.dataset)
    if sizes != wanted:
        raise config.refusal(
            f"seeds are trained at once by models of one shape, and seed {first.seed} "
            f"needs layers of {wanted}, seed {config.seed} of {sizes}",
            "data",
        )
