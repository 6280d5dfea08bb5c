"""Builds the dataset, the model and the trainer that a Config describes."""

import itertools
import random
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from minigrad import native
from minigrad.config import Config, ConfigError
from minigrad.data import DATASETS, DataError, Dataset, Standardizer, csv_file, split
from minigrad.engines import ENGINES
from minigrad.runner.description import describe
from minigrad.runner.limits import check_memory, check_size, layer_sizes
from minigrad.terminal.text import excerpt
from minigrad.training import seeds
from minigrad.training.batches import Batches
from minigrad.training.protocol import TrainerLike
from minigrad.training.trainer import Trainer
from minigrad.value import Value
from nn import MLP
from nn.losses import CORRECT, LOSSES, TASKS
from optim import OPTIMIZERS, Optimizer
from optim.groups import Parameters
from optim.schedules import SCHEDULES, Schedule

if TYPE_CHECKING:
    from minigrad.training.replicas import ReplicaTrainer


@dataclass(frozen=True)
class Parts:
    """The data of a config: what is trained on, validated on, and measured once at the end."""

    train: Dataset
    validation: Dataset | None
    test: Dataset | None


def with_steps(config: Config) -> Config:
    """The config with `train.steps` in place of `train.epochs`, which it keeps.

    Raises ConfigError where both are given, and they differ.
    """
    epochs = config.train.epochs
    if epochs is None:
        return config
    first = config if config.train.seeds is None else config.with_seed(_first_seed(config))
    size = len(build_dataset(first)[0].inputs)
    batches = -(-size // min(config.train.batch_size or size, size))
    steps = epochs * batches
    if "steps" in config.train.model_fields_set and config.train.steps != steps:
        raise config.refusal(
            f"{epochs:,} epochs are {steps:,} steps here, of {batches:,} a time, and train.steps "
            f"is {config.train.steps:,}: leave one of the two out",
            *("train", "epochs"),
        )
    train = config.train.model_copy(update={"steps": steps})
    return config.model_copy(update={"train": train})


def _first_seed(config: Config) -> int:
    return seeds.parse(config.train.seeds)[0]


def with_available_engine(config: Config) -> tuple[Config, str]:
    """The config on an engine that is there, and a sentence if that is another one.

    Epochs become steps too, which raises ConfigError as `with_steps` does. A new run may take
    another engine, which it records; a stored one must not.
    """
    config = with_steps(config)
    if config.train.engine != "native" or not (missing := native.reason()):
        return config, ""
    train = config.train.model_copy(update={"engine": "numpy"})
    note = f"{missing}; this run is on train.engine=numpy"
    return config.model_copy(update={"train": train}), note


def trainer_for(config: Config) -> TrainerLike:
    """The trainer of the config, for its one seed or all of `train.seeds`. Raises ConfigError."""
    return build_trainer(config) if config.train.seeds is None else build_replicas(config)


def check(config: Config) -> None:
    """Raise ConfigError as `trainer_for` would, for faults that show with one seed."""
    if config.train.seeds is None:
        build_trainer(config)
        return
    trainer = build_trainer(config.with_seed(seeds.parse(config.train.seeds)[0]))
    check_memory(config, trainer.dataset)


def build_trainer(config: Config) -> Trainer:
    """The trainer, ready for its first step. The same config gives the same numbers, to the bit.

    Raises ConfigError for what does not fit together: labels and loss, batch and memory, settings
    that clash, data that cannot be read.
    """
    parts = build_parts(config)
    train = parts.train
    batch_size = _batch_size(config, train)
    model = build_model(config, train)
    with _faults_at(config, "train", "engine"):
        engine = ENGINES[config.train.engine](model, LOSSES[config.loss])
        with suppress(ArithmeticError):
            engine.prepare(train.inputs[:1], train.targets[:1])  # it would fail in training
    return Trainer(
        engine=engine,
        optimizer=_optimizer(config, engine.parameters),
        dataset=train,
        batches=Batches(train, batch_size, _generator(config, "batches")),
        schedule=_schedule(config),
        validation=parts.validation,
        test=parts.test,
        validate_every=config.train.log_every,
        correct=CORRECT.get(config.loss),
        clip_norm=config.train.clip_norm,
        clip_value=config.train.clip_value,
        description=describe(config, [train]),
    )


def build_replicas(config: Config) -> "ReplicaTrainer":
    """One trainer for all of `train.seeds`, whose models run in one engine. Each seed has the data,
    weights and batches that it would have alone.

    Raises ConfigError, also where seeds differ in the number of samples or the shape of the model.
    """
    import numpy as np  # here, since a run of one seed may not need it

    from minigrad.engines.replicas import ReplicaEngine
    from minigrad.training.replicas import Replica, ReplicaTrainer

    replicas: list[Replica] = []
    weights: list[list[float]] = []
    for seed in seeds.parse(config.train.seeds):
        seeded = config.with_seed(seed)
        train, validation = build_dataset(seeded)
        if not replicas:
            model = build_model(seeded, train)
            parameters = model.parameters()
        else:  # which takes a tenth of the time of building a model
            with _faults_at(seeded, "model", "init"):
                model.reset_parameters(random.Random(seed))
        weights.append([parameter.data for parameter in parameters])
        batches = Batches(train, _batch_size(seeded, train), _generator(seeded, "batches"))
        replicas.append(Replica(seed, train, validation, batches, _schedule(seeded)))
        if len(replicas) == 1:
            check_memory(config, train)
        if len(train.inputs) != len(replicas[0].dataset.inputs):
            raise config.refusal(
                f"seeds are trained at once on as many samples each, and seed {replicas[0].seed} "
                f"has {len(replicas[0].dataset.inputs)}, seed {seed} has {len(train.inputs)}",
                "data",
            )
        if layer_sizes(seeded, train) != list(model.sizes):
            raise config.refusal(
                f"seeds are trained at once by models of one shape, and seed {replicas[0].seed} "
                f"needs layers of {list(model.sizes)}, seed {seed} of {layer_sizes(seeded, train)}",
                "data",
            )
    with _faults_at(config, "train", "engine"):
        features = replicas[0].dataset.inputs[0]
        engine = ReplicaEngine(model, np.array(weights), LOSSES[config.loss], features)
    return ReplicaTrainer(
        engine,
        _optimizer(config, [engine.parameter]),
        replicas,
        is_logged=config.train.is_logged,
        correct=CORRECT.get(config.loss),
        clip_norm=config.train.clip_norm,
        clip_value=config.train.clip_value,
        description=describe(config, [replica.dataset for replica in replicas]),
    )


def _batch_size(config: Config, dataset: Dataset) -> int:
    size = min(config.train.batch_size or len(dataset.inputs), len(dataset.inputs))
    check_size(config, dataset, size)
    return size


def _optimizer(config: Config, parameters: Parameters) -> Optimizer:
    with _faults_at(config, "optimizer"):
        return OPTIMIZERS[config.optimizer.name](parameters, **config.optimizer.settings())


def _schedule(config: Config) -> Schedule:
    with _faults_at(config, "scheduler"):
        return SCHEDULES[config.scheduler.name](**config.scheduler.settings())


def build_dataset(config: Config) -> tuple[Dataset, Dataset | None]:
    """The part to train on and the part to validate on, which may be None. Raises ConfigError."""
    parts = build_parts(config)
    return parts.train, parts.validation


def build_parts(config: Config) -> Parts:
    """All parts, scaled by what the training part alone has. Raises ConfigError."""
    whole, parts = _whole_and_parts(config)
    _check_labels(config, whole)
    _check_targets(config, parts)
    scales = []
    if config.data.standardize:
        scales.append(Standardizer.fit(parts.train).apply)
    if config.data.standardize_target:
        scales.append(Standardizer.fit_targets(parts.train).apply_to_targets)
    for scale in scales:
        validation, test = (part and scale(part) for part in (parts.validation, parts.test))
        parts = Parts(scale(parts.train), validation, test)
    return parts


def _whole_and_parts(config: Config) -> tuple[Dataset, Parts]:
    """What the dataset gave, and its parts in the data's own units."""
    data = config.data
    with _faults_at(config, "data"):
        make = DATASETS[data.name]
        dataset = make(**data.settings(), rng=_generator(config, "data"))
        if not isinstance(dataset, Dataset):
            raise TypeError(f"{data.name} gave {dataset!r}, not a Dataset")
        test, validation = None, None
        rest, size = dataset, len(dataset.inputs)
        by_class = TASKS.get(config.loss) is not None and _are_labels(dataset)
        if data.test_path:
            test = csv_file.read_test(data.test_path, data.settings()["target"], dataset)
        elif data.test_fraction:
            rng = _generator(config, "test")
            rest, test = split(
                rest, data.test_fraction, rng, stratified=by_class, name="test_fraction"
            )
        if data.val_fraction:
            rng = _generator(config, "validation")
            rest, validation = split(rest, data.val_fraction, rng, of=size, stratified=by_class)
    return dataset, Parts(rest, validation, test)


def _are_labels(dataset: Dataset) -> bool:
    return dataset.classes is not None and set(dataset.targets) <= set(range(dataset.classes))


def _check_targets(config: Config, parts: Parts) -> None:
    """Whether the targets can be learned, and those of the test file be measured."""
    task, train, test = TASKS.get(config.loss), parts.train, parts.test
    if task is not None and config.data.standardize_target:
        fault = f"is for measurements, and {config.loss} learns labels: leave it out"
        raise config.refusal(fault, "data", "standardize_target")
    if task is not None and test is not None:
        classes = train.classes or 2
        for i, target in enumerate(test.targets):
            if target not in range(classes):
                fault = f"{test.where(i)}: {target:g} is no class of the training data, which have"
                raise config.refusal(f"{fault} {classes}", "data", "test_path")
    same = len(train.targets) > 1 and min(train.targets) == max(train.targets)
    if task is None and same and train.source is not None:
        fault = f"the target is {train.targets[0]:g} in every row to train on"
        raise config.refusal(f"{fault}: there is nothing to learn", "data")


def build_model(config: Config, dataset: Dataset) -> MLP:
    """The config's MLP. Its weights come from `random.Random(seed)`, as in a script by hand."""
    n_in, *sizes = layer_sizes(config, dataset)
    with _faults_at(config, "model", "init"):  # a plugin's initialiser may raise anything
        return MLP(
            n_in,
            sizes,
            activation=config.model.activation,
            init=config.model.init,
            rng=random.Random(config.seed),
        )


def sample_loss(config: Config, sample: int) -> Value:
    """The loss of one sample (from 0), its inputs and parameters labelled, for a look at the graph.

    Raises ValueError where there is no such sample.
    """
    dataset, _ = build_dataset(config)
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


@contextmanager
def _faults_at(config: Config, *key: str) -> Iterator[None]:
    """Valid settings may contradict each other: report their constructor's error at the block."""
    try:
        yield
    except DataError as error:
        raise ConfigError(error.faults) from None
    except ValueError as error:
        raise config.refusal(excerpt(str(error), limit=250), *key) from None
    except Exception as error:  # from plugins, since ours raise ValueError
        raise config.refusal(f"{type(error).__name__}: {excerpt(str(error))}", *key) from None


def _check_labels(config: Config, dataset: Dataset) -> None:
    task, classes = TASKS.get(config.loss), dataset.classes
    if task is None or classes == 2 or (task == "classes" and classes):
        return
    labels = "labels 0 and 1" if task == "binary" else "labels 0, 1, ... k - 1, each of them"
    there = f"{classes} classes: try cross_entropy" if classes else _odd_target(dataset, task)
    raise config.refusal(f"{config.loss} needs {labels}, and the data has {there}", "loss")


def _odd_target(dataset: Dataset, task: str) -> str:
    """The reason why the targets are not labels of the task."""
    values = set(dataset.targets)
    if len(values) == 1:
        return f"{values.pop():g} in every sample: there is nothing to tell apart"
    highest = csv_file.MAX_CLASSES if task == "classes" else 2
    for i, target in enumerate(dataset.targets):
        if target not in range(highest):
            return f"{target:g} at {dataset.where(i)}; for measurements try mse"
    missing = next(label for label in itertools.count() if label not in values)
    return f"labels up to {max(values):g} and no {missing}"


def _generator(config: Config, purpose: str) -> random.Random:
    # A generator for each purpose: a setting of one never shifts the numbers of another.
    return random.Random(f"{purpose} {config.seed}")
