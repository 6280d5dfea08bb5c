"""Makes text from outside printable: on one line, short, and without control characters."""

import math
from collections.abc import Callable
from typing import Any

_LIMIT = 60
_PATH_LIMIT = 250


def printable(text: str) -> str:
    """The text with control characters spelled out: a run's name cannot move the cursor."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def excerpt(text: object, limit: int = _LIMIT) -> str:
    """The text with control characters spelled out and at most `limit` characters long."""
    return _cut(str, text, limit)


def represented(thing: object, limit: int = _LIMIT) -> str:
    """As `excerpt`, of what repr() makes of it."""
    return _cut(repr, thing, limit)


def _cut(to_text: Callable[[object], str], thing: object, limit: int) -> str:
    try:
        text = printable(to_text(thing))
    except Exception:  # as of a list with an integer of 5,000 digits, or of a plugin's own error
        return "..."
    return text if len(text) <= limit else text[: limit - 3] + "..."


def quoted(value: object) -> str:
    """A value as YAML would write it: text in quotes, of at most 60 characters."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int) and value.bit_length() > 10_000:  # str() refuses 4300 digits
        return f"a number of {value.bit_length() // 10 * 3:,} digits and more"
    return represented(value)


def path_excerpt(path: object) -> str:
    """A path, which a reader of the message wants to open: only very long ones are shortened."""
    return excerpt(path, _PATH_LIMIT)


def sentence(error: Exception) -> str:
    """What an error says; of a file, the system's words without its number."""
    if isinstance(error, OSError) and error.strerror:
        place = "" if error.filename is None else f"{path_excerpt(error.filename)}: "
        return f"{place}{error.strerror}"
    return str(error)


def counted(count: int, noun: str) -> str:
    """A count and its noun.

    >>> counted(1, "step"), counted(1200, "step")
    ('1 step', '1,200 steps')
    """
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def json_ready(data: Any) -> Any:
    """The data as JSON can hold it: nan and infinities as the texts "nan", "inf" and "-inf".

    >>> json_ready({"loss": [math.nan, 0.5]})
    {'loss': ['nan', 0.5]}
    """
    if isinstance(data, float) and not math.isfinite(data):
        return str(data)
    if isinstance(data, dict):
        return {str(key): json_ready(value) for key, value in data.items()}
    if isinstance(data, (list, tuple)):
        return [json_ready(member) for member in data]
    return data
