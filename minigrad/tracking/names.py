"""How runs are named: their ids, and the parts of ids that users type."""

import difflib
import os
import re
import secrets
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from minigrad.registry import suggestion

TRASH = ".trash"
SWEEPS = "sweeps"
LATEST = "latest"

_SUFFIX_ALPHABET = "0123456789abcdefghijkmnpqrstuvwxyz"  # no l, which reads as 1
_STAMP = re.compile(r"\d{8}T\d{6}Z-")
_LISTED = 5  # ids in an error message


class StoreError(ValueError):
    """An error in a store; the message is one sentence with the fault and what to do instead."""


def new_id(name: str) -> str:
    """An id for a run of this name: the UTC time, the name as a slug, four random letters."""
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40].strip("-") or "run"
    suffix = "".join(secrets.choice(_SUFFIX_ALPHABET) for _ in range(4))
    return f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{slug}-{suffix}"


def is_id(name: str) -> bool:
    """Whether `new_id` could have made it.

    >>> is_id(new_id("xor")), is_id("thesis")
    (True, False)
    """
    return re.fullmatch(r"\d{8}T\d{6}Z-[a-z0-9-]+-[0-9a-z]{4}", name) is not None


def ids(store: str | Path) -> list[str]:
    """The names in a store that stand for runs: all but hidden ones, `latest` and the sweeps.

    There are none where there is no store. Raises StoreError where it cannot be read.
    """
    try:
        names = sorted(os.listdir(store))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise StoreError(f"store {str(store)!r} cannot be read: {error.strerror}") from None
    return [name for name in names if may_be_run(name)]


def may_be_run(name: str) -> bool:
    """Whether a name in a store may stand for a run: not `latest`, `sweeps` and hidden ones."""
    return not name.startswith(".") and name not in (LATEST, SWEEPS)


def matches(known: Sequence[str], which: str) -> list[str]:
    """The ids that `which` may stand for: itself, else all that begin so, else that end so."""
    if which in known:
        return [which]
    if not which:
        return []
    begin = [i for i in known if i.startswith(which) or short(i).startswith(which)]
    return begin or [i for i in known if i.rpartition("-")[2].startswith(which)]


def only(known: Sequence[str], which: str) -> str | None:
    """The one id that `which` stands for; None if there is none. Raises StoreError for several."""
    fitting = matches(known, which)
    if len(fitting) > 1:
        raise StoreError(ambiguous(which, fitting))
    return fitting[0] if fitting else None


def nearest(known: Sequence[str], which: str) -> str:
    """The ids most like `which`, else the newest, as an error message names them."""
    handles = {short(i): i for i in reversed(known)}
    near = difflib.get_close_matches(which, handles, n=_LISTED, cutoff=0.5)
    listed = near or list(handles)[:_LISTED]
    more = len(known) - len(listed)
    return suggestion(which, listed) + (f" and {more:,} more" if more else "")


def ambiguous(which: str, fitting: Iterable[str]) -> str:
    """The message for several ids that fit."""
    newest = sorted(fitting, reverse=True)
    more = f" and {len(newest) - _LISTED:,} more" if len(newest) > _LISTED else ""
    listed = ", ".join(newest[:_LISTED]) + more
    return f"{which!r} fits {len(newest):,} runs, write more of the id: {listed}"


def short(identity: str) -> str:
    """An id without its time stamp.

    >>> short("20261122T201500Z-xor-k3f9")
    'xor-k3f9'
    """
    return _STAMP.sub("", identity, count=1)
