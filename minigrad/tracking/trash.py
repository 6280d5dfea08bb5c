"""Deleting runs so that they can be brought back: they move to `.trash` in their store."""

import errno
import os
from collections.abc import Sequence
from pathlib import Path

from minigrad.files.whole import relink
from minigrad.tracking.names import LATEST, TRASH, StoreError, ids, nearest, only
from minigrad.tracking.store import StoredRun
from minigrad.tracking.store import runs as stored_runs


def delete(store: str | Path, runs: Sequence[StoredRun], force: bool = False) -> None:
    """Move runs to the trash, and `latest` to the newest that remains.

    Raises StoreError, before any is moved, if one is running, unless forced, or in another store.
    """
    store = Path(store)
    for run in runs:
        if not os.path.samefile(run.path.parent, store):
            raise StoreError(f"{run.path} lies outside {str(store)!r}: name its store with --store")
        if run.alive is not False and not force:
            process = f"process {run.facts.pid} on {run.facts.host or 'this host'}"
            doubt = ", or died there" if run.doubt else ""
            raise StoreError(
                f"{run.id} is running ({process}{doubt}): stop it, or delete it with --force"
            )
    (store / TRASH).mkdir(exist_ok=True)
    for run in runs:
        _move(run.path, store / TRASH / run.id)
    settle_latest(store)


def restore(store: str | Path, which: Sequence[str]) -> list[str]:
    """Move runs, named by their ids or parts of them, out of the trash again; gives their ids.

    Raises StoreError for one that is not there, or if a run of its name has taken its place.
    """
    store = Path(store)
    identities = list(dict.fromkeys(_in_trash(store, name) for name in which))
    for identity in identities:
        _move(store / TRASH / identity, store / identity)
    settle_latest(store)
    return identities


def _in_trash(store: Path, which: str) -> str:
    deleted = ids(store / TRASH)
    if identity := only(deleted, which):
        return identity
    if remaining := only(ids(store), which):
        raise StoreError(f"{remaining} is not in the trash: it is in {str(store)!r}")
    instead = nearest(deleted, which) if deleted else "the trash is empty"
    raise StoreError(f"no run {which!r} in the trash of {str(store)!r}: {instead}")


def settle_latest(store: Path) -> None:
    """Point `latest` to the newest run, or remove it if there is none."""
    link = store / LATEST
    newest = next((run.id for run in reversed(stored_runs(store)) if run.path.is_dir()), None)
    if os.path.lexists(link) and not link.is_symlink():
        return  # not ours
    if newest is None:
        link.unlink(missing_ok=True)
        return
    if link.is_symlink() and os.readlink(link) == newest:
        return
    relink(link, newest)


def _move(source: Path, target: Path) -> None:
    if os.path.lexists(target):  # os.rename would replace a file or an empty directory
        raise StoreError(f"{target} exists already: nothing is written over it")
    try:
        os.rename(source, target)
    except OSError as error:
        why = "it is on another file system" if error.errno == errno.EXDEV else error.strerror
        raise StoreError(f"{source} cannot be moved to {target}: {why}") from None
