"""How the tests of the labs speak: what was asked, expected and found, and a hint."""

import math
from collections.abc import Callable
from numbers import Real
from typing import Any


def same(asked: str, found: Any, expected: Any, hint: str, *, tolerance: float = 1e-9) -> None:
    """Fail unless `found` is `expected`; numbers may differ by `tolerance`, relative above 1."""
    __tracebackhide__ = True
    if not _agree(found, expected, tolerance):
        if found is None:
            hint = "None comes back from a function that has no `return`."
        raise AssertionError(
            f"{asked}\n  expected: {expected!r}\n  found:    {found!r}\n  hint:     {hint}"
        )


def attempt(call: Callable[[], Any]) -> Any:
    """The answer of `call()`, or its error as text. A task not begun stays an error."""
    try:
        return call()
    except NotImplementedError:
        raise
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def refuses(asked: str, call: Callable[[], Any], words: list[str], hint: str) -> None:
    """Fail unless `call()` raises a ValueError whose message has all the `words`."""
    __tracebackhide__ = True
    try:
        found = f"the answer {call()!r}"
    except ValueError as error:
        if all(word in str(error) for word in words):
            return
        found = f"ValueError: {error}"
    expected = f"a ValueError that says {' and '.join(words)}"
    raise AssertionError(
        f"{asked}\n  expected: {expected}\n  found:    {found}\n  hint:     {hint}"
    )


def _agree(found: Any, expected: Any, tolerance: float) -> bool:
    if isinstance(expected, (list, tuple)):
        return (
            isinstance(found, (list, tuple))
            and len(found) == len(expected)
            and all(_agree(f, e, tolerance) for f, e in zip(found, expected, strict=True))
        )
    if isinstance(expected, (bool, str)) or not isinstance(expected, Real):
        return type(found) is type(expected) and bool(found == expected)
    is_number = isinstance(found, Real) and not isinstance(found, bool)
    return is_number and math.isclose(found, expected, rel_tol=tolerance, abs_tol=tolerance)
