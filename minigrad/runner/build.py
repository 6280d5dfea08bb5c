"""Builds the dataset, the model and the trainer that a Config describes."""

import itertools
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from minigrad import native
from minigrad.config import Config, ConfigError
from minigrad.data import DATASETS, DataError, Dataset, Standardizer, csv_file, split
from minigrad.engines import ENGINES, Engine
from minigrad.runner import limits
from minigrad.runner.description import describe
from minigrad.runner.limits import check_memory, check_size, keeps_curves, layer_sizes
from minigrad.terminal.text import excerpt
from minigrad.threads import usable_cores
from minigrad.training import seeds
from minigrad.training.batches import Batches
from minigrad.training.protocol import TrainerLike
from minigrad.training.trainer import Stateful, Trainer
from minigrad.value import Value
from nn import MLP
from nn.losses import CORRECT, LOSSES, TASKS
from optim import OPTIMIZERS, Optimizer
from optim.groups import Parameters
from optim.schedules import SCHEDULES, Schedule

if TYPE_CHECKING:
    from minigrad.engines.replicas import ReplicaEngine
    from minigrad.lift.kernels import Array
    from minigrad.training.replicas import Replica, ReplicaTrainer


_MOST_STEPS = 100_000_000


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
    size = len(build_dataset(_of_first_seed(config))[0].inputs)
    batches = -(-size // min(config.train.batch_size or size, size))
    steps = epochs * batches
    if "steps" in config.train.model_fields_set and config.train.steps != steps:
        raise config.refusal(
            f"{epochs:,} epochs are {steps:,} steps here, of {batches:,} a time, and train.steps "
            f"is {config.train.steps:,}: leave one of the two out",
            *("train", "epochs"),
        )
    if steps > _MOST_STEPS:
        fault = f"{epochs:,} epochs are {steps:,} steps here, and the limit is {_MOST_STEPS:,}"
        raise config.refusal(fault, "train", "epochs")
    train = config.train.model_copy(update={"steps": steps})
    return config.model_copy(update={"train": train})


def _of_first_seed(config: Config) -> Config:
    """The config of one seed: its own, or the first of `train.seeds`."""
    if config.train.seeds is None:
        return config
    return config.with_seed(seeds.parse(config.train.seeds)[0])


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


def memory_note(config: Config) -> str:
    """What very many seeds will need of the memory, as a sentence; "" for fewer or one.

    Raises ConfigError.
    """
    if config.train.seeds is None or not limits.are_many(config):
        return ""
    dataset, _ = build_dataset(_of_first_seed(config))
    check_memory(config, dataset)
    return limits.memory_note(config, dataset)


def check(config: Config) -> None:
    """Raise ConfigError as `trainer_for` would, for faults that show with one seed."""
    trainer = build_trainer(_of_first_seed(config))
    if config.train.seeds is not None:
        check_memory(config, trainer.dataset)


def build_trainer(config: Config) -> Trainer:
    """The trainer, ready for its first step. The same config gives the same numbers, to the bit.

    Raises ConfigError for what does not fit together: labels and loss, batch and memory, settings
    that clash, data that cannot be read.
    """
    parts = build_parts(config)
    train = parts.train
    size = batch_size(config, train)
    model = build_model(config, train)
    with faults_at(config, "train", "engine"):
        engine = ENGINES[config.train.engine](model, LOSSES[config.loss])
        with suppress(ArithmeticError):
            engine.prepare(train.inputs[:1], train.targets[:1])  # it would fail in training
    return _trainer_of(engine)(
        engine=engine,
        optimizer=optimizer(config, engine.parameters),
        dataset=train,
        batches=Batches(train, size, generator(config, "batches")),
        schedule=schedule(config),
        validation=parts.validation,
        test=parts.test,
        validate_every=config.train.log_every,
        correct=CORRECT.get(config.loss),
        clip_norm=config.train.clip_norm,
        clip_value=config.train.clip_value,
        description=describe(config, [train]),
    )


def _trainer_of(engine: Engine) -> type[Trainer]:
    """The kind of trainer that the engine's steps are for."""
    if not hasattr(engine, "whole_steps"):
        return Trainer
    from minigrad.training.calls import TrainerInCalls  # here, since it imports numpy

    return TrainerInCalls


def build_replicas(config: Config) -> "ReplicaTrainer":
    """One trainer for all of `train.seeds`, whose models run in one engine. Each seed has the data,
    weights and batches that it would have alone.

    Raises ConfigError, also where seeds differ in the number of samples or the shape of the model.
    """
    every = seeds.parse(config.train.seeds)
    replicas = list(_replicas(config, every))
    first = replicas[0].dataset
    model = build_model(config.with_seed(every[0]), first)
    weights = _weights(config, model, every)
    with faults_at(config, "train", "engine"):
        engine = _engine(config, model, weights, first)
    return _replica_trainer_of(engine)(
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


def _replica_trainer_of(engine: "ReplicaEngine") -> "type[ReplicaTrainer]":
    if not hasattr(engine, "whole_steps"):
        from minigrad.training.replicas import ReplicaTrainer

        return ReplicaTrainer
    from minigrad.training.replica_calls import ReplicaTrainerInCalls

    return ReplicaTrainerInCalls


def _engine(config: Config, model: MLP, weights: "Array", data: Dataset) -> "ReplicaEngine":
    loss, features = LOSSES[config.loss], data.inputs[0]
    if config.train.engine != "native":
        from minigrad.engines.replicas import ReplicaEngine

        return ReplicaEngine(model, weights, loss, features)
    from multiprocessing import parent_process

    from minigrad.engines.native_replicas import NativeReplicaEngine

    is_worker = parent_process() is not None  # of a sweep, which has one a core
    return NativeReplicaEngine(
        model,
        weights,
        loss,
        features,
        correct=CORRECT.get(config.loss),
        threads=1 if is_worker else usable_cores(),
    )


def _replicas(config: Config, every: Sequence[int]) -> "Iterator[Replica]":
    """Each seed's data and batches. What no seed changes is there once, for all of them."""
    from minigrad.training.replicas import Replica

    one = config.with_seed(every[0])
    rng = generator(one, "data")
    before = rng.getstate()
    first = _replica(one, *build_dataset(one, rng))
    check_memory(config, first.dataset)
    # of a dataset of one's own nobody knows what it depends on
    is_ours = getattr(DATASETS[config.data.name], "__module__", "").startswith("minigrad.data.")
    is_split = config.data.val_fraction or config.data.test_fraction
    draws = not is_ours or is_split or rng.getstate() != before
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


def _replica(config: Config, train: Dataset, validation: Dataset | None) -> "Replica":
    from minigrad.training.replicas import Replica

    batches = Batches(train, batch_size(config, train), generator(config, "batches"))
    return Replica(config.seed, train, validation, batches, schedule(config))


def _weights(config: Config, model: MLP, every: Sequence[int]) -> "Array":
    """Each seed's weights, [seeds, parameters]; to draw them takes a tenth of the time of a model.

    The model has those of the last one then.
    """
    import numpy as np  # here, since a run of one seed may not need it

    parameters = model.parameters()
    weights = np.empty((len(every), len(parameters)))
    with faults_at(config, "model", "init"):
        for place, seed in enumerate(every):
            if place:
                model.reset_parameters(random.Random(seed))
            weights[place] = [parameter.data for parameter in parameters]
    return weights


def _check_shape(config: Config, train: Dataset, first: "Replica") -> None:
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


def batch_size(config: Config, dataset: Dataset) -> int:
    """Samples a step. Raises ConfigError for a step that is too large."""
    size = min(config.train.batch_size or len(dataset.inputs), len(dataset.inputs))
    check_size(config, dataset, size)
    return size


def optimizer(config: Config, parameters: Parameters) -> Optimizer:
    """The config's optimizer of these parameters. Raises ConfigError."""
    with faults_at(config, "optimizer"):
        return OPTIMIZERS[config.optimizer.name](parameters, **config.optimizer.settings())


def schedule(config: Config) -> Schedule:
    """The config's schedule. Raises ConfigError."""
    with faults_at(config, "scheduler"):
        return SCHEDULES[config.scheduler.name](**config.scheduler.settings())


def build_dataset(
    config: Config, rng: random.Random | None = None
) -> tuple[Dataset, Dataset | None]:
    """The part to train on and the part to validate on, which may be None. Raises ConfigError."""
    parts = build_parts(config, rng)
    return parts.train, parts.validation


def build_parts(config: Config, rng: random.Random | None = None) -> Parts:
    """All parts, scaled by what the training part alone has. Raises ConfigError.

    The data are drawn from `rng`, which is the config's own if it is not given.
    """
    whole, parts = _whole_and_parts(config, rng or generator(config, "data"))
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


def _whole_and_parts(config: Config, rng: random.Random) -> tuple[Dataset, Parts]:
    """What the dataset gave, and its parts in the data's own units."""
    data = config.data
    with faults_at(config, "data"):
        make = DATASETS[data.name]
        dataset = make(**data.settings(), rng=rng)
        if not isinstance(dataset, Dataset):
            raise TypeError(f"{data.name} gave {dataset!r}, not a Dataset")
        test, validation = None, None
        rest, size = dataset, len(dataset.inputs)
        by_class = TASKS.get(config.loss) is not None and _are_labels(dataset)
        if data.test_path:
            test = csv_file.read_test(data.test_path, data.settings()["target"], dataset)
        elif data.test_fraction:
            chance = generator(config, "test")
            rest, test = split(
                rest, data.test_fraction, chance, stratified=by_class, name="test_fraction"
            )
        if data.val_fraction:
            chance = generator(config, "validation")
            rest, validation = split(rest, data.val_fraction, chance, of=size, stratified=by_class)
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
    if task is None and train.class_names:
        fault = f"{config.loss} learns numbers, and the target holds texts, as"
        name = excerpt(repr(train.class_names[0]))
        raise config.refusal(f"{fault} {name}: try cross_entropy", "loss")
    same = len(train.targets) > 1 and min(train.targets) == max(train.targets)
    if task is None and same and train.source is not None:
        fault = f"the target is {train.targets[0]:g} in every row to train on"
        raise config.refusal(f"{fault}: there is nothing to learn", "data")


def build_model(config: Config, dataset: Dataset) -> MLP:
    """The config's MLP. Its weights come from `random.Random(seed)`, as in a script by hand."""
    n_in, *sizes = layer_sizes(config, dataset)
    with faults_at(config, "model", "init"):  # a plugin's initialiser may raise anything
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
def faults_at(config: Config, *key: str) -> Iterator[None]:
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


def generator(config: Config, purpose: str) -> random.Random:
    """The random numbers of one purpose: a setting of another never shifts them."""
    return random.Random(f"{purpose} {config.seed}")
