"""What a config is: its blocks, their fields, the range of each value, and the JSON Schema."""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, NoReturn, Self, Union, get_args, get_origin

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    create_model,
    model_validator,
)
from pydantic_core import PydanticCustomError, core_schema

from minigrad.data import DATASETS
from minigrad.engines import ENGINES
from minigrad.files import yaml12
from minigrad.registry import Registry, suggestion
from minigrad.settings import Pair, Range, settings_of
from minigrad.terminal.text import excerpt, quoted
from minigrad.training import seeds
from nn.activations import ACTIVATIONS
from nn.initialisers import INITIALISERS
from nn.losses import LOSSES
from optim import OPTIMIZERS
from optim.schedules import SCHEDULES

MAX_PARAMETERS = 1_000_000

BLOCKS: dict[str, Registry[Any]] = {
    "data": DATASETS,
    "optimizer": OPTIMIZERS,
    "scheduler": SCHEDULES,
}
"""The keys whose value is a block: a name, and the settings of what it names."""


class ConfigError(ValueError):
    """A config with faults; `faults` has a line for each."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = list(faults)


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)


class Block(_Strict):
    """A name in a registry; the settings of the named object are further fields."""

    name: str

    def settings(self) -> dict[str, Any]:
        return self.model_dump(exclude={"name"})

    def changed(self) -> str:
        """The settings that differ from their defaults, as "lr 0.1, momentum 0.9"."""
        fields = type(self).model_fields
        return ", ".join(
            f"{key} {value}"
            for key, value in self.settings().items()
            if value != fields[key].default
        )


class DataBlock(Block):
    """A dataset, and how it is split and standardized."""

    val_fraction: float = Field(default=0.0, ge=0, lt=1, description="share kept for validation")
    test_fraction: float = Field(
        default=0.0, ge=0, lt=1, description="share kept apart and measured once, at the end"
    )
    test_path: str | None = Field(
        default=None, description="a CSV file with the same columns, in place of test_fraction"
    )
    standardize: bool = Field(
        default=False, description="give each input mean 0 and deviation 1 on the training part"
    )
    standardize_target: bool = Field(
        default=False, description="the same of the target; for measurements, not for labels"
    )

    def settings(self) -> dict[str, Any]:
        return self.model_dump(exclude={"name", *DataBlock.model_fields})

    @property
    def has_test(self) -> bool:
        return bool(self.test_fraction or self.test_path)

    @model_validator(mode="after")
    def _parts_fit(self) -> Self:
        if self.test_fraction and self.test_path:
            _refuse("test_fraction and test_path both say what to test on: leave one of them out")
        if self.val_fraction + self.test_fraction >= 1:
            parts = f"{self.val_fraction:g} and {self.test_fraction:g}"
            _refuse(f"val_fraction and test_fraction leave nothing to train on, found {parts}")
        if self.test_path is not None and self.name != "csv":
            _refuse(f"test_path is a CSV file for data: csv, found data: {quoted(self.name)}")
        return self


@dataclass(frozen=True)
class _NameIn:
    """Annotation of a text that must be a name in `registry` at the time it is read."""

    registry: Registry[Any]

    def check(self, name: str) -> str:
        if name not in self.registry:
            _refuse(f"unknown name {quoted(name)}: {suggestion(name, self.registry)}")
        return name

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
        return {**handler(schema), "enum": sorted(self.registry)}


@dataclass(frozen=True)
class _NamesIn:
    """Annotation of a name in `registry`, or a list of such names."""

    registry: Registry[Any]

    def check(self, names: object) -> object:
        for name in names if isinstance(names, list) else [names]:
            if not isinstance(name, str):
                _refuse(f"must be a name or a list of names, found {quoted(name)}")
            _NameIn(self.registry).check(name)
        return names

    def __get_pydantic_core_schema__(self, _source: Any, _handler: Any) -> Any:
        return core_schema.no_info_plain_validator_function(self.check)

    def __get_pydantic_json_schema__(self, _schema: Any, _handler: Any) -> dict[str, Any]:
        one = {"type": "string", "enum": sorted(self.registry)}
        return {"anyOf": [one, {"type": "array", "items": one}]}


def _printable(name: str) -> str:
    if not name.isprintable():
        _refuse(f"must have printable characters only, found {quoted(name)}")
    return name


def _writable(seed: int) -> int:
    if seed >= 10**308:  # beyond what run.json may hold, since no float does
        _refuse(f"must have at most 308 digits, found {quoted(seed)}")
    return seed


def _bounded(hidden: list[int]) -> list[int]:
    count = sum((a + 1) * b for a, b in zip([1, *hidden], [*hidden, 1], strict=True))
    if count > MAX_PARAMETERS:
        makes = f"{count:,}" if count < 10**18 else "more than 10^18"
        limit = f"{MAX_PARAMETERS:,}"
        _refuse(f"{quoted(hidden)} makes {makes} parameters or more; the limit is {limit}")
    return hidden


class _Seeds:
    """Annotation of a count of seeds, a text "A..B", or a list."""

    def check(self, written: object) -> object:
        try:
            seeds.parse(written)
        except ValueError as error:
            _refuse(excerpt(str(error), limit=250))
        return written

    def __get_pydantic_core_schema__(self, _source: Any, _handler: Any) -> Any:
        return core_schema.no_info_plain_validator_function(self.check)

    def __get_pydantic_json_schema__(self, _schema: Any, _handler: Any) -> dict[str, Any]:
        number = {"type": "integer", "minimum": 0}
        text = {"type": "string", "pattern": r"^\d+\.\.\d+$"}
        return {
            "anyOf": [{"type": "integer", "minimum": 1}, text, {"type": "array", "items": number}]
        }


def _refuse(sentence: str) -> NoReturn:
    raise PydanticCustomError("refused", "{sentence}", {"sentence": sentence})


class ModelConfig(_Strict):
    hidden: Annotated[list[Annotated[int, Field(ge=1)]], AfterValidator(_bounded)] = Field(
        default=[8], max_length=100, description="width of each hidden layer"
    )
    activation: Annotated[str | list[str], _NamesIn(ACTIVATIONS)] = Field(
        default="tanh", description="one for all hidden layers, or a list of one a layer"
    )
    init: Annotated[str, _NameIn(INITIALISERS)] = Field(
        default="glorot", description="draws the weights"
    )

    @model_validator(mode="after")
    def _one_a_layer(self) -> Self:
        if isinstance(self.activation, list) and len(self.activation) != len(self.hidden):
            _refuse(
                f"{len(self.hidden)} hidden layers cannot have {len(self.activation)} activations"
            )
        return self


class TrainConfig(_Strict):
    steps: int = Field(default=500, ge=1, le=100_000_000, description="optimizer steps")
    epochs: int | None = Field(
        default=None,
        ge=1,
        le=100_000_000,
        description="times that all training samples are seen, in place of steps",
    )
    batch_size: int | None = Field(default=None, ge=1, description="samples a step; null: all")
    log_every: int = Field(default=1, ge=1, description="steps from one logged line to the next")
    engine: Annotated[str, _NameIn(ENGINES)] = Field(
        default="eager", description="how the model is run"
    )
    seeds: Annotated[int | str | list[int], _Seeds()] | None = Field(
        default=None,
        description="many in place of `seed`, trained at once: a count, or first..last; "
        "needs engine: native or numpy",
    )
    keep_best: Literal["val_loss"] | None = Field(
        default=None, description="use the model with the lowest of it; null: the last one"
    )
    patience: int | None = Field(
        default=None, ge=1, description="stop after so many validations without a better one"
    )
    checkpoint_every: int | None = Field(
        default=None, ge=1, description="steps between checkpoints; null: some seconds"
    )
    snapshots: int = Field(
        default=0,
        ge=0,
        le=24,
        description="pictures of the decision surface on the way, not after --resume",
    )
    clip_norm: float | None = Field(
        default=None, gt=0, description="largest Euclidean norm of the gradient; null: no limit"
    )
    clip_value: float | None = Field(
        default=None, gt=0, description="largest absolute value in the gradient; null: no limit"
    )

    @model_validator(mode="after")
    def _seeds_are_replicas(self) -> Self:
        if self.seeds is not None and self.engine not in ("native", "numpy"):
            _refuse(
                "seeds are trained at once by engine: native or engine: numpy, "
                f"found engine: {self.engine}"
            )
        if self.seeds is not None and self.snapshots:
            _refuse("snapshots show one model, and seeds are many: leave one of the two out")
        if self.seeds is not None and (self.keep_best or self.patience):
            key = "keep_best" if self.keep_best else "patience"
            _refuse(f"{key} follows one model, and seeds are many: leave one of the two out")
        return self

    def is_logged(self, step: int) -> bool:
        """Whether `step` is logged: every `log_every`th, from 0 on, and the last."""
        return step % self.log_every == 0 or step == self.steps - 1

    def snapshot_steps(self) -> frozenset[int]:
        """How many steps are done when a snapshot is taken: evenly from 0 to all of them."""
        gaps = max(self.snapshots - 1, 1)
        return frozenset(round(i * self.steps / gaps) for i in range(self.snapshots))


def _ordered(ends: list[float]) -> list[float]:
    if ends[0] > ends[1]:
        _refuse(f"must be [lowest, highest], found {quoted(ends)}: did you mean {ends[::-1]}?")
    return ends


class Expectations(_Strict):
    initial_loss: (
        Annotated[list[float], Field(min_length=2, max_length=2), AfterValidator(_ordered)] | None
    ) = Field(default=None, description="[lowest, highest] loss before the first step")
    final_loss_below: float | None = Field(default=None, description="loss after the last step")


class Config(_Strict):
    """The contents of a config file, with defaults filled in."""

    name: Annotated[str, AfterValidator(_printable)] = Field(
        min_length=1, max_length=100, description="what the run is called"
    )
    seed: Annotated[int, AfterValidator(_writable)] = Field(
        default=0, ge=0, description="of weights, data and shuffling"
    )
    data: DataBlock
    model: ModelConfig = ModelConfig()
    loss: Annotated[str, _NameIn(LOSSES)]
    optimizer: Block
    scheduler: Block
    train: TrainConfig = TrainConfig()
    expect: Expectations = Expectations()
    plugins: list[str] = Field(
        default=[],
        description="Python files, relative to this one, that add names of your own. "
        "They are run as code, with all that your account may do",
    )

    @model_validator(mode="after")
    def _validation_is_there(self) -> Self:
        for key in ("keep_best", "patience"):
            if getattr(self.train, key) and not self.data.val_fraction:
                _refuse(f"train.{key} needs validation: set data.val_fraction, as 0.2")
        return self

    _place_of: Callable[[tuple[str | int, ...]], str] | None = PrivateAttr(default=None)
    _dropped: list[str] = PrivateAttr(default=[])

    @property
    def dropped(self) -> list[str]:
        """A sentence for each block of the file that an override replaced: the settings lost."""
        return self._dropped

    def place(self, *path: str | int) -> str:
        """The place of a key's value, as "configs/xor.yaml:7:14", for messages about it."""
        return self._place_of(path) if self._place_of else "config"

    def refusal(self, sentence: str, *key: str) -> ConfigError:
        """The error for a fault in a key's value, with the value's place."""
        return ConfigError([f"{self.place(*key)}: {'.'.join(key)}: {sentence}"])

    def with_seed(self, seed: int) -> Self:
        """The same with another seed, and no `train.seeds`."""
        alone = self.train.model_copy(update={"seeds": None})
        return self.model_copy(update={"seed": seed, "train": alone})

    def to_yaml(self) -> str:
        """The config as a file that gives this config again."""
        return yaml12.dump(self.model_dump(exclude_none=True))


def schema() -> dict[str, Any]:
    """The JSON Schema of a config file, with the names that are in the registries now."""
    written = config_class().model_json_schema()
    for key, registry in BLOCKS.items():
        block = written["properties"][key]
        alone = {"type": "string", "enum": sorted(registry)}  # "optimizer: adam" is enough
        written["properties"][key] = {"anyOf": [block, alone]}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **_canonical(written),
        "title": "minigrad config",
    }


def _canonical(part: Any) -> Any:
    """The same schema in one form, since versions of pydantic differ in form.

    Before 2.9 `const: x` is written with `enum: [x]` beside it and `$ref` inside a list, and bounds
    are 0 in one version and 0.0 in another.
    """
    if isinstance(part, dict):
        written = {key: _canonical(value) for key, value in part.items()}
        if "const" in written and written.get("enum") == [written["const"]]:
            del written["enum"]
        if len(written.get("allOf", [])) == 1:
            written |= written.pop("allOf")[0]
        return written
    if isinstance(part, list):
        return [_canonical(value) for value in part]
    return int(part) if isinstance(part, float) and part.is_integer() else part


def config_class() -> type[Config]:
    """Config with a variant of each block for every name that its registry knows now."""
    return _config_class(tuple((key, *sorted(names)) for key, names in BLOCKS.items()))


@functools.cache
def _config_class(_names: tuple[tuple[str, ...], ...]) -> type[Config]:
    fields: dict[str, Any] = {
        key: (_variants(key, registry), ...) for key, registry in BLOCKS.items()
    }
    fields["scheduler"] = (fields["scheduler"][0], Field(default={"name": "constant"}))
    return create_model("Config", __base__=_WithDefaults, **fields)


class _WithDefaults(Config):
    """Checks defaults too, which makes a block of `{"name": "constant"}`."""

    model_config = ConfigDict(validate_default=True)


def _variants(key: str, registry: Registry[Any]) -> Any:
    variants = tuple(_variant(key, name, target) for name, target in sorted(registry.items()))
    if len(variants) == 1:
        return variants[0]
    return Annotated[Union[variants], Field(discriminator="name")]  # noqa: UP007


def _variant(key: str, name: str, target: Callable[..., Any]) -> type[Block]:
    fields: dict[str, Any] = {"name": (Literal[name], ...)}
    for setting, parameter in settings_of(target).items():
        default = ... if parameter.default is parameter.empty else parameter.default
        fields[setting] = (_annotated(parameter.annotation), default)
    summary = (target.__doc__ or "").strip().split("\n")[0]
    base = DataBlock if key == "data" else Block
    return create_model(f"{key}.{name}", __base__=base, __doc__=summary, **fields)


def _annotated(annotation: Any) -> Any:
    """A setting's type with its ranges in pydantic's words; a list's range is each member's."""
    for allowed in getattr(annotation, "__metadata__", ()):
        if isinstance(allowed, Range):
            kind = annotation.__origin__
            if get_origin(kind) is list:
                bounded: Any = Annotated[(*get_args(kind), _bounds(allowed))]
                return Annotated[list[bounded], _length(allowed)]
            return Annotated[kind, _bounds(allowed)]
    return annotation


def _bounds(allowed: Range) -> Any:
    low, high = allowed.ends
    bounds: dict[str, Any] = {"ge" if allowed.interval[0] == "[" else "gt": low}
    if high != float("inf"):
        bounds["le" if allowed.interval[-1] == "]" else "lt"] = high
    return Field(**bounds)


def _length(allowed: Range) -> Any:
    return Field(min_length=2, max_length=2) if isinstance(allowed, Pair) else Field(min_length=1)
