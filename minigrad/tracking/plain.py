"""Plain data: values that are read back equal to what was written."""

import numbers
from collections.abc import Mapping
from typing import Any

from minigrad.files import yaml12

_MAX_DEPTH = 40
_MAX_DIGITS = 308  # a float holds no larger number
NOT_FINITE = {"nan": float("nan"), "inf": float("inf"), "-inf": float("-inf")}
"""How numbers that JSON does not have are stored."""


def to_plain(value: object, where: str, depth: int = 0) -> Any:
    """The value as None, booleans, numbers, text, lists, and mappings with text as keys.

    A number of another library, such as numpy, becomes the equal Python number. `where` is the
    value's name in messages. Raises TypeError for a type that is not plain, ValueError for a value
    that cannot be stored: both name the key.
    """
    if depth > _MAX_DEPTH:
        raise ValueError(f"{where}: nested deeper than {_MAX_DEPTH} levels")
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _text(str.__str__(value), where)
    if isinstance(value, numbers.Integral):
        return _whole_number(int(value), where)
    if isinstance(value, numbers.Real):
        if (number := float(value)) == value or number != number:
            return number
        raise ValueError(f"{where}: {value!r} is no float: write float(...)")
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise TypeError(f"{where}: a key must be text, found {key!r} ({_kind(key)})")
        return {
            _text(str.__str__(key), where): to_plain(member, f"{where}.{key}", depth + 1)
            for key, member in value.items()
        }
    if type(value) is list:
        return [to_plain(member, f"{where}[{i}]", depth + 1) for i, member in enumerate(value)]
    if _kind(value) in ("bool_", "bool") and hasattr(value, "item"):  # numpy's
        return bool(value)
    hints = {"tuple": ": write a list", "set": ": write a sorted list", "bytes": ": write text"}
    raise TypeError(
        f"{where} must be plain data (None, true or false, numbers, text, lists, mappings), "
        f"found a {_kind(value)}{hints.get(_kind(value), ': write str(...)')}"
    )


def summary_value(value: object, where: str) -> Any:
    """Plain data without texts that would be read as numbers: run.json stores nan as "nan"."""
    data = to_plain(value, where)
    for text in _texts(data):
        if text in NOT_FINITE:
            raise ValueError(f"{where}: the text {text!r} would be read as a number: write float")
    return data


def restored(data: Any) -> Any:
    """The inverse of `summary_value` after JSON: the texts for nan and infinities as numbers."""
    if isinstance(data, dict):
        return {key: restored(member) for key, member in data.items()}
    if isinstance(data, list):
        return [restored(member) for member in data]
    return NOT_FINITE.get(data, data) if isinstance(data, str) else data


def config_text(config: Mapping[str, Any] | str | None) -> str:
    """The YAML text of a config, which is read back equal; a text stays as it is.

    Raises TypeError and ValueError, which name the key, for what is no plain data; ValueError for
    a text that is not the YAML of a mapping.
    """
    if isinstance(config, str):
        if not isinstance(_parsed(config), dict | None):
            raise ValueError("config: the text must be a YAML mapping, as 'lr: 0.1'")
        return config
    if not isinstance(config, Mapping | None):
        raise TypeError(f"config must be a mapping or YAML text, found a {_kind(config)}")
    data = to_plain(config or {}, "config")
    text = yaml12.dump(data)
    read_back = _parsed(text)
    if repr(read_back) != repr(data):  # tells 1 from True and 0.0 from -0.0
        key = next((k for k in data if repr(data[k]) != repr(read_back.get(k))), "")
        raise ValueError(f"config.{key}: YAML cannot hold {data.get(key)!r:.60}")
    return text


def _parsed(text: str) -> Any:
    try:
        return yaml12.parse(text.encode(errors="surrogateescape")).data
    except (yaml12.YamlError, UnicodeEncodeError) as error:
        raise ValueError(f"config: {error}") from None


def _text(text: str, where: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{where}: {text!r:.60} holds half of a surrogate pair") from None
    return text


def _whole_number(number: int, where: str) -> int:
    if abs(number) >= 10**_MAX_DIGITS:
        raise ValueError(f"{where}: a whole number of more than {_MAX_DIGITS} digits")
    return number


def _texts(data: Any) -> list[str]:
    if isinstance(data, dict):
        data = list(data.values())
    if isinstance(data, list):
        return [text for member in data for text in _texts(member)]
    return [data] if isinstance(data, str) else []


def _kind(value: object) -> str:
    return type(value).__name__
