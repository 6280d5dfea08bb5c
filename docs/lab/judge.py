"""The messages of the labs' tests: what was tested, expected and found, and a hint."""

import json
import math
import re
from collections.abc import Callable
from numbers import Real
from pathlib import Path
from typing import Any

_CATALOGUE = Path(__file__).parent / "messages.json"
_WORDS = json.loads(_CATALOGUE.read_text(encoding="utf-8")) if _CATALOGUE.exists() else {}


def in_your_language(message: str) -> str:
    """The message by messages.json, where there is one; {} in it stands for what varies."""
    if message in _WORDS:
        return str(_WORDS[message])
    for original, translation in _WORDS.items():
        if "{}" in original:
            pattern = "(.*)".join(map(re.escape, original.split("{}")))
            if match := re.fullmatch(pattern, message, re.DOTALL):
                return str(translation).format(*map(in_your_language, match.groups()))
    return message


def _message(question: str, expected: str, actual: str, hint: str) -> str:
    labels = [in_your_language(label) for label in ("expected:", "found:", "hint:")]
    wide = max(map(len, labels))
    answers = zip(labels, (expected, actual, in_your_language(hint)), strict=True)
    lines = [f"  {label:<{wide}} {answer}" for label, answer in answers]
    return "\n".join([in_your_language(question), *lines])


def same(question: str, actual: Any, expected: Any, hint: str, *, tolerance: float = 1e-9) -> None:
    """Fail unless `actual` is `expected`; numbers may differ by `tolerance`, relative above 1."""
    __tracebackhide__ = True
    if not _agree(actual, expected, tolerance):
        if actual is None:
            hint = "None comes back from a function that has no `return`."
        raise AssertionError(_message(question, repr(expected), repr(actual), hint))


def attempt(call: Callable[[], Any]) -> Any:
    """The result of `call()`, or its error as text; NotImplementedError is raised."""
    try:
        return call()
    except NotImplementedError:
        raise
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def refuses(question: str, call: Callable[[], Any], words: list[str], hint: str) -> None:
    """Fail unless `call()` raises a ValueError whose message has all the `words`."""
    __tracebackhide__ = True
    try:
        actual = f"the answer {call()!r}"
    except ValueError as error:
        if all(word in str(error) for word in words):
            return
        actual = f"ValueError: {error}"
    expected = f"a ValueError that says {' and '.join(words)}"
    raise AssertionError(_message(question, expected, actual, hint))


def _agree(actual: Any, expected: Any, tolerance: float) -> bool:
    if isinstance(expected, (list, tuple)):
        return (
            isinstance(actual, (list, tuple))
            and len(actual) == len(expected)
            and all(_agree(f, e, tolerance) for f, e in zip(actual, expected, strict=True))
        )
    if isinstance(expected, (bool, str)) or not isinstance(expected, Real):
        return type(actual) is type(expected) and bool(actual == expected)
    is_number = isinstance(actual, Real) and not isinstance(actual, bool)
    return is_number and math.isclose(actual, expected, rel_tol=tolerance, abs_tol=tolerance)
