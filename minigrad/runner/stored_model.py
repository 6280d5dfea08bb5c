"""A stored run -> its Model, or one sentence that says why there is none."""

import math
from typing import Any

from minigrad.config import ConfigError
from minigrad.config import load as load_config
from minigrad.config.plugins import PluginError, load_plugin
from minigrad.engines import ENGINES
from minigrad.runner import build, description
from minigrad.runner.description import Description
from minigrad.runner.model import Model, ModelError
from minigrad.runner.resume import provenance_of
from minigrad.terminal.invocation import command_line
from minigrad.tracking import checkpoint, layout
from minigrad.tracking.reading import read_file
from minigrad.tracking.store import StoredRun, StoreError
from minigrad.training import seeds
from nn.activations import ACTIVATIONS
from nn.losses import LOSSES

_SAME = 1e-9
"""Relative: other processors round the last digits of a loss otherwise, other data change more."""


def model_of(run: StoredRun, seed: int | None = None, *, trust_plugins: bool = False) -> Model:
    """The model as the run's checkpoint has it. Of a run of many seeds it is that of `seed`, or of
    the seed with the lowest validation loss, or final loss where there is none.

    Its plugins are run where the model needs a name of theirs, and only those that the run recorded
    and that lie outside of its store, unless `trust_plugins` says otherwise. Raises StoreError,
    ModelError and CheckpointError, each with one line.
    """
    _check_usable(run)
    path = run.path / layout.CHECKPOINT
    if not path.exists():
        trains = f"{command_line('train')} {run.path / layout.CONFIG} trains it again"
        raise ModelError(f"{run.id} has no checkpoint, so there is no model to use: {trains}")
    state = checkpoint.read(path)
    try:
        return _model(run, state, seed, trust_plugins)
    except (KeyError, TypeError, IndexError, AttributeError) as error:
        raise ModelError(f"{run.id}: {path.name} is of no use: {error!r}") from None


def _check_usable(run: StoredRun) -> None:
    if not run.run_json:
        raise StoreError(f"{run.id} has no model to use: {'; '.join(run.damage)}")
    if run.facts.engine is None:
        raise ModelError(f"{run.id} was logged by a loop of your own: no model of it is stored")
    if run.facts.status == "diverged":
        raise ModelError(f"{run.id} diverged, so its model is of no use: {run.facts.error}")


def _model(run: StoredRun, state: dict[str, Any], seed: int | None, trust_plugins: bool) -> Model:
    place, seed = _place(run, state, seed)
    parameters = _parameters(run, state)
    if place is not None:
        parameters = _row(parameters, state["active"].index(place))
    if "model" in state:
        try:
            parsed = description.parse(state["model"], place)
        except ValueError as error:
            raise _no_use(run, f"{error}") from None
        _check_scaling(run, parsed)
        _register_names(run, parsed, trust=trust_plugins)
    else:
        parsed = description.parse(_rebuilt(run, state, trust_plugins), place)
    try:
        numbers = description.numbers(parameters, parsed.sizes)
    except ValueError as error:
        raise _no_use(run, f"{error}") from None
    return Model(run.id, parsed, numbers, seed)


def _row(parameters: Any, place: int) -> Any:
    """The parameters of one of many models."""
    if isinstance(parameters, list):
        return parameters[place]
    from minigrad.training.packed import unpack  # here, since it imports numpy

    try:
        return unpack(parameters)[place].tolist()
    except ValueError as error:
        raise TypeError(f"parameters: {error}") from None


def _no_use(run: StoredRun, sentence: str) -> ModelError:
    return ModelError(f"{run.id}: the model in {layout.CHECKPOINT} is of no use: {sentence}")


def _parameters(run: StoredRun, state: dict[str, Any]) -> Any:
    """The last ones, or with `train.keep_best` the best ones."""
    train = run.config.get("train")
    if not isinstance(train, dict) or train.get("keep_best") is None:
        return state["parameters"]
    best = state.get("best")
    if not isinstance(best, dict) or not best.get("parameters"):
        raise _no_use(run, "it has no best parameters, and the config has train.keep_best")
    return best["parameters"] if best.get("last") is None else state["parameters"]


def _check_scaling(run: StoredRun, parsed: Description) -> None:
    data = run.config.get("data")
    data = data if isinstance(data, dict) else {}
    scalings = (
        ("standardize", "inputs", parsed.inputs),
        ("standardize_target", "target", parsed.targets),
    )
    for key, part, scaling in scalings:
        if data.get(key) is True and scaling is None:
            raise _no_use(run, f"its scaling.{part} is null, and the config has data.{key}: true")


# Many seeds.


def _place(
    run: StoredRun, state: dict[str, Any], seed: int | None
) -> tuple[int | None, int | None]:
    """The chosen seed's place among many and the seed; both None in a run of one seed."""
    train = run.config.get("train")
    written = train.get("seeds") if isinstance(train, dict) else None
    if written is None:
        if seed not in (None, run.facts.seed):
            raise ModelError(f"{run.id} has one seed, {run.facts.seed}, and no seed {seed}")
        return None, None
    every = seeds.parse(written)
    if seed is None:
        seed = _best_seed(run, every)
    if seed not in every:
        span = f"{min(every)} to {max(every)}" if len(every) > 1 else f"{every[0]}"
        raise ModelError(f"{run.id} has no seed {seed}: it has {len(every):,}, {span}")
    place = every.index(seed)
    if place not in state["active"]:
        reason = state["failures"].get(str(place), "diverged")
        raise ModelError(f"seed {seed} of {run.id} {reason}: its model is of no use")
    return place, seed


def _best_seed(run: StoredRun, every: list[int]) -> int:
    """The seed with the lowest validation loss, or final loss where nothing was validated."""
    from minigrad.training.seed_table import NAME, SeedTable  # here, since it imports numpy

    try:
        table = SeedTable.from_bytes(read_file(run.path, NAME))
    except ValueError as error:
        raise ModelError(f"{run.id}: which seed is best? {error}") from None
    for losses in (table.val_loss.tolist(), table.final_loss.tolist()):
        measured = [(loss, place) for place, loss in enumerate(losses) if math.isfinite(loss)]
        if measured and len(losses) == len(every):
            return every[min(measured)[1]]
    raise ModelError(f"{run.id} has no final losses yet to tell its best seed by: say which one")


# Names of plugins.


def _register_names(run: StoredRun, parsed: Description, *, trust: bool) -> None:
    """Have all the names that the model needs, by the run's plugins where they are not ours."""
    if _unknown(parsed):
        _run_plugins(run, trust=trust)
    for kind, name in _unknown(parsed):
        raise _no_use(run, f"there is no {kind} {name!r}, and its plugins register none")


def _unknown(parsed: Description) -> list[tuple[str, str]]:
    names = [("engine", parsed.engine), ("loss", parsed.loss)]
    names += [("activation", name) for name in parsed.activations]
    known = {"engine": ENGINES.keys(), "loss": LOSSES.keys(), "activation": ACTIVATIONS.keys()}
    return [(kind, name) for kind, name in names if name not in known[kind]]


def _run_plugins(run: StoredRun, *, trust: bool) -> None:
    """Run the plugins that the run's config names, all or, where one may not be run, none.

    Raises ModelError.
    """
    plugins = [str(plugin) for plugin in run.config.get("plugins") or []]
    provenance = provenance_of(run)
    try:
        for plugin in () if trust else plugins:
            provenance.check(plugin)
        for plugin in plugins:
            load_plugin(plugin)
    except PluginError as error:
        raise ModelError(f"{run.id} needs its plugins: {error}") from None


# Runs of an older layout, whose checkpoints have no description.


def _rebuilt(run: StoredRun, state: dict[str, Any], trust_plugins: bool) -> Any:
    """The description that the run's config and data give now, if they are still those of the run:
    with them its parameters must have the loss that it recorded.
    """
    older = f"{run.id} is of an older layout, without the scaling and names of its data"
    provenance = None if trust_plugins else provenance_of(run)
    try:
        config = load_config(run.path / layout.CONFIG, provenance=provenance)
        trainer = build.trainer_for(config)
    except ConfigError as error:
        raise ModelError(f"{older}, which cannot be rebuilt: {error.faults[0]}") from None
    recorded = run.summary.get("final_loss")
    if run.status != "finished" or recorded is None:
        if config.data.standardize or "path" in config.data.settings():
            resumed = f"{command_line('train')} --resume takes it to its end"
            raise ModelError(f"{older}, and nothing tells that they are unchanged: {resumed}")
        return trainer.description
    try:
        initial = trainer.evaluate().loss
        trainer.load_state_dict(state)
        trainer.load_files({name: read_file(run.path, name) for name in trainer.files()})
        loss = trainer.results(initial)["final_loss"]
    except (ValueError, ArithmeticError) as error:
        raise ModelError(f"{older}, and its data are no longer the same: {error}") from None
    if loss is None or not math.isclose(loss, recorded, rel_tol=_SAME):
        change = f"its loss was {recorded!r} and with them is {loss!r}"
        raise ModelError(f"{older}, and its data are no longer the same: {change}")
    return trainer.description
