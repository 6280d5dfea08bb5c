"""The messages of the labs' tests: what was tested, expected and found, and a hint."""

import math
from collections.abc import Callable
from numbers import Real
from typing import Any


def same(question: str, actual: Any, expected: Any, hint: str, *, tolerance: float = 1e-9) -> None:
    """Fail unless `actual` is `expected`; numbers may differ by `tolerance`, relative above 1."""
    __tracebackhide__ = True
    if not _agree(actual, expected, tolerance):
        if actual is None:
            hint = "None comes back from a function that has no `return`."
        raise AssertionError(
            f"{question}\n  expected: {expected!r}\n  found:    {actual!r}\n  hint:     {hint}"
        )


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
    raise AssertionError(
        f"{question}\n  expected: {expected}\n  found:    {actual}\n  hint:     {hint}"
    )


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
