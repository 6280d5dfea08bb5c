"""A config file and overrides -> a Config, or every fault at once with line and column."""

import copy
import difflib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from minigrad.config.models import BLOCKS, Block, Config, ConfigError, DataBlock, config_class
from minigrad.config.plugins import PluginError, load_plugin
from minigrad.files import yaml12
from minigrad.files.untrusted import read_regular
from minigrad.registry import suggestion
from minigrad.settings import settings_of
from minigrad.terminal.text import excerpt, path_excerpt, quoted


def load(path: str | Path, overrides: Iterable[str] = ()) -> Config:
    """Read the file, apply `key=value` overrides, check all. Raises ConfigError."""
    source = _Source(path)
    faults: list[str] = []
    for override in overrides:
        try:
            source.override(override)
        except ConfigError as error:
            faults += error.faults
    try:
        config = source.config()
    except ConfigError as error:
        faults += error.faults
    if faults:
        raise ConfigError(faults)
    return config


class _Source:
    """A file's data while overrides are applied, and where each part of it came from."""

    def __init__(self, path: str | Path) -> None:
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
            raise ConfigError([f"{named}: {error}"]) from None
        if len(keys) == 2 and keys[0] in BLOCKS and keys[1] == "name":
            block = self.data.get(keys[0])
            if not isinstance(block, dict) or block.get("name") != value:
                keys = keys[:1]  # another name has other settings: replace the whole block
        inner: Any = self.data
        for depth, key in enumerate(keys[:-1]):
            if isinstance(inner.get(key), str) and key in BLOCKS and not depth:
                inner[key] = {"name": inner[key]}
            inner = inner.setdefault(key, {})
            if not isinstance(inner, dict):
                where = ".".join(keys[: depth + 1])
                raise ConfigError([f"{named}: {excerpt(where)} has no keys of its own"])
        inner[keys[-1]] = value
        new = (n for n in range(1, len(keys)) if keys[:n] not in self.document.keys)
        self.overridden.add(keys[: next(new, len(keys))])  # the first key that is not the file's

    def config(self) -> Config:
        """The data as a Config. Raises ConfigError with every fault."""
        for key in BLOCKS:
            if isinstance(self.data.get(key), str):
                self.data[key] = {"name": self.data[key]}
        self.resolve_paths()
        try:
            made = config_class()
        except Exception as error:  # what a plugin has registered is no such thing
            names = ", ".join(Path(plugin).name for plugin in self.data.get("plugins", []))
            reason = f"{type(error).__name__}: {excerpt(str(error))}"
            fault = f"plugin {excerpt(names)}: what it registered is of no use: {reason}"
            raise ConfigError([f"{self.place(('plugins',))}: {fault}"]) from None
        try:
            config = made.model_validate(self.data)
        except ValidationError as error:
            faults = [self.fault(detail) for detail in error.errors(include_url=False)]
            raise ConfigError(list(dict.fromkeys(faults))) from None
        config._place_of = self.place
        return config

    def resolve_paths(self) -> None:
        """Make paths absolute, which stand relative to the file, and run the plugins."""
        data, plugins = self.data.get("data"), self.data.get("plugins")
        if isinstance(data, dict) and isinstance(data.get("path"), str):
            data["path"] = str(self.folder / data["path"])
        if not isinstance(plugins, list) or not all(isinstance(p, str) for p in plugins):
            return  # the type check will say so
        for index, plugin in enumerate(plugins):
            plugins[index] = str(self.folder / plugin)
            try:
                load_plugin(plugins[index])
            except PluginError as error:
                raise ConfigError([f"{self.place(('plugins', index))}: {error}"]) from None

    def fault(self, detail: ErrorDetails) -> str:
        path = self.path(detail["loc"])
        kind, value = detail["type"], detail["input"]
        if kind == "extra_forbidden":
            hint = suggestion(str(path[-1]), self.keys(path[:-1]))
            where = f"{self.place(path, of_key=True)}: {_dotted(path)}"
            return f"{where}: unknown key {quoted(path[-1])}: {hint}"
        if kind == "missing":
            return f"{self.place(path[:-1])}: {_dotted(path)}: is missing"
        return f"{self.place(path)}: {_dotted(path)}: {_sentence(kind, value, detail)}"

    def path(self, location: tuple[str | int, ...]) -> yaml12.Path:
        """The path in the file: a block's variant, which pydantic puts in, left out."""
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
                settings = settings_of(BLOCKS[str(key)][self.data[key]["name"]])
                base = DataBlock if key == "data" else Block
                return [*base.model_fields, *settings]
            model = model.model_fields[key].annotation
        return list(model.model_fields)

    def place(self, path: yaml12.Path, of_key: bool = False) -> str:
        for length in range(len(path), -1, -1):
            head = path[:length]
            if head in self.overridden:
                return "command line"
            places: Mapping[yaml12.Path, yaml12.Place] = self.document.values
            if of_key and length == len(path):
                places = self.document.keys
            if head in places:
                return f"{self.file}:{places[head].line}:{places[head].column}"
        return f"{self.file}:1:1"


def _nearest_file(path: Path) -> str:
    """The config that may be meant: beside the path, or in configs/."""
    others = [*path.parent.glob("*.yaml"), *Path("configs").glob("*.yaml")]
    stems = {other.stem: other for other in reversed(others)}
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
    """What is wrong with one value, in the words of a config rather than of a type system."""
    context: Mapping[str, Any] = detail.get("ctx", {})
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
