"""The seeds of a run of many: how they are written."""

import re

FILE = "seeds.npz"
"""What a run of many keeps of each; seed_table.py says what is in it."""

LIMIT = 100_000
"""Seeds in one run."""

_RANGE = r"([0-9]{1,18})\.\.([0-9]{1,18})"


def parse(written: object) -> list[int]:
    """The seeds that a count, a text "A..B" or a list means. Raises ValueError.

    >>> parse(3), parse("5..7"), parse([2, 11])
    ([0, 1, 2], [5, 6, 7], [2, 11])
    """
    if isinstance(written, str) and re.fullmatch(r"[0-9]{1,18}", written):
        written = int(written)
    if isinstance(written, int) and not isinstance(written, bool):
        seeds = list(range(_within_limit(written)))
    elif isinstance(written, str) and (ends := re.fullmatch(_RANGE, written)):
        first, last = int(ends[1]), int(ends[2])
        seeds = list(range(first, first + _within_limit(last - first + 1)))
    elif isinstance(written, list) and all(map(_is_seed, written)):
        _within_limit(len(written))
        seeds = list(written)
    else:
        raise ValueError(
            f"seeds are a count, as 100, or first and last, as 0..99, found {written!r}"
        )
    if len(seeds) < 1:
        raise ValueError(f"{written!r} names no seed: write a count from 1, or first..last")
    if len(set(seeds)) < len(seeds):
        raise ValueError(f"seeds must differ, found {written!r}")
    return seeds


def _within_limit(count: int) -> int:
    if count > LIMIT:
        raise ValueError(f"{count:,} seeds are too many for one run: the limit is {LIMIT:,}")
    return max(count, 0)


def _is_seed(written: object) -> bool:
    """Whether it is a whole number from 0 that fits where an array keeps it."""
    return type(written) is int and 0 <= written < 10**18
