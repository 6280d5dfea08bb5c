"""YAML text -> plain data with the line and column of every value, by the rules of YAML 1.2.

PyYAML reads the syntax; the meaning of scalars is ours, since PyYAML follows YAML 1.1, where `on`
is true, `012` is 10 and `1e-3` is text (https://yaml.org/spec/1.2.2/#103-core-schema). Only plain
data passes: one document, no tags, no recursive aliases, no duplicate keys, bounded depth and size.
"""

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import yaml

Path: TypeAlias = tuple[str | int, ...]

MAX_BYTES = 1_000_000
MAX_DEPTH = 50
MAX_VALUES = 10_000
MAX_DIGITS = 400

_INTEGER = re.compile(r"[-+]?[0-9]+")
_BASED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_WORDS = {
    **dict.fromkeys(["", "~", "null", "Null", "NULL"], None),
    **dict.fromkeys(["true", "True", "TRUE"], True),
    **dict.fromkeys(["false", "False", "FALSE"], False),
    **dict.fromkeys([".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"], float("inf")),
    **dict.fromkeys(["-.inf", "-.Inf", "-.INF"], float("-inf")),
    **dict.fromkeys([".nan", ".NaN", ".NAN"], float("nan")),
}
# YAML 1.1 ends a line at these three, and with it a comment; 1.2 does not. They are replaced by
# private characters while PyYAML reads.
_OLD_BREAKS = {0x85: "\ue085", 0x2028: "\ue028", 0x2029: "\ue029"}
_RESTORED = {ord(private): chr(code) for code, private in _OLD_BREAKS.items()}
_QUOTED_OR_TAB = re.compile(r'"(?:[^"\\]|\\.)*"|\'(?:[^\']|\'\')*\'|\t', re.DOTALL)
_FORBIDDEN = re.compile(
    "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"  # spec 5.1
)


@dataclass(frozen=True)
class Place:
    """Line and column, both counted from 1."""

    line: int
    column: int


class YamlError(ValueError):
    """What is wrong with the text, and where."""

    def __init__(self, message: str, place: Place) -> None:
        super().__init__(message)
        self.place = place


@dataclass
class Document:
    """`data` in dicts, lists and scalars; `values` and `keys` hold the place of each path."""

    data: Any = None
    values: dict[Path, Place] = field(default_factory=dict)
    keys: dict[Path, Place] = field(default_factory=dict)


def parse(raw: bytes) -> Document:
    """The one document in `raw`. Raises YamlError."""
    text = _decode(raw)
    document = Document()
    try:
        document.data = _Reader(text, document).read()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(mark.line + 1, mark.column + 1) if mark else Place(1, 1)
        raise YamlError(f"not valid YAML: {_problem(error)}", place) from None
    except YamlError:
        raise
    except (ValueError, OverflowError) as error:  # PyYAML's own, as at the escape "\U00110000"
        place = max(document.values.values(), key=lambda p: p.line, default=Place(1, 1))
        raise YamlError(f"not valid YAML: {_excerpt(str(error))}", place) from None
    return document


def _problem(error: yaml.MarkedYAMLError) -> str:
    return _excerpt(str(error.problem or error.context))


def parse_scalar(text: str) -> Any:
    """What follows `key=` on a command line: one value, as in a file that has no
    comments, for there a "#" is part of the text.

    >>> parse_scalar("run #3"), parse_scalar("[1, 2]"), parse_scalar("'#'")
    ('run #3', [1, 2], '#')
    """
    mark = next(mark for mark in map(chr, range(0xE000, 0xF8FF)) if mark not in text)
    try:
        value = parse(text.replace("#", mark).encode(errors="surrogateescape")).data
    except YamlError as error:
        message = str(error).replace(repr(mark)[1:-1], "#").replace(mark, "#")
        raise YamlError(message, error.place) from None
    return _replaced(value, mark)


def _replaced(value: Any, mark: str) -> Any:
    if isinstance(value, str):
        return value.replace(mark, "#")
    if isinstance(value, list):
        return [_replaced(member, mark) for member in value]
    if isinstance(value, dict):
        return {_replaced(k, mark): _replaced(v, mark) for k, v in value.items()}
    return value


def dump(data: dict[str, Any]) -> str:
    """Text that `parse` reads as `data` again, to the bit: lists on one line, blocks on several."""
    return yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)


def _excerpt(text: str, limit: int = 60) -> str:
    text = text if text.isprintable() else repr(text)[1:-1]
    return text if len(text) <= limit else text[: limit - 3] + "..."


@functools.lru_cache(maxsize=1000)  # the keys of a sweep's configs come again in each
def _is_plain(text: str) -> bool:
    """Whether the text can do without quotes."""
    try:
        return bool(parse(text.encode(errors="surrogateescape")).data == text)
    except YamlError:
        return False


class _Dumper(yaml.SafeDumper):
    # Without implicit types every scalar goes out as it is represented below, plain or quoted;
    # PyYAML's own would quote or tag by the rules of YAML 1.1.
    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - as PyYAML declares it

    def represent_plain(self, scalar: Any) -> yaml.Node:
        words = {"None": "null", "True": "true", "False": "false", "inf": ".inf"}
        words |= {"-inf": "-.inf", "nan": ".nan"}
        text = words.get(repr(scalar), repr(scalar))
        return self.represent_scalar("tag:yaml.org,2002:str", text)

    def represent_text(self, text: str) -> yaml.Node:
        style = None if _is_plain(text) else '"'
        return self.represent_scalar("tag:yaml.org,2002:str", text, style=style)

    def represent_flow(self, members: list[Any]) -> yaml.Node:
        return self.represent_sequence("tag:yaml.org,2002:seq", members, flow_style=True)


for _type in (float, int, bool, type(None)):
    _Dumper.add_representer(_type, _Dumper.represent_plain)
_Dumper.add_representer(str, _Dumper.represent_text)
_Dumper.add_representer(list, _Dumper.represent_flow)


def _decode(raw: bytes) -> str:
    if len(raw) > MAX_BYTES:
        raise YamlError(f"larger than {MAX_BYTES:,} bytes: is this a config?", Place(1, 1))
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode("utf-8", errors="replace")
        raise YamlError("not UTF-8 text: save the file as UTF-8", _place(before)) from None
    if forbidden := _FORBIDDEN.search(text):
        code = f"U+{ord(forbidden[0]):04X}"
        raise YamlError(f"control character {code}", _place(text[: forbidden.start()]))
    return _without_tabs(text).translate(_OLD_BREAKS)


def _without_tabs(text: str) -> str:
    """Tabs that only separate become spaces, which PyYAML insists on.

    Those that indent stay, since YAML forbids them; but JSON has no indentation to be mistaken.
    """
    if "\t" not in text:
        return text
    bare = re.sub(r"^\s*(#.*)?$", "", text, flags=re.MULTILINE).lstrip()
    if bare.startswith(("{", "[")):
        text = re.sub(r"^[\t ]+", lambda indent: " " * len(indent[0]), text, flags=re.MULTILINE)

    def separated(match: re.Match[str]) -> str:
        line = text[text.rfind("\n", 0, match.start()) + 1 : match.start()]
        return " " if match[0] == "\t" and line.strip() else match[0]

    return _QUOTED_OR_TAB.sub(separated, text)


def _place(before: str) -> Place:
    lines = before.split("\n")
    return Place(len(lines), len(lines[-1]) + 1)


class _Reader:
    """Builds the data out of the parser's events; no event needs recursion to be parsed."""

    def __init__(self, text: str, document: Document) -> None:
        self.events: Iterator[Any] = yaml.parse(text, Loader=yaml.SafeLoader)
        self.document = document
        self.anchors: dict[str, tuple[Any, int]] = {}
        self.open_anchors: set[str] = set()
        self.size = 0

    def read(self) -> Any:
        next(self.events)  # the stream's start
        start = next(self.events)
        if isinstance(start, yaml.StreamEndEvent):
            return None
        data = self.value(next(self.events), ())
        next(self.events)  # the document's end
        after = next(self.events)
        if not isinstance(after, yaml.StreamEndEvent):
            raise YamlError("a second document: keep one a file", _start(after))
        return data

    def value(self, event: Any, path: Path) -> Any:
        self.document.values[path] = place = _start(event)
        if len(path) > MAX_DEPTH:
            raise YamlError(f"nested deeper than {MAX_DEPTH} levels", place)
        if isinstance(event, yaml.AliasEvent):
            return self.alias(event)
        _check_no_tag(event)
        before = self.size
        if event.anchor:
            self.open_anchors.add(event.anchor)
        data = self.content(event, path)
        if event.anchor:
            self.open_anchors.discard(event.anchor)
            self.anchors[event.anchor] = data, self.size - before
        return data

    def content(self, event: Any, path: Path) -> Any:
        self.count(1, event)
        if isinstance(event, yaml.MappingStartEvent):
            return self.mapping(path)
        if isinstance(event, yaml.SequenceStartEvent):
            return self.sequence(path)
        return _scalar(event)

    def alias(self, event: Any) -> Any:
        if event.anchor in self.open_anchors:
            raise YamlError(f"alias *{_excerpt(event.anchor)} contains itself", _start(event))
        if event.anchor not in self.anchors:
            raise YamlError(
                f"alias *{_excerpt(event.anchor)} has no anchor before it", _start(event)
            )
        data, size = self.anchors[event.anchor]
        self.count(size, event)
        return data

    def count(self, values: int, event: Any) -> None:
        self.size += values
        if self.size > MAX_VALUES:
            raise YamlError(f"more than {MAX_VALUES:,} values, aliases included", _start(event))

    def mapping(self, path: Path) -> dict[str, Any]:
        members: dict[str, Any] = {}
        for event in iter(lambda: next(self.events), None):
            if isinstance(event, yaml.MappingEndEvent):
                break
            key = _scalar(event) if isinstance(event, yaml.ScalarEvent) else None
            if not isinstance(key, str):
                raise YamlError("a key must be text", _start(event))
            _check_no_tag(event)
            if key in members:
                first = self.document.keys[(*path, key)]
                raise YamlError(
                    f"duplicate key {_excerpt(repr(key))}: it is at line {first.line} already",
                    _start(event),
                )
            self.document.keys[(*path, key)] = _start(event)
            members[key] = self.value(next(self.events), (*path, key))
        return members

    def sequence(self, path: Path) -> list[Any]:
        members: list[Any] = []
        for event in iter(lambda: next(self.events), None):
            if isinstance(event, yaml.SequenceEndEvent):
                break
            members.append(self.value(event, (*path, len(members))))
        return members


def _start(event: Any) -> Place:
    return Place(event.start_mark.line + 1, event.start_mark.column + 1)


def _check_no_tag(event: Any) -> None:
    if event.tag is not None:
        tag = _excerpt(event.tag)
        raise YamlError(f"tag {tag}: only plain data is read, write it without", _start(event))


def _whole(text: str, event: Any) -> str:
    """Text as it was before the reader: old line breaks restored, pairs of surrogates joined."""
    text = text.translate(_RESTORED)
    try:
        return text.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        raise YamlError("half of a surrogate pair is no character", _start(event)) from None


def _scalar(event: Any) -> Any:
    text = _whole(event.value, event)
    if event.style is not None:  # quoted or a block: text, whatever it looks like
        return text
    if text in _WORDS:
        return _WORDS[text]
    if len(text) > MAX_DIGITS and (_FLOAT.fullmatch(text) or _BASED.fullmatch(text)):
        raise YamlError(f"a number of more than {MAX_DIGITS} digits", _start(event))
    if _INTEGER.fullmatch(text):
        return int(text)
    if _BASED.fullmatch(text):
        return int(text, base=0)
    if _FLOAT.fullmatch(text):
        return float(text)
    return text
