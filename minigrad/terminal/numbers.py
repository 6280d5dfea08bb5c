"""Numbers as they are typed, in ASCII digits: int() and float() read more than anyone means."""

import re


def whole(text: str, *, signed: bool = False) -> int:
    """The whole number of at most 18 digits, with a sign only if `signed`. Raises ValueError.

    >>> whole("20"), whole("-3", signed=True)
    (20, -3)
    """
    if not re.fullmatch(r"[-+]?[0-9]{1,18}" if signed else r"[0-9]{1,18}", text):
        raise ValueError(f"{text!r} is no whole number")
    return int(text)


def decimal(text: str) -> float:
    """The number, with spaces around it or without, which may be inf or nan. Raises ValueError."""
    if "_" in text or not text.strip().isascii():
        raise ValueError(f"{text!r} is no number")
    return float(text)
