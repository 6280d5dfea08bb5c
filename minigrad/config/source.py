"""From a config file and overrides to a Config, or to all faults with line and column."""

import copy
import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from minigrad.config import bundled
from minigrad.config.models import BLOCKS, Block, Config, ConfigError, DataBlock, config_class
from minigrad.config.plugins import PluginError, Provenance, load_plugin
from minigrad.files import yaml12
from minigrad.files.untrusted import read_regular
from minigrad.registry import suggestion
from minigrad.settings import settings_of
from minigrad.terminal.text import excerpt, path_excerpt, quoted


def load(
    path: str | Path, overrides: Iterable[str] = (), provenance: Provenance | None = None
) -> Config:
    """Read the file, apply `key=value` overrides, check all. Raises ConfigError.

    Where there is no file `path`, it may name a config that comes with minigrad, as "xor".
    Overrides are applied together: a setting given before its block's name counts too. Of one
    key the last counts. With a `provenance`, plugins are checked against it.
    """
    source, faults = _read(path, overrides)
    try:
        config = source.config(provenance, is_refused=bool(faults))
    except ConfigError as error:
        faults += error.faults
    if faults:
        raise ConfigError(faults)
    return config


def raw(path: str | Path, overrides: Iterable[str] = ()) -> dict[str, Any]:
    """The data of a config without its defaults, not checked: no plugin is run for it.

    Raises ConfigError for a file or an override that cannot be read.
    """
    source, faults = _read(path, overrides)
    if faults:
        raise ConfigError(faults)
    source.resolve_paths()
    return source.data


def _read(path: str | Path, overrides: Iterable[str]) -> tuple["_Source", list[str]]:
    source = _Source(path)
    faults: list[str] = []
    for override in overrides:
        try:
            source.override(override)
        except ConfigError as error:
            faults += error.faults
    return source, faults


class _Source:
    """A file's data while overrides are applied, and where each part of it came from."""

    def __init__(self, path: str | Path) -> None:
        path = bundled.locate(path)
        self.file = path_excerpt(path)
        self.folder = Path(path).absolute().parent
        try:
            self.document = yaml12.parse(read_regular(path, yaml12.MAX_BYTES))
        except yaml12.YamlError as error:
            place = error.place
            raise ConfigError([f"{self.file}:{place.line}:{place.column}: {error}"]) from None
        except OSError as error:
            hint = _nearest_file(Path(path)) if isinstance(error, FileNotFoundError) else ""
            raise ConfigError([f"{self.file}: cannot be read: {error.strerror}{hint}"]) from None
        if not isinstance(self.document.data, dict):
            raise ConfigError([f"{self.file}:1:1: a config is a block of 'key: value' lines"])
        self.data: dict[str, Any] = copy.deepcopy(self.document.data)
        self.overridden: set[yaml12.Path] = set()
        self._overrides: list[tuple[tuple[str, ...], Any, str]] = []  # keys, value, as typed

    def override(self, argument: str) -> None:
        """Apply `key=value`. Raises ConfigError, and then changes nothing."""
        named = f"command line: {quoted(argument)}"
        dotted, equals, text = argument.partition("=")
        keys = tuple(dotted.split("."))
        if not equals or not all(keys):
            raise ConfigError([f"{named}: an override is written key=value"])
        if not dotted.isprintable():
            raise ConfigError([f"{named}: unknown key {quoted(dotted)}"])
        try:
            value = yaml12.parse_scalar(text)
        except yaml12.YamlError as error:
            is_text = str(error).startswith("not valid YAML") and text.lstrip()[0] not in "[{'\""
            hint = f": write text in quotes, as '{excerpt(dotted)}=\"...\"'" if is_text else ""
            raise ConfigError([f"{named}: {error}{hint}"]) from None
        if len(keys) == 2 and keys[0] in BLOCKS and keys[1] == "name":
            block = self.data.get(keys[0])
            if not isinstance(block, dict) or block.get("name") != value:
                keys = keys[:1]  # another name has other settings: replace the whole block
        for earlier in self._overrides:
            if both := _excluded((keys, value), earlier[:2]):
                names = f"{quoted(earlier[2])} and {quoted(argument)}"
                raise ConfigError([f"command line: {names} both say {both}: leave one of them out"])
        self.set(keys, copy.deepcopy(value), argument)
        if value is not None and (other := _OTHER.get(keys)) and other[0] == "train":
            train = self.data.get("train")
            if isinstance(train, dict):
                train.pop(other[1], None)  # the file's: the one typed is meant
        for earlier in self._overrides if value != {} else []:  # settings typed before this block
            inner = earlier[0][len(keys) :]
            if inner and earlier[0][: len(keys)] == keys and not _holds(value, inner):
                self.set(*earlier)
        self._overrides.append((keys, value, argument))

    def set(self, keys: tuple[str, ...], value: Any, argument: str) -> None:
        """Set one key. Raises ConfigError, and then changes nothing."""
        inner: Any = self.data
        for depth, key in enumerate(keys[:-1]):
            if isinstance(inner.get(key), str) and key in BLOCKS and not depth:
                inner[key] = {"name": inner[key]}
            inner = inner.setdefault(key, {})
            if not isinstance(inner, dict):
                where = excerpt(".".join(keys[: depth + 1]))
                named = f"command line: {quoted(argument)}"
                raise ConfigError([f"{named}: {where} has no keys of its own"])
        inner[keys[-1]] = value
        new = (n for n in range(1, len(keys)) if keys[:n] not in self.document.keys)
        self.overridden.add(keys[: next(new, len(keys))])  # the first key that is not in the file

    def config(self, provenance: Provenance | None = None, is_refused: bool = False) -> Config:
        """The data as a Config. Raises ConfigError with every fault.

        Plugins are run last of all, and not where `is_refused` says that there is a fault already.
        """
        self.resolve_paths()
        if plugins := self.plugins():
            faults = self.faults_of_any_plugin()
            if faults or is_refused:
                raise ConfigError(faults)
            self.run(plugins, provenance)
        try:
            made = config_class()
        except Exception as error:  # a name that a plugin has registered is not one of them
            names = ", ".join(Path(plugin).name for plugin in plugins)
            reason = f"{type(error).__name__}: {excerpt(str(error))}"
            fault = f"plugin {excerpt(names)}: what it registered is of no use: {reason}"
            raise ConfigError([f"{self.place(('plugins',))}: {fault}"]) from None
        try:
            config = made.model_validate(self.data)
        except ValidationError as error:
            faults = [self.fault(detail) for detail in error.errors(include_url=False)]
            raise ConfigError(list(dict.fromkeys(faults))) from None
        config._place_of = self.place
        config._dropped = list(self.dropped(config))
        return config

    def dropped(self, config: Config) -> Iterator[str]:
        """What the overrides of blocks left out, as "optimizer=adam drops momentum 0.9 of ..."."""
        for keys, value, argument in self._overrides:
            before = self.document.data.get(keys[0])
            is_name = len(keys) == 1 and keys[0] in BLOCKS and isinstance(value, str)
            if not (is_name and isinstance(before, dict)):
                continue
            now = getattr(config, keys[0])
            lost = [
                f"{key} {_written(setting)}"
                for key, setting in before.items()
                if key != "name" and key not in self.data[keys[0]]
                if getattr(now, key, ...) != setting
            ]
            if lost:
                yield f"{excerpt(argument)} drops {', '.join(lost)} of {self.file}"

    def resolve_paths(self) -> None:
        """Turn names into blocks, and paths relative to the file into absolute ones."""
        for key in BLOCKS:
            if isinstance(self.data.get(key), str):
                self.data[key] = {"name": self.data[key]}
        data, plugins = self.data.get("data"), self.data.get("plugins")
        for key in ("path", "test_path"):
            if isinstance(data, dict) and isinstance(data.get(key), str):
                data[key] = str(self.folder / data[key])
        if isinstance(plugins, list):
            self.data["plugins"] = [
                str(self.folder / plugin) if isinstance(plugin, str) else plugin
                for plugin in plugins
            ]

    def plugins(self) -> list[str]:
        """Their paths; none if the type check will report a fault."""
        plugins = self.data.get("plugins")
        if not isinstance(plugins, list) or not all(isinstance(p, str) for p in plugins):
            return []
        return plugins

    def faults_of_any_plugin(self) -> list[str]:
        """The faults that do not depend on the names that plugins register."""
        try:
            config_class().model_validate(self.data)
        except ValidationError as error:
            details = error.errors(include_url=False)
            return [self.fault(detail) for detail in details if not _is_unknown_name(detail)]
        return []

    def run(self, plugins: Sequence[str], provenance: Provenance | None) -> None:
        """Run the plugins, all or, where one of them may not be run, none. Raises ConfigError."""
        works = [provenance.check] if provenance else []
        for work in [*works, load_plugin]:
            faults = []
            for index, plugin in enumerate(plugins):
                try:
                    work(plugin)
                except PluginError as error:
                    faults.append(f"{self.place(('plugins', index))}: {error}")
                    if work is load_plugin:
                        break
            if faults:
                raise ConfigError(faults)

    def fault(self, detail: ErrorDetails) -> str:
        path = self.path(detail["loc"])
        kind, value = detail["type"], detail["input"]
        if kind == "extra_forbidden":
            hint = self.hint(path)
            where = f"{self.place(path, of_key=True)}: {_dotted(path)}"
            return f"{where}: unknown key {quoted(path[-1])}: {hint}"
        if kind == "missing":
            return f"{self.place(path[:-1])}: {_dotted(path)}: is missing"
        return f"{self.place(path)}: {_dotted(path)}: {_sentence(kind, value, detail)}"

    def path(self, location: tuple[str | int, ...]) -> yaml12.Path:
        """The path in the file, without the variant of a block that pydantic inserts."""
        if location and location[0] in BLOCKS and len(location) > 1:
            names = BLOCKS[str(location[0])]
            if len(names) > 1 and location[1] in names:
                return (location[0], *location[2:])
        return location

    def keys(self, parent: yaml12.Path) -> Iterable[str]:
        """The keys known below `parent`."""
        model: Any = config_class()
        for key in parent:
            if key in BLOCKS:
                block = self.data.get(key, {"name": "constant"})
                known = isinstance(block, dict) and block.get("name") in BLOCKS[str(key)]
                settings = settings_of(BLOCKS[str(key)][block["name"]]) if known else {}
                base = DataBlock if key == "data" else Block
                return [*base.model_fields, *settings]
            model = model.model_fields[key].annotation
        return list(getattr(model, "model_fields", ()))

    def hint(self, path: yaml12.Path) -> str:
        """The known keys nearest to an unknown one, and all keys that are known there."""
        key, known = str(path[-1])[:100], sorted(self.keys(path[:-1]))
        homes, synonym = _homes(), _SYNONYMS.get(str(path[-1]), "")
        near = [
            *[homes[key] for key in [key] if key in homes],
            *[name for name in [synonym] if name in known],
            *difflib.get_close_matches(key, known, n=1),
            *[homes[name] for name in [synonym] if name in homes],
        ]
        meant = f"did you mean {near[0]!r}? " if near else ""
        return f"{meant}Known: {', '.join(known)}"

    def place(self, path: yaml12.Path, of_key: bool = False) -> str:
        if any(path[:length] in self.overridden for length in range(1, len(path) + 1)):
            return "command line"
        # members of a block that do not go together, where an override changed one of them
        is_shared = path and any(keys[: len(path)] == path for keys in self.overridden)
        others = "command line and " if is_shared else ""
        for length in range(len(path), -1, -1):
            head = path[:length]
            places: Mapping[yaml12.Path, yaml12.Place] = self.document.values
            if of_key and length == len(path):
                places = self.document.keys
            if head in places:
                return f"{others}{self.file}:{places[head].line}:{places[head].column}"
        return f"{others}{self.file}:1:1"


def nearest_key(word: str) -> str:
    """The dotted key that a word most likely means, as "optimizer.lr" for "lr"; "" for none."""
    homes = {**_homes(), **{key: key for key in Config.model_fields}}
    word = _SYNONYMS.get(word, word)[:100]
    near = [word, *difflib.get_close_matches(word, homes, n=1, cutoff=0.75)]
    return next((homes[name] for name in near if name in homes), "")


def _homes() -> dict[str, str]:
    """The dotted key of each key within a block; of one that several blocks have, the first."""
    homes: dict[str, str] = {}
    for block in _BLOCKS_OF_KEYS:
        model: Any = Config.model_fields[block].annotation
        names = list(getattr(model, "model_fields", ()))
        for item in BLOCKS.get(block, {}).values():
            names += settings_of(item)
        for name in names:
            homes.setdefault(name, f"{block}.{name}")
    del homes["name"]
    return homes


_BLOCKS_OF_KEYS = ("optimizer", "train", "model", "data", "scheduler", "expect")
_SYNONYMS = {
    **{"epoch": "epochs", "num_epochs": "epochs", "iterations": "steps", "max_steps": "steps"},
    **{"learning_rate": "lr", "layers": "hidden", "hidden_sizes": "hidden", "batch": "batch_size"},
    **{"dataset": "data", "optim": "optimizer", "criterion": "loss", "random_state": "seed"},
}
"""Words of other libraries for keys of ours."""


_OTHER = {
    ("train", "steps"): ("train", "epochs"),
    ("train", "epochs"): ("train", "steps"),
    ("seed",): ("train", "seeds"),
    ("train", "seeds"): ("seed",),
}
"""Keys of which one command line has one: the other says the same in another way."""


def _excluded(one: tuple[tuple[str, ...], Any], other: tuple[tuple[str, ...], Any]) -> str:
    """What both overrides, each its keys and its value, say in different ways; "" if nothing."""
    for key, excluded in _OTHER.items():
        if _sets(*one, key) and _sets(*other, excluded):
            return "which seeds" if "seed" in key[-1] else "how long to train"
    return ""


def _sets(keys: tuple[str, ...], value: Any, key: tuple[str, ...]) -> bool:
    """Whether an override gives `key` a value, by its own name or within a block."""
    if keys != key[: len(keys)]:
        return False
    for part in key[len(keys) :]:
        value = value.get(part) if isinstance(value, dict) else None
    return value is not None


def _holds(value: Any, keys: Sequence[str]) -> bool:
    """Whether the value is a block that has these keys, one in the other."""
    for key in keys:
        if not isinstance(value, dict) or key not in value:
            return False
        value = value[key]
    return bool(keys)


def _is_unknown_name(detail: ErrorDetails) -> bool:
    unknown = detail["type"] == "refused" and detail["msg"].startswith("unknown name")
    return unknown or detail["type"] in ("literal_error", "union_tag_invalid")


def _written(value: Any) -> str:
    return value if isinstance(value, str) else quoted(value)


def _nearest_file(path: Path) -> str:
    """The config that may be meant: beside the path, in configs/, or one that comes along."""
    others = [*path.parent.glob("*.yaml"), *Path("configs").glob("*.yaml")]
    stems = {**bundled.names(), **{other.stem: str(other) for other in reversed(others)}}
    near = difflib.get_close_matches(path.stem, stems, n=1)
    return f": did you mean {stems[near[0]]}?" if near else ""


_TYPES = {
    "float_type": "a number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "bool_type": "true or false",
    "string_type": "text",
    "list_type": "a list",
    "model_type": "a block of 'key: value' lines",
    "model_attributes_type": "a block of 'key: value' lines",
    "finite_number": "a finite number",
}
_BOUNDS = {
    "greater_than": ("greater than", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("less than", "lt"),
    "less_than_equal": ("at most", "le"),
}


def _sentence(kind: str, value: Any, detail: ErrorDetails) -> str:
    """The fault of one value, in terms of the config rather than of the type system."""
    context: Mapping[str, Any] = detail.get("ctx", {})
    if kind == "list_type" and isinstance(value, (int, float)) and not isinstance(value, bool):
        return f"must be a list, found {quoted(value)}: did you mean [{quoted(value)}]?"
    if kind in _TYPES:
        return f"must be {_TYPES[kind]}, found {quoted(value)}"
    if kind in _BOUNDS:
        words, bound = _BOUNDS[kind]
        return f"must be {words} {context[bound]:g}, found {quoted(value)}"
    if kind == "string_too_short":
        return "must have at least 1 character"
    if kind == "string_too_long":
        return f"must have at most {context['max_length']} characters, found {len(value)}"
    if kind in ("literal_error", "union_tag_invalid"):
        known = re.findall(r"'([^']*)'", context.get("expected") or context["expected_tags"])
        name = value.get("name") if isinstance(value, dict) else value
        return f"unknown name {quoted(name)}: {suggestion(str(name), known)}"
    if kind == "union_tag_not_found":
        return "its name is missing"
    if kind in ("too_short", "too_long"):
        return f"must have {_count(context)}, found {len(value)}"
    return detail["msg"]


def _count(context: Mapping[str, Any]) -> str:
    """How many members a list must have. Pairs alone have a bound of 2, and it is both bounds."""
    least, most = context.get("min_length"), context.get("max_length")
    if 2 in (least, most):
        return "2 members"
    return f"at most {most} members" if most else f"at least {least} member"


def _dotted(path: yaml12.Path) -> str:
    return excerpt(".".join(map(str, path))) or "the config"
