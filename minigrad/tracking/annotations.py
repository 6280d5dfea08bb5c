"""What others may write into a run's run.json while its process writes the rest of it."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from minigrad.files.whole import lock_in_time
from minigrad.tracking.names import StoreError
from minigrad.tracking.reading import read_facts

ANNOTATIONS = ("tags", "note", "verified")


def read_annotations(run: Path) -> dict[str, Any] | None:
    """The annotations that run.json holds now; None where it cannot be read, or is not there."""
    try:
        facts = read_facts(run)
    except StoreError:
        return None
    kinds = {"tags": list, "note": str, "verified": dict}
    return {key: facts[key] for key in ANNOTATIONS if isinstance(facts.get(key), kinds[key])}


@contextlib.contextmanager
def locked(run: Path, *, needed: bool = False) -> Iterator[None]:
    """Hold the run's directory against others that change run.json, for this block.

    After half a second it goes on without, for whoever holds it longer is stopped; where it is
    `needed`, it raises OSError. Where a system cannot lock a directory, it never waits.
    """
    try:
        import fcntl  # noqa: F401 - where there is none, nothing is locked

        descriptor = os.open(run, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except (ImportError, OSError, AttributeError):  # Windows; a run in memory
        yield
        return
    try:
        if not lock_in_time(descriptor) and needed:
            raise OSError(0, "another process is writing it, or was stopped there")
        yield
    finally:
        os.close(descriptor)
